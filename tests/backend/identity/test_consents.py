"""Consents by version: changed texts are agreed to anew, optional ones withdrawn; no child agrees alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from backend_world import World
from doors import account, foreign, lines
from sqlalchemy import text
from visitor import REQUIRED, Browser

from backend.identity import consents, repository
from chain.db import reading

Browsers = Callable[[], Browser]


def change(monkeypatch: pytest.MonkeyPatch, kind: str = "health") -> None:
    """A text comes in a new version."""
    texts = tuple(replace(each, version="later") if each.kind == kind else each for each in consents.TEXTS)
    monkeypatch.setattr(consents, "TEXTS", texts)


def rows(world: World, person: str, kind: str) -> list[tuple[str, bool]]:
    """Version and whether withdrawn, oldest first."""
    with reading(world.services.database) as session:
        found = repository.consents(session, UUID(person))
        return [(each.version, each.withdrawn_at is not None) for each in found if each.kind == kind]


@pytest.fixture
def owing(person: Browser, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Signed in, and a required text has changed since."""
    change(monkeypatch)
    return person


def test_nobody_has_consents(browser_of: Browsers) -> None:
    assert browser_of().open("/me/consents/renew").headers["location"].startswith("/sign-in")
    assert browser_of().ask("GET", "/me/consents").status_code == 401


@pytest.mark.parametrize("page", ["/me", "/me/family", "/me/visit-check"])
def test_a_changed_text_stands_before_the_records(owing: Browser, page: str) -> None:
    sent = owing.open(page)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/me/consents/renew?next=")


def test_the_api_says_where_to_agree(owing: Browser) -> None:
    refused = owing.ask("GET", "/me/documents")
    assert refused.status_code == 409
    assert refused.json()["error"] == "ConsentRenewalNeeded"
    assert "/me/consents/renew" in refused.json()["remedy"]


def test_leaving_and_looking_stay_possible_without(owing: Browser) -> None:
    for path in ("/me/data", "/me/data/export", "/me/accesses", "/me/devices", "/me/step-up"):
        assert owing.open(path).status_code == 200, path
    assert owing.ask("GET", "/me/accesses").status_code == 200
    owing.open("/me/data")
    assert owing.send("/me/data/erase", sure="yes").headers["location"] == "/"


def test_signing_out_needs_no_consent(owing: Browser) -> None:
    owing.sign_out()


def test_not_ticking_keeps_the_door_shut_and_says_what_is_missing(owing: Browser, world: World) -> None:
    owing.open("/me/consents/renew")
    again = owing.send("/me/consents/renew", consent=["terms"])
    assert again.status_code == 422
    assert "민감정보" in again.text
    assert rows(world, account(owing), "terms") == [(consents.VERSION, False)]
    assert owing.open("/me").status_code == 303


def test_agreeing_keeps_the_old_row_and_adds_the_new(owing: Browser, world: World) -> None:
    shown = owing.open("/me/consents/renew?next=/me/family").text
    assert 'value="health"' in shown
    assert 'value="terms"' not in shown
    done = owing.send("/me/consents/renew", consent=["health"], next="/me/family")
    assert done.headers["location"] == "/me/family"
    assert owing.open("/me").status_code == 200
    assert rows(world, account(owing), "health") == [(consents.VERSION, False), ("later", False)]
    assert lines(world, "consent") == [("person", "allowed", None)]


def test_the_api_agrees_too(owing: Browser) -> None:
    assert owing.ask("POST", "/me/consents", {"kinds": []}).status_code == 422
    agreed = owing.ask("POST", "/me/consents", {"kinds": ["health"]})
    assert [each["current"] for each in agreed.json() if each["kind"] == "health"] == [True]
    assert owing.ask("GET", "/me/documents").status_code == 200


def test_another_sign_in_does_not_go_around_it(owing: Browser) -> None:
    owing.sign_out()
    assert owing.sign_in().status_code == 200
    assert owing.open("/me").headers["location"].startswith("/me/consents/renew")


def test_what_a_known_person_ticks_at_the_telephones_form_counts(
    browser_of: Browsers, owing: Browser, world: World
) -> None:
    again = browser_of()
    assert again.sign_up(next="/me").headers["location"] == "/me"
    assert again.open("/me").status_code == 200
    assert rows(world, account(owing), "health")[-1] == ("later", False)


def test_an_optional_consent_is_given_withdrawn_and_given_again(person: Browser, world: World) -> None:
    who = account(person)
    for kind_of in ("give", "withdraw", "give"):
        person.open("/me/data")
        assert person.send(f"/me/consents/notice/{kind_of}").headers["location"] == "/me/data"
    assert rows(world, who, "notice") == [(consents.VERSION, True), (consents.VERSION, False)]
    assert lines(world, "consent-withdrawn") == [("person", "allowed", None)]
    assert person.ask("DELETE", "/me/consents/notice").status_code == 204
    assert rows(world, who, "notice")[-1] == (consents.VERSION, True)


def test_a_required_consent_is_not_withdrawn_by_itself(person: Browser, world: World) -> None:
    person.open("/me/data")
    refused = person.ask("DELETE", "/me/consents/health")
    assert (refused.status_code, refused.json()["error"]) == (409, "ConsentRequired")
    assert person.ask("DELETE", "/me/consents/none").status_code == 404
    assert rows(world, account(person), "health") == [(consents.VERSION, False)]


def test_closing_the_account_withdraws_all(person: Browser, world: World) -> None:
    who = account(person)
    person.open("/me/data")
    assert person.send("/me/data/erase", sure="yes").status_code == 303
    assert {rows(world, who, kind)[-1][1] for kind in REQUIRED} == {True}


def test_my_data_lists_every_text_with_its_version(person: Browser) -> None:
    shown = person.open("/me/data").text
    assert shown.count(f"({consents.VERSION}판)") == 3
    assert "/me/consents/notice/give" in shown
    assert "/me/consents/health/withdraw" not in shown


def test_a_child_does_not_sign_up_alone_and_nothing_is_kept(browser_of: Browsers, world: World) -> None:
    child, today = browser_of(), world.clock().date()
    known = world.agency.people["01000000001"]
    world.agency.people["01000000001"] = replace(known, birth_date=date(today.year - 13, 1, 1))
    refused = child.sign_up()
    assert refused.status_code == 403
    assert "보호자" in refused.text
    assert foreign(child, born=f"{today.year - 13}-01-01").status_code == 403
    with reading(world.services.database) as session:
        for table in ("identity_person", "identity_consent", "identity_registration"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_who_has_turned_14_signs_up(browser_of: Browsers, world: World) -> None:
    child, today = browser_of(), world.clock().date()
    known = world.agency.people["01000000001"]
    world.agency.people["01000000001"] = replace(
        known, birth_date=date(today.year - 14, today.month, today.day)
    )
    assert child.sign_up().status_code == 303
