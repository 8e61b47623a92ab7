"""Sessions and what they open: nobody, a stranger, then the owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from backend_world import World
from sqlmodel import select
from visitor import Browser

from backend.access import Function, ReadablePatientId
from backend.audit.models import AuditEvent
from backend.identity import service
from backend.identity.errors import AlreadyBound
from chain.db import reading, writing

Browsers = Callable[[], Browser]
NUMBER = "MARKED-PATIENT-77"

PAGES = ("/me", "/me/devices", "/me/data", "/me/data/export", "/me/step-up", f"/me/documents/{uuid4()}")


def bind(world: World, browser: Browser, number: str = NUMBER) -> None:
    """The hospital has seen this person with this registration number."""
    person = UUID(browser.ask("GET", "/me").json()["person"])
    with writing(world.services.database) as session:
        service.bind(session, person, 1, world.services.vault.blind_index(number), world.clock())


@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_sent_to_sign_in_and_comes_back(browser_of: Browsers, page: str) -> None:
    answer = browser_of().open(page)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2Fme")


@pytest.mark.parametrize("path", ["/me", "/me/documents", "/me/passkeys", "/me/sessions"])
def test_the_api_tells_nobody(browser_of: Browsers, path: str) -> None:
    answer = browser_of().ask("GET", path)
    assert (answer.status_code, answer.json()["error"]) == (401, "SignInRequired")


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "가", "../../x"])
def test_a_made_up_cookie_opens_nothing(browser_of: Browsers, token: str) -> None:
    browser = browser_of()
    answer = browser.client.get("/api/v1/me", headers={"cookie": f"session={token}".encode()})
    assert answer.status_code == 401


def test_a_session_ends_when_it_is_not_used_and_after_twelve_hours(person: Browser, world: World) -> None:
    for _ in range(12 * 60 // 25):
        world.late += timedelta(minutes=25)
        assert person.ask("GET", "/me").status_code == 200
    world.late += timedelta(minutes=25)
    assert person.ask("GET", "/me").status_code == 401, "twelve hours are over"
    assert person.sign_in().status_code == 200
    world.late += timedelta(minutes=31)
    assert person.ask("GET", "/me").status_code == 401, "nobody used it"


def test_an_ended_session_stays_ended(person: Browser) -> None:
    cookie = person.client.cookies["session"]
    person.sign_out()
    person.client.cookies.set("session", cookie)
    assert person.ask("GET", "/me").status_code == 401


def test_one_signs_out_elsewhere_but_not_others(person: Browser, browser_of: Browsers) -> None:
    stranger, second = browser_of(), browser_of()
    stranger.sign_up("01000000002")
    second.sign_up()
    mine = [each for each in second.ask("GET", "/me/sessions").json() if not each["current"]]
    stranger.open("/me/devices")
    assert stranger.ask("DELETE", f"/me/sessions/{mine[0]['id']}").status_code == 204
    assert person.ask("GET", "/me").status_code == 200
    second.open("/me/devices")
    assert second.ask("DELETE", f"/me/sessions/{mine[0]['id']}").status_code == 204
    assert person.ask("GET", "/me").status_code == 401


def test_records_appear_once_the_hospital_has_seen_person_and_number(person: Browser, world: World) -> None:
    document = world.delivered()
    assert person.ask("GET", "/me/documents").json() == []
    assert "예비등록" in person.open("/me").text
    bind(world, person)
    assert [each["id"] for each in person.ask("GET", "/me/documents").json()] == [document]
    page = person.open("/me")
    assert f"/me/documents/{document}" in page.text
    assert "예비등록" not in page.text
    assert "유효한 문서입니다" in person.open(f"/me/documents/{document}").text
    assert person.open(f"/me/documents/{document}/bundle").headers["content-disposition"].endswith('.saegim"')


def test_a_strangers_record_does_not_exist(person: Browser, world: World, browser_of: Browsers) -> None:
    document = world.delivered()
    bind(world, person)
    stranger = browser_of()
    stranger.sign_up("01000000002")
    bind(world, stranger, "ANOTHER-78")
    other = str(uuid4())
    for end in ("", "/bundle"):
        theirs = stranger.open(f"/me/documents/{document}{end}")
        nobodys = stranger.open(f"/me/documents/{other}{end}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(document, "…") == nobodys.text.replace(other, "…")
    assert stranger.ask("GET", "/me/documents").json() == []


def test_a_number_is_one_persons(person: Browser, world: World, browser_of: Browsers) -> None:
    bind(world, person)
    bind(world, person)
    other = browser_of()
    other.sign_up("01000000002")
    with pytest.raises(AlreadyBound):
        bind(world, other)
    with pytest.raises(AlreadyBound):
        bind(world, person, "A-SECOND-NUMBER")


def test_permission_cannot_be_made_elsewhere() -> None:
    with pytest.raises(TypeError):
        ReadablePatientId(object(), "x", 1, uuid4(), Function.READ)


def test_my_data_is_mine_to_take_and_to_erase(person: Browser, world: World) -> None:
    bind(world, person)
    document = world.delivered()
    taken = person.open("/me/data/export").json()
    assert taken["profile"]["name"] == "가상환자01"
    assert [each["id"] for each in taken["documents"]] == [document]
    assert len(taken["consents"]) == 3
    person.open("/me/data")
    assert person.send("/me/data/erase").status_code == 422, "not without the tick"
    assert person.send("/me/data/erase", sure="yes").status_code == 303
    assert person.ask("GET", "/me").status_code == 401
    answer = person.sign_in()
    assert answer.status_code == 401
    with writing(world.services.database) as session:
        again = service.registrations(session, UUID(int=0))
    assert again == []
    fresh = Browser(world)
    fresh.sign_up()
    assert fresh.ask("GET", "/me/documents").json() == [], "a new account is a new person"


def lines(person: Browser) -> list[tuple[str, str, str]]:
    """What the log says of the person's record: action, object and outcome, oldest first."""
    found = person.ask("GET", "/me/accesses").json()["accesses"]
    return [(each["action"], each["objectKind"], each["outcome"]) for each in reversed(found)]


def test_every_use_of_a_record_is_in_its_log_also_a_refused_one(
    person: Browser, world: World, browser_of: Browsers
) -> None:
    document = world.delivered()
    bind(world, person)
    assert lines(person) == []
    person.open("/me")
    person.open(f"/me/documents/{document}")
    person.open(f"/me/documents/{document}/bundle")
    stranger = browser_of()
    stranger.sign_up("01000000002")
    stranger.open(f"/me/documents/{document}")
    assert lines(person) == [
        ("list", "records", "allowed"),
        ("read", "receipt", "allowed"),
        ("download", "receipt", "allowed"),
        ("read", "receipt", "refused"),
    ]
    assert stranger.ask("GET", "/me/accesses").json()["accesses"] == []
    page = person.open("/me/accesses").text
    assert "영수증" in page
    assert "거절" in page


def test_without_the_log_there_is_no_record(
    person: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = world.delivered()
    bind(world, person)

    def broken(*_: object) -> None:
        raise OSError("the log's disk is full")

    monkeypatch.setattr("backend.access.audit.note", broken)
    answer = person.client.get(f"/me/documents/{document}")
    assert answer.status_code == 500
    assert "유효한" not in answer.text


def test_coming_in_and_being_refused_are_in_the_log(person: Browser, world: World) -> None:
    person.sign_out()
    person.sign_in(flags=1)
    person.key.flags = 5
    person.sign_in()
    with reading(world.services.database) as session:
        told = [(e.action, e.outcome, e.reason) for e in session.exec(select(AuditEvent)).all()]
    assert told == [
        ("sign-up", "allowed", None),
        ("create", "allowed", None),
        ("sign-out", "allowed", None),
        ("sign-in-refused", "refused", "person-not-verified"),
        ("sign-in", "allowed", None),
    ]
