"""A device's requests: what keeps them out, and that what lets them in lets nothing else in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from backend_world import World
from colleague import Colleague
from hypothesis import given
from hypothesis import strategies as some
from joserfc.jwk import ECKey
from machine import API, SERVER, Machine, base64url

from backend.devices import proof
from backend.devices.errors import ProofMalformed
from backend.staff.roles import Role


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all: what a test does with its own machines does not touch another's. Time only goes on."""
    with World(tmp_path_factory.mktemp("proofs")) as made:
        made.settings.limits = "pairing=off, guess-address=off"
        yield made


ADDRESSES = [("GET", "/self", None), ("POST", "/self/heartbeat", {}), ("POST", "/self/key", {})]


def refused(machine: Machine, **how: Any) -> str:
    """The error of a request for `self`, which must be a 401."""
    answer = machine.whoami(**how)
    assert answer.status_code == 401, answer.text
    error = str(answer.json()["error"])
    assert answer.headers["www-authenticate"] == f'Device error="{error}"'
    return error


class TestWhoStaysOut:
    @pytest.mark.parametrize(("method", "path", "body"), ADDRESSES)
    def test_nobody(self, machine: Machine, method: str, path: str, body: Any) -> None:
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Device"}):
            answer = machine.client.request(method, API + path, json=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "ProofMissing")

    @pytest.mark.parametrize(("method", "path", "body"), ADDRESSES)
    def test_a_colleague_in_a_browser(
        self, colleague: Callable[..., Colleague], method: str, path: str, body: Any
    ) -> None:
        keeper = colleague(Role.INFORMATION)
        assert keeper.client.request(method, API + path, json=body).status_code == 401

    @pytest.mark.parametrize(("method", "path", "body"), ADDRESSES)
    def test_a_machine_that_is_not_paired(self, machine: Machine, method: str, path: str, body: Any) -> None:
        answer = machine.ask(method, path, body)
        assert (answer.status_code, answer.json()["error"]) == (401, "DeviceUnknown")

    @pytest.mark.parametrize(("method", "path", "body"), ADDRESSES)
    def test_a_revoked_one_from_its_next_request_on(
        self, device: Machine, method: str, path: str, body: Any
    ) -> None:
        before = device.proof(method, API + path, b"" if body is None else json.dumps(body).encode())
        device.revoke()
        assert device.ask(method, path, body).json()["error"] == "DeviceRevoked"
        assert device.ask(method, path, body, proof=before).json()["error"] == "DeviceRevoked"

    def test_a_device_opens_no_page_and_no_other_api(self, device: Machine) -> None:
        for path in ("/me", "/staff/devices", "/api/v1/me/documents", "/api/v1/institution/whoami"):
            headers = {"authorization": f"Device {device.proof('GET', path)}"}
            assert device.client.get(path, headers=headers).status_code in (303, 401)


class TestProofs:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"htm": "POST"}, "ProofForAnotherMethod"),
            ({"htm": "get"}, "ProofForAnotherMethod"),
            ({"htm": None}, "ProofForAnotherMethod"),
            ({"htu": f"{SERVER}{API}/self/heartbeat"}, "ProofForAnotherAddress"),
            ({"htu": f"{SERVER}{API}/self?x=1"}, "ProofForAnotherAddress"),
            ({"htu": f"http://elsewhere.test{API}/self"}, "ProofForAnotherAddress"),
            ({"htu": f"https://testserver{API}/self"}, "ProofForAnotherAddress"),
            ({"htu": [f"{SERVER}{API}/self"]}, "ProofForAnotherAddress"),
            ({"body": base64url(b"x" * 32)}, "ProofForAnotherBody"),
            ({"body": None}, "ProofForAnotherBody"),
            ({"body": "\ud800"}, "ProofForAnotherBody"),
            ({"jti": None}, "ProofMalformed"),
            ({"jti": "x" * 65}, "ProofMalformed"),
            ({"jti": "has a blank in it"}, "ProofMalformed"),
            ({"iat": None}, "ProofMalformed"),
            ({"iat": True}, "ProofMalformed"),
            ({"iat": "1760000000"}, "ProofMalformed"),
            ({"iat": 10**30}, "ProofMalformed"),
        ],
    )
    def test_one_for_another_request_is_refused(
        self, device: Machine, changes: dict[str, Any], error: str
    ) -> None:
        assert refused(device, **changes) == error
        assert device.whoami().status_code == 200

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"typ": "dpop+jwt"},
            {"typ": "saegim-device-key+jwt"},
            {"typ": None},
            {"kid": None},
            {"kid": "x" * 43, "typ": "saegim-device-proof+jwt", "x5u": "http://elsewhere.test"},
            {"crit": ["exp"]},
            {"kid": 1},
        ],
    )
    def test_another_head_is_refused(self, device: Machine, header: dict[str, Any]) -> None:
        """Parts are put together by hand: a JOSE library would not write most of these."""
        parts = [device.header(**header), device.claims("GET", f"{API}/self", b"")]
        head, claims = (base64url(json.dumps(part).encode()) for part in parts)
        signature = device.proof("GET", f"{API}/self").split(".")[2]
        assert refused(device, proof=f"{head}.{claims}.{signature}") == "ProofMalformed"

    def test_a_paired_key_is_named_and_not_brought_along(self, device: Machine) -> None:
        header = device.header(kid=None, jwk=device.jwk)
        whole = device.signed(header, device.claims("GET", f"{API}/self", b""))
        assert refused(device, proof=whole) == "ProofMalformed"

    def test_another_key_under_this_name_is_refused(self, world: World, device: Machine) -> None:
        other = Machine(world)
        forged = device.signed(device.header(), device.claims("GET", f"{API}/self", b""), other.key)
        assert refused(device, proof=forged) == "ProofMalformed"

    def test_a_public_key_is_no_secret_to_sign_with(self, device: Machine) -> None:
        """HS256 with the public key as its secret: the algorithm is not the proof's to choose."""
        assert refused(device, proof=device.proof("GET", f"{API}/self")[:-4] + "AAAA") == "ProofMalformed"
        head = base64url(json.dumps(device.header(alg="HS256")).encode())
        claims = base64url(json.dumps(device.claims("GET", f"{API}/self", b"")).encode())
        assert refused(device, proof=f"{head}.{claims}.{base64url(b'x' * 32)}") == "ProofMalformed"

    @pytest.mark.parametrize("off", [-61, 61, -86_400 * 365, 86_400 * 365])
    def test_a_stale_one_is_told_the_time(self, world: World, device: Machine, off: int) -> None:
        now = int(world.clock().timestamp())
        answer = device.whoami(iat=now + off)
        assert (answer.status_code, answer.json()["error"]) == (401, "ProofStale")
        assert answer.headers["saegim-time"] == str(now)
        assert f" {off}초 " in answer.json()["detail"]

    @pytest.mark.parametrize("off", [-59, 59])
    def test_within_a_minute_it_holds(self, world: World, device: Machine, off: int) -> None:
        assert device.whoami(iat=int(world.clock().timestamp()) + off).status_code == 200

    def test_only_who_holds_the_key_is_told_the_time_and_its_state(
        self, world: World, device: Machine
    ) -> None:
        device.revoke()
        other = Machine(world)
        claims = device.claims("GET", f"{API}/self", b"", iat=0)
        assert refused(device, proof=device.signed(device.header(), claims, other.key)) == "ProofMalformed"

    def test_one_is_good_once_for_as_long_as_it_holds(self, world: World, device: Machine) -> None:
        once = device.proof("GET", f"{API}/self", iat=int(world.clock().timestamp()) + 59)
        assert device.whoami(proof=once).status_code == 200
        began = world.late
        for late in (0, 30, 118):
            world.late = began + timedelta(seconds=late)
            device.whoami()  # lets old proofs be forgotten
            assert refused(device, proof=once) == "ProofReplayed"
        world.late = began + timedelta(seconds=121)
        assert refused(device, proof=once) == "ProofStale"

    def test_old_ones_are_forgotten(self, world: World, device: Machine) -> None:
        for _ in range(5):
            device.whoami()
        world.late += timedelta(minutes=12)
        device.whoami()
        assert device.row("SELECT count(*) FROM devices_proof") == (1,)

    def test_two_devices_may_choose_the_same_jti(self, world: World, device: Machine) -> None:
        other = Machine(world)
        assert other.pair().status_code == 201
        assert [each.whoami(jti="same" * 5).status_code for each in (device, other)] == [200, 200]
        assert refused(other, jti="same" * 5) == "ProofReplayed"

    def test_of_eight_with_one_proof_one_comes_in(self, device: Machine) -> None:
        once = device.proof("GET", f"{API}/self")
        with ThreadPoolExecutor(8) as at_once:
            answers = list(at_once.map(lambda _: device.whoami(proof=once), range(8)))
        assert sorted(each.status_code for each in answers) == [200] + [401] * 7

    def test_a_body_is_part_of_it(self, device: Machine) -> None:
        told = {"version": "0.1.0", "paper": "full", "condition": "ready"}
        made = device.proof("POST", f"{API}/self/heartbeat", json.dumps(told).encode())
        changed = device.ask("POST", "/self/heartbeat", {**told, "paper": "empty"}, proof=made)
        assert changed.json()["error"] == "ProofForAnotherBody"
        assert device.ask("POST", "/self/heartbeat", told, proof=made).status_code == 200

    def test_the_query_is_part_of_the_address(self, device: Machine) -> None:
        path = "/self?lang=en"
        assert device.ask("GET", path, proof=device.proof("GET", f"{API}/self")).status_code == 401
        assert device.ask("GET", path).status_code == 200


@given(some.one_of(some.text(max_size=60), some.text("eyJ.-_0aA", max_size=60)))
def test_whatever_is_no_proof_is_malformed(text: str) -> None:
    with pytest.raises(ProofMalformed):
        proof.read(text)


HOSTILE = (
    '{"typ":"saegim-device-proof+jwt","alg":"ES256","jwk":' + "[" * 600,
    "[1]",
    '"x"',
    "null",
    '{"typ":"saegim-device-proof+jwt","alg":"ES256","jwk":{"kty":1}}',
    '{"typ":"saegim-device-proof+jwt","alg":"ES256","jwk":[]}',
    '{"alg":"ES256","alg":"none"}',
)


@pytest.mark.parametrize("head", HOSTILE)
def test_hostile_heads_are_malformed_and_nothing_worse(head: str) -> None:
    with pytest.raises(ProofMalformed):
        proof.read(f"{base64url(head.encode())}.{base64url(b'{}')}.{base64url(b'x' * 64)}")


@pytest.mark.parametrize("claims", ["[" * 900, "[]", "1", '"x"', "null", "", "\x80"])
def test_hostile_claims_are_malformed_and_nothing_worse(claims: str) -> None:
    head = base64url(json.dumps({"typ": "saegim-device-proof+jwt", "alg": "ES256", "kid": "x" * 43}).encode())
    with pytest.raises(ProofMalformed):
        proof.read(f"{head}.{base64url(claims.encode('latin-1'))}.{base64url(b'x' * 64)}")


class TestNewKeys:
    def test_the_new_one_must_be_held(self, world: World, device: Machine) -> None:
        new, other = ECKey.generate_key("P-256"), Machine(world)
        for wrong in (
            device.signed(
                {"typ": "saegim-device-key+jwt", "alg": "ES256", "jwk": other.jwk},
                {"sub": device.id, "htu": SERVER, "iat": int(world.clock().timestamp())},
            ),
            device.possession(new, of="another-device"),
            device.possession(new, typ="saegim-device-proof+jwt"),
            device.proof("POST", f"{API}/self/key"),
            "x",
        ):
            answer = device.rotate(new, wrong)
            assert (answer.status_code, answer.json()["error"]) == (401, "ProofMalformed")
        assert device.whoami().json()["key"] == device.thumbprint

    def test_a_stale_or_foreign_possession_changes_nothing(self, world: World, device: Machine) -> None:
        new = ECKey.generate_key("P-256")
        stale = device.possession(new)
        world.late += timedelta(seconds=61)
        assert device.rotate(new, stale).json()["error"] == "ProofStale"
        assert device.whoami().status_code == 200

    def test_another_devices_key_is_not_taken(self, world: World, device: Machine) -> None:
        other = Machine(world)
        other.pair()
        answer = device.rotate(other.key)
        assert (answer.status_code, answer.json()["error"]) == (409, "KeyAlreadyPaired")
        assert [each.whoami().status_code for each in (device, other)] == [200, 200]
        assert device.rotate(device.key).json()["error"] == "KeyAlreadyPaired"
        assert device.whoami().status_code == 200

    def test_the_old_one_ends_and_the_device_stays_who_it_is(self, device: Machine) -> None:
        old, new = device.key, ECKey.generate_key("P-256")
        assert device.rotate(new).json()["key"] == new.thumbprint()
        assert refused(device) == "KeyReplaced"
        device.key = new
        assert device.whoami().json()["device"] == device.id
        device.key = old
        assert device.rotate(ECKey.generate_key("P-256")).json()["error"] == "KeyReplaced"
        last = device.row(
            "SELECT actor_kind, action, reason FROM audit_event WHERE outcome = 'allowed'"
            " ORDER BY number DESC"
        )
        assert last == ("device", "change", "key-rotated")


class TestTheLog:
    def test_a_flood_of_refusals_is_one_line_a_minute_for_each_kind(
        self, world: World, machine: Machine
    ) -> None:
        def lines() -> int:
            return int(machine.row("SELECT count(*) FROM audit_event")[0])

        world.late += timedelta(minutes=2)
        before = lines()
        for _ in range(5):
            refused(machine)
        assert lines() == before + 1
        machine.ask("GET", "/self", proof="x")
        assert lines() == before + 2
        world.late += timedelta(seconds=60)
        refused(machine)
        assert lines() == before + 3

    def test_each_is_counted(self, machine: Machine) -> None:
        def counted() -> float:
            text = machine.client.get("/metrics").text
            wanted = 'saegim_backend_device_refusals_total{outcome="key-unknown"} '
            return sum(float(line.removeprefix(wanted)) for line in text.splitlines() if wanted in line)

        before = counted()
        for _ in range(3):
            refused(machine)
        assert counted() == before + 3
