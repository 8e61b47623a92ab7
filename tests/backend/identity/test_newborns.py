"""Newborns: under the mother's registration from the first day, by name after 출생신고, their own from 14 on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from backend_world import World
from colleague import Colleague
from doors import account, bind, foreign, lines, merge
from httpx import Response
from visitor import Browser

from backend.family import desk as family
from backend.identity import service
from backend.relay import service as relay
from backend.relay.client import Errand
from backend.relay.service import Known, PatientUnknown
from backend.web.dates import KOREA
from chain.db import reading, writing

Browsers = Callable[[], Browser]
MOTHERS, CHILDS = "MARKED-PATIENT-88", "MARKED-PATIENT-77"


def today(world: World) -> date:
    return world.clock().astimezone(KOREA).date()


@pytest.fixture
def mother(browser_of: Browsers, world: World) -> Browser:
    """Bound to her number."""
    browser = browser_of()
    assert browser.sign_up().status_code == 303
    assert browser.add_passkey().status_code == 201
    bind(world, account(browser), MOTHERS)
    return browser


def register(desk: Colleague, **changes: Any) -> Response:
    desk.open("/staff/newborns")
    born = today(desk.world).isoformat()
    fields = {"mother": MOTHERS, "child": CHILDS, "born": born, "gender": "female", "order": "0", **changes}
    return desk.send("/staff/newborns", **fields)


def rename(desk: Colleague, **changes: Any) -> Response:
    desk.open("/staff/newborns/name")
    fields = {"child": CHILDS, "name": "가상하늘", "issued": today(desk.world).isoformat(), **changes}
    return desk.send("/staff/newborns/name", **fields)


def child_of(mother: Browser) -> str:
    """The guardianship's id, as the list of documents takes it."""
    page = mother.open("/me").text
    assert "/me?person=" in page, page
    return page.split("/me?person=")[1].split('"')[0]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"mother": "NOBODY-1"}, 404),
        ({"mother": " "}, 422),
        ({"child": " "}, 422),
        ({"born": "2999-01-01"}, 422),
        ({"born": "2020-01-01"}, 422),
        ({"born": "yesterday"}, 422),
        ({"gender": ""}, 422),
        ({"order": "9"}, 422),
        ({"order": "x"}, 422),
        ({"child": MOTHERS}, 409),
    ],
)
def test_what_is_not_right_registers_nobody_and_stays(
    mother: Browser, desk: Colleague, changes: dict[str, str], status: int
) -> None:
    answer = register(desk, **changes)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    for field in changes.keys() & {"mother", "child", "born"}:
        assert f'value="{changes[field]}"' in answer.text
    assert "/me?person=" not in mother.open("/me").text


def test_an_unchecked_mother_is_none(browser_of: Browsers, desk: Colleague, world: World) -> None:
    guest = browser_of()
    foreign(guest)
    assert register(desk).status_code == 404
    assert rename(desk).status_code == 404


def test_the_mother_sees_the_child_from_the_first_day_and_nobody_else_does(
    mother: Browser, desk: Colleague, browser_of: Browsers, world: World
) -> None:
    document = world.delivered()
    assert register(desk).status_code == 200
    assert "아기를 등록하고 보호자로 연결했습니다" in mother.open("/me").text
    assert "가상환자01 아기" in mother.open("/me").text
    tie = child_of(mother)
    found = mother.ask("GET", f"/me/documents?person={tie}").json()
    assert [each["id"] for each in found] == [document]
    assert mother.open(f"/me/documents/{document}").status_code == 200
    stranger = browser_of()
    stranger.sign_up("01000000002")
    assert stranger.ask("GET", f"/me/documents?person={tie}").status_code == 404
    assert stranger.open(f"/me/documents/{document}").status_code == 404
    assert ("staff", "allowed", "newborn.without-relay.not-configured") in lines(world, "create")
    assert ("staff", "allowed", "guardian.parent") in lines(world, "delegate")


def test_twins_are_two(mother: Browser, desk: Colleague) -> None:
    assert register(desk, order="1").status_code == 200
    assert register(desk, order="2").status_code == 409, "one number is one child's"
    assert register(desk, order="2", child="MARKED-PATIENT-78").status_code == 200
    page = mother.open("/me").text
    assert "가상환자01 아기1" in page
    assert "가상환자01 아기2" in page


def test_the_birth_record_counts_for_ninety_two_days_and_the_certificate_takes_its_place(
    mother: Browser, desk: Colleague, world: World
) -> None:
    world.delivered()
    assert register(desk).status_code == 200
    tie = child_of(mother)
    world.late += timedelta(days=93)
    mother.client.cookies.clear()
    assert mother.sign_in().status_code == 200
    assert mother.ask("GET", f"/me/documents?person={tie}").status_code == 403, "papers are missing now"
    assert desk.staff_sign_in().status_code == 204
    old = (today(world) - timedelta(days=93)).isoformat()
    for wrong in ({"issued": old}, {"issued": ""}, {"name": " "}, {"name": "가" * 51}):
        assert rename(desk, **wrong).status_code == 422
    assert rename(desk, child="NOBODY-1").status_code == 404
    assert rename(desk, child=MOTHERS).status_code == 404, "no newborn's number"
    assert rename(desk).status_code == 200
    assert len(mother.ask("GET", f"/me/documents?person={tie}").json()) == 1
    page = mother.open("/me").text
    assert "가상하늘" in page
    assert "아기의 이름을 바꾸었습니다" in page


class Nursery:
    """The relay's client: one child's record."""

    def __init__(self, child: Known | None) -> None:
        self.child = child

    def patient(self, number: str, errand: Errand) -> Known:
        if self.child is None:
            raise PatientUnknown
        return self.child

    def registrations(self, who: Known, errand: Errand) -> list[str]:
        return [CHILDS]

    def close(self) -> None:
        return


def test_the_hospitals_record_decides(
    mother: Browser, desk: Colleague, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Known("가상환자01 아기", today(world).isoformat(), "female")

    def has(child: Known | None) -> None:
        monkeypatch.setattr(relay, "relay_client", lambda settings, clock: Nursery(child))

    has(None)
    assert register(desk).status_code == 404
    for wrong in (replace(right, birth_date="2020-02-02"), replace(right, sex="male")):
        has(wrong)
        assert register(desk).status_code == 409
    has(right)
    assert register(desk).status_code == 200
    assert rename(desk).status_code == 409, "the hospital system has no name yet"
    has(replace(right, name="가상하늘"))
    assert rename(desk).status_code == 200
    assert ("staff", "refused", "relay.differs-name") in lines(world, "link")


def test_at_fourteen_the_child_has_an_account_of_its_own_and_is_asked(
    mother: Browser, desk: Colleague, browser_of: Browsers, world: World
) -> None:
    document = world.delivered()
    born = today(world)
    assert register(desk).status_code == 200
    assert rename(desk).status_code == 200
    tie = child_of(mother)
    with reading(world.services.database) as session:
        index = world.services.vault.blind_index(CHILDS)
        newborn = service.holder_of(session, 1, index)
        assert newborn is not None
    world.late += timedelta(days=365 * 14 + 5)
    known = world.agency.people["01000000002"]
    world.agency.people["01000000002"] = replace(known, name="가상하늘", birth_date=born)
    child = browser_of()
    assert child.sign_up("01000000002").status_code == 303
    desk.client.cookies.clear()
    assert desk.staff_sign_in().status_code == 204
    desk.open("/staff/bind")
    refused = desk.send("/staff/bind", account=account(child), number=CHILDS)
    assert (refused.status_code, f'value="{newborn}"' in refused.text) == (409, True)
    assert merge(desk, account(child), str(newborn), reason="newborn-grown").status_code == 200
    assert [each["id"] for each in child.ask("GET", "/me/documents").json()] == [document]
    with writing(world.services.database) as session:
        assert family.settle(session, world.services.vault, world.clock()) == (0, 1)
    mother.client.cookies.clear()
    assert mother.sign_in().status_code == 200
    assert mother.ask("GET", f"/me/documents?person={tie}").status_code == 403, "not without consent any more"
    assert "만 14세가 되어" in child.open("/me/family").text
    child.open("/me/family")
    assert child.send(f"/me/family/{tie}/consent", function=["list", "read"]).status_code == 303
    assert len(mother.ask("GET", f"/me/documents?person={tie}").json()) == 1
    world.late += timedelta(days=365 * 5 + 2)
    mother.client.cookies.clear()
    assert mother.sign_in().status_code == 200
    assert mother.ask("GET", f"/me/documents?person={tie}").status_code == 404, "grown up"
