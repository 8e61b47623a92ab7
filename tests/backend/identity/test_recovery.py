"""A lost telephone, and leaving a messenger's browser: nobody comes in by it but the person it belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote
from uuid import uuid4

import pytest
from backend_world import World
from doors import account, lines
from httpx import Response
from sqlmodel import select
from visitor import PHONE, REQUIRED, SITE, Browser

from backend.identity import continuing
from backend.identity.models import Continuation
from chain.db import reading, writing
from sandbox.soft_key import SoftKey

Browsers = Callable[[], Browser]
OWN, OTHERS, NEW = "01000000001", "01000000002", "01000000009"
KAKAO_ANDROID = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 KAKAOTALK 10.0"
KAKAO_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 KAKAOTALK 10.0"


def recover(browser: Browser, phone: str = OWN, otp: str | None = None) -> Response:
    """From the page to the end; the last answer."""
    browser.open("/sign-in/lost")
    step = browser.send("/sign-in/lost").headers["location"]
    browser.open(step)
    assert browser.send(step, phone=phone, **PHONE).status_code == 303
    browser.open(f"{step}/confirm")
    return browser.send(f"{step}/confirm", otp=otp or browser.world.agency.otp)


# --- lost


def test_without_the_right_check_nothing_is_lost(person: Browser, browser_of: Browsers) -> None:
    thief = browser_of()
    assert recover(thief, otp="000000").status_code == 409
    answer = recover(thief, OTHERS)
    assert (answer.status_code, "no-account" in answer.text) == (409, True)
    assert thief.ask("GET", "/me").status_code == 401
    assert person.ask("GET", "/me").status_code == 200
    assert thief.open("/me/lost").headers["location"].startswith("/sign-in?next=%2Fme%2Flost")
    thief.token = "made-up"
    assert thief.send("/sign-in/lost").status_code == 403


def test_a_check_of_sign_up_recovers_nothing_and_one_of_recovery_signs_nobody_up(
    browser_of: Browsers, world: World
) -> None:
    browser = browser_of()
    recover(browser)
    assert browser.ask("GET", "/me").status_code == 401
    other = browser_of()
    other.sign_up()
    assert len(other.ask("GET", "/me/sessions").json()) == 1


def test_whoever_is_back_in_is_alone_and_the_others_are_told(
    person: Browser, browser_of: Browsers, world: World
) -> None:
    second, back = browser_of(), browser_of()
    second.key = person.key
    assert second.sign_in().status_code == 200
    person_id = account(person)
    assert recover(back).headers["location"] == "/me/lost"
    assert account(back) == person_id
    assert person.ask("GET", "/me").status_code == second.ask("GET", "/me").status_code == 401
    assert ("person", "allowed", "recovery") in lines(world, "sign-in")
    assert "계정을 되찾아" not in back.open("/me").text, "whoever did it is not the one to be told"
    assert back.send("/me/notices/read").status_code == 303, "and cannot hide it from the others"
    assert second.sign_in().status_code == 200, "a passkey that was not removed still lets in"
    page = second.open("/me").text
    assert "계정을 되찾아" in page
    second.send("/me/notices/read")
    assert "계정을 되찾아" not in second.open("/me").text


def test_another_telephone_of_the_same_person_does(
    person: Browser, browser_of: Browsers, world: World
) -> None:
    world.agency.people[NEW] = replace(world.agency.people[OWN], phone=NEW)
    back = browser_of()
    assert recover(back, NEW).status_code == 303
    assert account(back) != ""
    assert NEW in back.open("/me/data").text


def test_the_lost_keys_are_chosen_by_name_and_are_ones_own(
    person: Browser, browser_of: Browsers, world: World
) -> None:
    lost, person.key = person.key, SoftKey(SITE, "testserver")
    assert person.add_passkey("태블릿").status_code == 201
    stranger = browser_of()
    stranger.sign_up(OTHERS)
    stranger.add_passkey()
    theirs = stranger.ask("GET", "/me/passkeys").json()[0]["id"]
    back = browser_of()
    recover(back)
    page = back.open("/me/lost").text
    assert "태블릿" in page
    keys = {each["name"]: each["id"] for each in back.ask("GET", "/me/passkeys").json()}
    mine = keys["내 휴대전화"]
    assert back.send("/me/lost", key=[mine, theirs]).status_code == 404
    assert back.send("/me/lost", key=[str(uuid4())]).status_code == 404
    assert len(back.ask("GET", "/me/passkeys").json()) == 2, "all or nothing"
    assert back.send("/me/lost", key=[mine]).headers["location"] == "/me/devices"
    person.key, kept = lost, person.key
    assert person.sign_in().status_code == 401
    person.key = kept
    assert person.sign_in().status_code == 200
    assert "패스키를 지웠습니다" in person.open("/me").text
    assert ("person", "allowed", "lost") in lines(world, "erase")


def test_all_keys_may_go_and_none_need(person: Browser, browser_of: Browsers) -> None:
    back = browser_of()
    recover(back)
    back.open("/me/lost")
    assert back.send("/me/lost").headers["location"] == "/me/devices"
    assert len(back.ask("GET", "/me/passkeys").json()) == 1
    only = back.ask("GET", "/me/passkeys").json()[0]["id"]
    assert back.send("/me/lost", key=[only]).status_code == 303
    assert back.ask("GET", "/me/passkeys").json() == []
    back.key = SoftKey(SITE, "testserver")
    assert back.add_passkey("새 전화").status_code == 201


def test_keys_are_removed_with_a_fresh_proof_only(
    person: Browser, browser_of: Browsers, world: World
) -> None:
    back = browser_of()
    recover(back)
    back.open("/me/lost")
    world.late += timedelta(minutes=6)
    only = back.ask("GET", "/me/passkeys").json()[0]["id"]
    assert back.send("/me/lost", key=[only]).headers["location"].startswith("/me/step-up")
    assert len(back.ask("GET", "/me/passkeys").json()) == 1


# --- out of the messenger


def in_messenger(browser: Browser, agent: str = KAKAO_ANDROID) -> Browser:
    browser.client.headers["user-agent"] = agent
    return browser


def begun(browser: Browser) -> str:
    """A sign-up that is at the person's details; its page."""
    browser.open("/sign-up")
    step = str(browser.send("/sign-up", consent=REQUIRED, hospital="1").headers["location"])
    browser.open(step)
    return step


def leave(browser: Browser, page: str, **fields: object) -> str:
    """The link's path."""
    answer = browser.send("/continue", page=page, **fields)
    assert answer.status_code == 200, answer.text
    found = re.search(r"http://testserver(/continue/[A-Za-z0-9_-]{43})", answer.text)
    assert found is not None
    return found[1]


def take(browser: Browser, link: str) -> Response:
    browser.open(link)
    return browser.send(link)


def test_only_a_form_of_ones_own_may_leave(browser_of: Browsers) -> None:
    browser, stranger = in_messenger(browser_of()), in_messenger(browser_of())
    step = begun(browser)
    stranger.open("/sign-up")
    for page in (step, f"{step}/confirm?method=SMS", "/me", "https://elsewhere.test", "/sign-up/../me", ""):
        assert stranger.send("/continue", page=page).status_code == 404
    browser.token, good = "made-up", browser.token
    assert browser.send("/continue", page=step).status_code == 403
    browser.token = good
    assert browser.send("/continue", page=step).status_code == 200


def test_a_step_up_stays_in_its_session(person: Browser) -> None:
    in_messenger(person)
    person.open("/sign-up?next=/me/data")
    step = person.send("/sign-up", next="/me/data").headers["location"]
    assert "다른 브라우저에서 계속하기" not in person.open(step).text
    assert person.send("/continue", page=step).status_code == 404


@pytest.mark.parametrize("link", ["/continue/x", "/continue/" + "A" * 43])
def test_a_made_up_link_leads_nowhere(browser_of: Browsers, link: str) -> None:
    browser = browser_of()
    assert browser.open(link).status_code == 410
    browser.open("/sign-in")
    assert browser.send(link).status_code == 410


def test_what_was_typed_is_there_and_the_link_is_good_once(browser_of: Browsers, world: World) -> None:
    inside, outside, stranger = in_messenger(browser_of()), browser_of(), browser_of()
    step = begun(inside)
    assert "다른 브라우저에서 계속하기" in inside.open(step).text
    typed = {**PHONE, "phone": OWN, "method": "APP", "otp": "999999"}
    link = leave(inside, step, **typed)
    assert inside.open(link).status_code == 200, (
        "looking at it, as a messenger's preview does, changes nothing"
    )
    assert take(outside, link).headers["location"] == step
    page = outside.open(step).text
    assert all(f'value="{PHONE[field]}"' in page for field in ("name", "birth"))
    assert f'value="{OWN}"' in page
    assert 'id="by-app" name="method" value="APP" checked' in page
    assert "999999" not in page
    assert stranger.open(link).status_code == 410
    stranger.open("/sign-in")
    assert stranger.send(link).status_code == 410
    assert stranger.open(step).status_code == 404, "the address alone is worth nothing"
    assert inside.open(step).status_code == 404, "and the messenger's browser has given it away"
    outside.send(step, phone=OWN, **PHONE)
    outside.open(f"{step}/confirm")
    assert outside.send(f"{step}/confirm", otp=world.agency.otp).headers["location"] == "/me/devices"
    assert outside.add_passkey().status_code == 201


def test_the_first_form_and_the_foreigners_go_along_too(browser_of: Browsers) -> None:
    inside, outside = in_messenger(browser_of()), browser_of()
    inside.open("/sign-up")
    link = leave(inside, "/sign-up", consent=["terms", "health"], hospital="1", next="/me/data")
    assert take(outside, link).headers["location"] == "/sign-up"
    page = outside.open("/sign-up").text
    assert page.count(" checked") == 3
    assert 'value="/me/data"' in page
    inside.open("/sign-up/foreign?lang=en")
    link = leave(
        inside, "/sign-up/foreign", surname="SAMPLE", nationality="VN", number="X1234567", kind="passport"
    )
    assert take(outside, link).status_code == 303
    page = outside.open("/sign-up/foreign?lang=en").text
    assert 'value="SAMPLE"' in page
    assert 'value="VN" selected' in page
    assert 'value="X1234567"' in page


def test_what_is_kept_is_sealed_and_destroyed_in_time(browser_of: Browsers, world: World) -> None:
    inside, outside = in_messenger(browser_of()), browser_of()
    step = begun(inside)
    link = leave(inside, step, **{**PHONE, "phone": OWN})
    with reading(world.services.database) as session:
        row = session.exec(select(Continuation)).one()
        kept = repr(row.model_dump()).encode()
        assert link.rsplit("/", 1)[1].encode() not in kept
        assert OWN.encode() not in kept + row.sealed
    world.late += timedelta(minutes=10, seconds=1)
    assert outside.open(link).status_code == 410
    outside.open("/sign-in")
    assert outside.send(link).status_code == 410
    with writing(world.services.database) as session:
        assert continuing.sweep(session, world.services.vault, world.clock()) == 1
    assert world.services.vault.destroy([row.id]) == 0, "its key is gone already"


def test_each_messenger_is_shown_its_own_way_out(browser_of: Browsers) -> None:
    android, ios = in_messenger(browser_of()), in_messenger(browser_of(), KAKAO_IOS)
    android.open("/sign-up")
    page = android.send("/continue", page="/sign-up").text
    intent = re.search(r'href="(intent://testserver/continue/[^"]+)"', page)
    assert intent is not None
    assert "#Intent;scheme=http;" in intent[1]
    fallback = unquote(intent[1].split("S.browser_fallback_url=")[1].split(";")[0])
    assert fallback.startswith("http://testserver/continue/")
    assert "kakaotalk://" not in page
    ios.open("/sign-up")
    page = ios.send("/continue", page="/sign-up").text
    assert 'href="kakaotalk://web/openExternal?url=http%3A%2F%2Ftestserver%2Fcontinue%2F' in page
    assert "intent://" not in page
    assert "data:image/svg+xml;base64," in page
    assert "readonly>http://testserver/continue/" in page
