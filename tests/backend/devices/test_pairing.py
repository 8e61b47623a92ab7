"""Pairing: which codes, keys and proofs make no device, and the one way that does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from backend_world import World
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey, OctKey
from machine import API, Machine, base64url

from backend.app import create_app
from backend.devices.administration import ALPHABET
from chain.db import make_engine


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: what a test does with its own machines does not touch another's. Time only goes on."""
    with World(tmp_path_factory.mktemp("pairing")) as made:
        made.settings.limits = "pairing=off, guess-address=off"
        yield made


def devices(machine: Machine) -> int:
    return int(machine.row("SELECT count(*) FROM devices_device")[0])


@contextmanager
def pairs(machine: Machine, count: int) -> Iterator[None]:
    """What happens inside makes so many devices."""
    before = devices(machine)
    yield
    assert devices(machine) == before + count


class TestCodes:
    def test_nobody_is_paired_without_a_proof(self, machine: Machine) -> None:
        content = {"code": machine.new_code(), "kind": "kiosk"}
        with pairs(machine, 0):
            answer = machine.client.post(f"{API}/pairings", json=content)
        assert (answer.status_code, answer.json()["error"]) == (401, "ProofMissing")
        assert answer.headers["www-authenticate"] == 'Device error="ProofMissing"'

    @pytest.mark.parametrize("code", ["", "XXX-XXX-XXX", "0", "가나다", "A" * 40])
    def test_a_wrong_code_pairs_nothing(self, machine: Machine, code: str) -> None:
        machine.new_code()
        with pairs(machine, 0):
            answer = machine.pair(code)
        assert (answer.status_code, answer.json()["error"]) == (401, "CodeWrong")

    def test_a_code_ends_after_ten_minutes(self, world: World, machine: Machine) -> None:
        code = machine.new_code()
        world.late += timedelta(minutes=10)
        with pairs(machine, 0):
            assert machine.pair(code).json()["error"] == "CodeExpired"

    def test_it_still_holds_a_second_before(self, world: World, machine: Machine) -> None:
        code = machine.new_code()
        world.late += timedelta(minutes=9, seconds=59)
        assert machine.pair(code).status_code == 201

    def test_a_code_is_good_once(self, world: World, machine: Machine) -> None:
        code = machine.new_code()
        with pairs(machine, 1):
            assert machine.pair(code).status_code == 201
            assert Machine(world).pair(code).json()["error"] == "CodeUsed"

    def test_five_wrong_tries_end_it_and_no_other(self, world: World, machine: Machine) -> None:
        code, other = machine.new_code(), machine.new_code()
        wrong = code[:-1] + next(each for each in ALPHABET if each != code[-1])
        for _ in range(4):
            assert Machine(world).pair(wrong).json()["error"] == "CodeWrong"
        query = f"SELECT wrong_tries, ended_at FROM devices_code WHERE handle = '{code[:3]}'"
        assert machine.row(query) == (4, None)
        assert Machine(world).pair(wrong).json()["error"] == "CodeWrong"
        assert Machine(world).pair(code).json()["error"] == "CodeEnded"
        assert Machine(world).pair(other).status_code == 201

    def test_four_do_not(self, world: World, machine: Machine) -> None:
        code = machine.new_code()
        for _ in range(4):
            machine.pair(code[:-1] + next(each for each in ALPHABET if each != code[-1]))
        assert machine.pair(code.lower().replace("-", " ")).status_code == 201

    def test_a_code_is_for_one_kind_and_stays_as_it_is(self, world: World, machine: Machine) -> None:
        code = machine.new_code(kind="board")
        answer = machine.pair(code, kind="kiosk")
        assert (answer.status_code, answer.json()["error"]) == (409, "CodeForAnotherKind")
        assert machine.pair(code, kind="board").status_code == 201

    def test_a_code_brings_its_own_hospital(self, machine: Machine) -> None:
        assert machine.pair(machine.new_code(hospital=3)).json()["hospital"] == 3
        assert machine.whoami().json()["hospital"]["index"] == 3

    def test_codes_are_read_without_doubt_and_kept_as_a_keyed_digest(self, machine: Machine) -> None:
        codes = [machine.new_code() for _ in range(20)]
        assert len(set(codes)) == 20
        assert all(set(code) <= set(ALPHABET) | {"-"} and len(code) == 11 for code in codes)
        assert not set(ALPHABET) & set("01OIL")
        stored = machine.row("SELECT group_concat(digest || coalesce(handle, '')) FROM devices_code")[0]
        assert not any(code.replace("-", "")[3:] in stored for code in codes)

    def test_many_from_one_address_must_wait(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(world.settings, "limits", "")
        answers = [Machine(world).pair("XXX-XXX-XXX") for _ in range(31)]
        assert [each.status_code for each in answers] == [401] * 30 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        world.late += timedelta(minutes=11)
        assert Machine(world).pair().status_code == 201


class TestKeys:
    def test_a_key_is_paired_once(self, world: World, device: Machine) -> None:
        code = device.new_code()
        answer = device.pair(code)
        assert (answer.status_code, answer.json()["error"]) == (409, "KeyAlreadyPaired")
        device.revoke()
        assert device.pair(code).json()["error"] == "KeyAlreadyPaired"
        assert Machine(world).pair(code).status_code == 201

    def test_a_key_that_was_replaced_is_not_paired_again_either(self, device: Machine) -> None:
        old, new = device.key, ECKey.generate_key("P-256")
        assert device.rotate(new).status_code == 200
        device.key = old
        assert device.pair().json()["error"] == "KeyAlreadyPaired"

    def test_the_key_must_be_held(self, machine: Machine) -> None:
        """The public key of another machine, which did not sign."""
        stolen = Machine(machine.world)
        header = machine.header(kid=None, jwk=stolen.jwk)
        content = {"code": machine.new_code(), "kind": "kiosk"}
        claims = machine.claims("POST", f"{API}/pairings", b"")
        with pairs(machine, 0):
            answer = machine.ask("POST", "/pairings", content, proof=machine.signed(header, claims))
        assert answer.json()["detail"].endswith("(signature)")

    @pytest.mark.parametrize("other", ["code", "address", "method", "stale", "jti"])
    def test_the_proof_is_for_this_request(self, machine: Machine, other: str) -> None:
        code = machine.new_code()
        changes, error = {
            "code": ({"body": base64url(b"x" * 32)}, "ProofForAnotherBody"),
            "address": ({"htu": "http://elsewhere.test/api/v1/devices/pairings"}, "ProofForAnotherAddress"),
            "method": ({"htm": "GET"}, "ProofForAnotherMethod"),
            "stale": ({"iat": int(machine.world.clock().timestamp()) - 61}, "ProofStale"),
            "jti": ({"jti": "short"}, "ProofMalformed"),
        }[other]
        assert machine.pair(code, **changes).json()["error"] == error
        assert machine.pair(code).status_code == 201

    def test_a_proof_is_good_once_even_where_nothing_came_of_it(self, machine: Machine) -> None:
        machine.new_code()
        assert machine.pair("XXX-XXX-XXX", jti="a" * 20).json()["error"] == "CodeWrong"
        assert machine.pair("XXX-XXX-XXX", jti="a" * 20).json()["error"] == "ProofReplayed"

    @pytest.mark.parametrize("kind", ["private", "another curve", "off the curve", "symmetric", "named"])
    def test_other_keys_are_refused(self, machine: Machine, kind: str) -> None:
        jwk = dict(machine.jwk)
        header = machine.header(kid=None)
        if kind == "private":
            jwk = {**jwk, "d": machine.key.as_dict(private=True)["d"]}
        elif kind == "another curve":
            jwk = ECKey.generate_key("P-384").as_dict(private=False)
        elif kind == "off the curve":
            jwk = {**jwk, "y": jwk["x"]}
        elif kind == "symmetric":
            jwk = OctKey.generate_key(256).as_dict()
        header = machine.header() if kind == "named" else header | {"jwk": jwk}
        proof = machine.signed(header, machine.claims("POST", f"{API}/pairings", b""))
        answer = machine.ask("POST", "/pairings", {"code": machine.new_code(), "kind": "kiosk"}, proof=proof)
        assert (answer.status_code, answer.json()["error"]) == (401, "ProofMalformed")


class TestBecomingADevice:
    def test_it_is_what_the_code_says(self, machine: Machine) -> None:
        answer = machine.pair()
        assert answer.status_code == 201
        made = answer.json()
        assert (made["kind"], made["hospital"], made["name"], made["place"]) == (
            "kiosk",
            1,
            "키오스크 1",
            "본관 1층",
        )
        who = machine.whoami().json()
        assert (who["device"], who["key"]) == (made["device"], machine.thumbprint)
        assert who["settings"]["heartbeatSeconds"] == 60

    def test_the_log_has_code_device_and_refusals(self, world: World, machine: Machine) -> None:
        world.late += timedelta(minutes=2)
        machine.pair("XXX-XXX-XXX")
        machine.pair()
        query = (
            "SELECT group_concat(actor_kind || ' ' || action || ' ' || object_kind || ' ' || reason, ', ')"
            " FROM (SELECT * FROM audit_event WHERE number > (SELECT max(number) - 3 FROM audit_event)"
            " ORDER BY number)"
        )
        assert machine.row(query)[0] == (
            "nobody sign-in-refused device code-wrong, system create device pairing-code, "
            "device create device paired"
        )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    urls = {}
    if request.param == "postgresql":
        fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
        urls = {"database_url": fresh(), "keys_database_url": fresh()}
    with World(tmp_path, **urls) as world:
        yield world


def test_of_eight_machines_with_one_code_at_two_servers_one_becomes_a_device(either: World) -> None:
    """Two servers on one database, each with connections of its own."""
    machines = [Machine(either) for _ in range(8)]
    second = replace(either.services, database=make_engine(either.settings.database_url))
    for each in machines[::2]:
        each.client = TestClient(create_app(second), raise_server_exceptions=False)
    code = machines[0].new_code()
    with ThreadPoolExecutor(8) as at_once:
        answers = list(at_once.map(lambda machine: machine.pair(code), machines))
    assert sorted(each.status_code for each in answers) == [201] + [401] * 7
    assert {each.json()["error"] for each in answers if each.status_code == 401} == {"CodeUsed"}
    assert devices(machines[0]) == 1
    assert [each.whoami().status_code for each in machines].count(200) == 1
    second.database.dispose()


def test_of_two_codes_for_one_key_at_once_one_is_used(either: World) -> None:
    machine = Machine(either)
    codes = [machine.new_code() for _ in range(4)]
    with ThreadPoolExecutor(4) as at_once:
        answers = list(at_once.map(machine.pair, codes))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    assert machine.row("SELECT count(*), count(ended_at) FROM devices_code") == (4, 1)


def test_a_devices_life_on_either_database(either: World) -> None:
    device = Machine(either)
    assert device.pair().status_code == 201
    assert device.beat(paper="low").json()["todo"] == []
    replayed = device.proof("GET", f"{API}/self")
    assert device.whoami(proof=replayed).status_code == 200
    assert device.whoami(proof=replayed).json()["error"] == "ProofReplayed"
    new = ECKey.generate_key("P-256")
    assert device.rotate(new).status_code == 200
    assert device.whoami().json()["error"] == "KeyReplaced"
    device.key = new
    assert device.whoami().json()["key"] == device.thumbprint
    device.revoke()
    assert device.whoami().json()["error"] == "DeviceRevoked"
    either.late += timedelta(minutes=30)
    assert Machine(either).pair().status_code == 201
    assert device.row("SELECT count(*) FROM devices_proof") == (1,)
