"""The pages of whoever keeps the devices: who stays out, and what the information department can do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from backend_world import World
from colleague import Colleague
from httpx import Response
from machine import Machine
from visitor import Browser

from backend.staff.roles import MATRIX, Role, StaffFunction

HOME = "/staff/devices"
NEW = {"name": "키오스크 4", "place": "별관 2층 채혈실 앞", "kind": "kiosk"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("devices")) as made:
        made.settings.limits = "pairing=off, guess-address=off"
        yield made


def forms(device: str) -> list[tuple[str, dict[str, str]]]:
    """Every form of these pages."""
    return [
        (f"{HOME}/new", NEW),
        (f"{HOME}/codes/{uuid4()}/withdraw", {}),
        (f"{HOME}/{device}/name", {"name": "x", "place": "x"}),
        (f"{HOME}/{device}/revoke", {"reason": "lost"}),
    ]


def code_of(answer: Response) -> str:
    found = re.search(r"<output>([^<]+)</output>", answer.text)
    assert found, answer.text
    return found[1]


def value_of(answer: Response, field: str) -> str:
    """What stands in a field of the form."""
    found = re.search(rf'<input[^>]*name="{field}"[^>]*>', answer.text)
    assert found, answer.text
    value = re.search(r'value="([^"]*)"', found[0])
    assert value, found[0]
    return value[1]


class TestWhoStaysOut:
    def test_nobody_is_sent_to_sign_in(self, world: World, device: Machine) -> None:
        nobody = Browser(world)
        for address in (HOME, f"{HOME}/new", f"{HOME}/{device.id}"):
            assert nobody.client.get(address).headers["location"].startswith("/staff/sign-in?next=")
        for address, form in forms(device.id):
            nobody.open("/staff/sign-in")
            assert nobody.send(address, **form).status_code == 303
        assert device.whoami().status_code == 200

    @pytest.mark.parametrize("role", sorted(set(Role) - MATRIX[StaffFunction.DEVICES]))
    def test_other_roles_may_not(
        self, colleague: Callable[..., Colleague], device: Machine, role: Role
    ) -> None:
        other = colleague(role)
        other.open("/staff")
        assert other.client.get(HOME).status_code == 403
        assert other.client.get(f"{HOME}/new").status_code == 403
        assert other.client.get(f"{HOME}/{device.id}").status_code == 403
        assert [other.send(address, **form).status_code for address, form in forms(device.id)] == [403] * 4
        assert device.whoami().status_code == 200
        last = device.row("SELECT actor_kind, object_kind, outcome FROM audit_event ORDER BY number DESC")
        assert last == ("staff", "device", "refused")

    def test_another_hospitals_information_department_finds_nothing(
        self, colleague: Callable[..., Colleague], keeper: Colleague, device: Machine
    ) -> None:
        neighbour = colleague(Role.INFORMATION, 2)
        keeper.open(f"{HOME}/new")
        keeper.send(f"{HOME}/new", **NEW)
        waiting = device.row("SELECT id FROM devices_code WHERE ended_at IS NULL ORDER BY made_at DESC")[0]
        assert device.id not in neighbour.open(HOME).text
        assert neighbour.client.get(f"{HOME}/{device.id}").status_code == 404
        assert neighbour.send(f"{HOME}/{device.id}/name", name="x", place="x").status_code == 404
        assert neighbour.send(f"{HOME}/{device.id}/revoke", reason="lost").status_code == 404
        assert neighbour.send(f"{HOME}/codes/{waiting}/withdraw").status_code == 404
        assert device.whoami().json()["name"] == "키오스크 1"
        assert device.row(f"SELECT ended_at FROM devices_code WHERE id = '{waiting}'") == (None,)

    def test_a_form_of_another_site_changes_nothing(self, keeper: Colleague, device: Machine) -> None:
        keeper.open(f"{HOME}/new")
        keeper.token = "x"
        assert [keeper.send(address, **form).status_code for address, form in forms(device.id)] == [403] * 4
        assert device.whoami().status_code == 200


class TestAnOpenScreen:
    """Somebody else at the keyboard, five minutes after its owner was last proved to be there."""

    def test_lets_no_machine_in_and_shuts_none_out(
        self, world: World, keeper: Colleague, device: Machine
    ) -> None:
        keeper.open(f"{HOME}/new")
        world.late += timedelta(minutes=5, seconds=1)
        assert keeper.open(HOME).status_code == 200
        for address in (f"{HOME}/new", f"{HOME}/{device.id}"):
            assert keeper.client.get(address).headers["location"].startswith("/staff/step-up?next=")
        codes = device.row("SELECT count(*) FROM devices_code")
        refused = keeper.send(f"{HOME}/new", **NEW)
        assert refused.status_code == 403
        assert f'value="{NEW["place"]}"' in refused.text
        assert 'data-answer="/api/v1/staff/step-up"' in refused.text  # in place: what was typed stays
        assert device.row("SELECT count(*) FROM devices_code") == codes
        for form, fields in (("name", {"name": "x", "place": "y"}), ("revoke", {"reason": "lost"})):
            refused = keeper.send(f"{HOME}/{device.id}/{form}", **fields)
            assert refused.status_code == 403
            assert 'data-answer="/api/v1/staff/step-up"' in refused.text
        assert device.whoami().json()["name"] == "키오스크 1"

    def test_a_fresh_proof_opens_it_again(self, world: World, keeper: Colleague, machine: Machine) -> None:
        world.late += timedelta(minutes=5, seconds=1)
        assert keeper.client.get(f"{HOME}/new").status_code == 303
        keeper.staff_sign_in()
        keeper.open(f"{HOME}/new")
        assert machine.pair(code_of(keeper.send(f"{HOME}/new", **NEW))).status_code == 201


class TestCodes:
    def test_one_is_shown_once_and_pairs_one_machine(self, keeper: Colleague, machine: Machine) -> None:
        keeper.open(f"{HOME}/new")
        shown = keeper.send(f"{HOME}/new", **NEW)
        assert shown.headers["cache-control"] == "no-store"
        code = code_of(shown)
        listed = keeper.open(HOME).text
        assert "남은 시간 10분" in listed
        assert code not in listed
        made = machine.pair(code).json()
        assert (made["name"], made["place"]) == (NEW["name"], NEW["place"])
        listed = keeper.open(HOME).text
        assert NEW["place"] in listed
        assert "연결됨" in listed

    def test_it_can_be_withdrawn(self, world: World, keeper: Colleague, machine: Machine) -> None:
        world.late += timedelta(minutes=10)  # the other tests' codes are over
        keeper.staff_sign_in()
        keeper.open(f"{HOME}/new")
        code = code_of(keeper.send(f"{HOME}/new", **NEW))
        address = re.search(rf'action="({HOME}/codes/[^"]+/withdraw)"', keeper.open(HOME).text)
        assert address
        assert keeper.send(address[1]).status_code == 303
        assert machine.pair(code).json()["error"] == "CodeEnded"
        assert keeper.send(address[1]).status_code == 404
        assert "withdraw" not in keeper.open(HOME).text

    @pytest.mark.parametrize(
        "missing", [{"name": "  "}, {"place": ""}, {"name": "x" * 41}, {"place": "\x07"}]
    )
    def test_without_name_and_place_there_is_none_and_what_was_typed_stays(
        self, keeper: Colleague, missing: dict[str, str]
    ) -> None:
        keeper.open(HOME)
        typed = NEW | {"kind": "board"} | missing
        answer = keeper.send(f"{HOME}/new", **typed)
        assert answer.status_code == 422
        assert "<output>" not in answer.text
        assert value_of(answer, "name") == typed["name"]
        assert '<option value="board" selected>' in answer.text

    def test_another_kind_of_machine_is_refused(self, keeper: Colleague) -> None:
        keeper.open(HOME)
        assert keeper.send(f"{HOME}/new", **(NEW | {"kind": "toaster"})).status_code == 422


class TestOneDevice:
    def test_it_is_renamed(self, keeper: Colleague, device: Machine) -> None:
        keeper.open(f"{HOME}/{device.id}")
        assert keeper.send(f"{HOME}/{device.id}/name", name=" ", place="별관").status_code == 422
        assert keeper.send(f"{HOME}/{device.id}/name", name=" 안내  2 ", place="별관").status_code == 303
        who = device.whoami().json()
        assert (who["name"], who["place"]) == ("안내 2", "별관")

    def test_it_is_revoked_at_once_for_a_reason_and_once(self, keeper: Colleague, device: Machine) -> None:
        address = f"{HOME}/{device.id}"
        keeper.open(address)
        for wrong in ("", "because"):
            assert keeper.send(f"{address}/revoke", reason=wrong).status_code == 422
        assert device.whoami().status_code == 200
        assert keeper.send(f"{address}/revoke", reason="stolen").status_code == 303
        assert device.whoami().json()["error"] == "DeviceRevoked"
        page = keeper.open(address).text
        assert "해지됨: 도난" in page
        assert "/revoke" not in page
        assert keeper.send(f"{address}/revoke", reason="lost").status_code == 409
        last = device.row(
            "SELECT actor_id, object_id, reason FROM audit_event WHERE outcome = 'allowed' ORDER BY number DESC"
        )
        assert last == (str(keeper.id), device.id, "revoked.stolen")

    def test_it_shows_how_it_is(self, world: World, keeper: Colleague, device: Machine) -> None:
        address = f"{HOME}/{device.id}"
        assert "아직 알리지 않음" in keeper.open(address).text
        device.beat(version="0.1.0", paper="low", condition="fault", clockOffset=-7_200)
        page = keeper.open(address).text
        for word in ("연결됨", "0.1.0", "용지 부족", "고장", "시계가 2시간 느림"):
            assert word in page
        world.late += timedelta(minutes=12)
        keeper.staff_sign_in()
        assert "연결 끊김 12분" in keeper.open(address).text
        device.beat(paper="full")
        page = keeper.open(address).text
        assert "연결됨" in page
        assert "용지" not in page
        assert "시계가" not in page

    def test_what_is_typed_is_shown_as_text(self, keeper: Colleague, device: Machine) -> None:
        keeper.open(f"{HOME}/{device.id}")
        keeper.send(f"{HOME}/{device.id}/name", name="<b>1</b>", place='"><i>')
        for address in (HOME, f"{HOME}/{device.id}"):
            page = keeper.open(address).text
            assert "<b>1" not in page
            assert "<i>" not in page
