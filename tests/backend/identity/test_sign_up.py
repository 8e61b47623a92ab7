"""Sign-up by telephone: nothing without consent and the agency's word; one identity is one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from backend_world import World
from visitor import PHONE, REQUIRED, Browser

Browsers = Callable[[], Browser]


def begun(browser: Browser) -> str:
    """A check on its way to the number; its page."""
    browser.open("/sign-up")
    step = browser.send("/sign-up", consent=REQUIRED, hospital="1").headers["location"]
    browser.open(step)
    assert browser.send(step, phone="01000000001", **PHONE).status_code == 303
    browser.open(f"{step}/confirm")
    return str(step)


@pytest.mark.parametrize("lacking", REQUIRED)
def test_without_a_required_consent_nothing_begins_and_what_was_ticked_stays(
    browser_of: Browsers, lacking: str
) -> None:
    browser = browser_of()
    browser.open("/sign-up")
    kinds = [kind for kind in REQUIRED if kind != lacking]
    answer = browser.send("/sign-up", consent=kinds, hospital="1")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert answer.text.count(" checked") == len(kinds) + 1


def test_a_form_from_elsewhere_does_nothing(browser_of: Browsers) -> None:
    browser = browser_of()
    browser.open("/sign-up")
    good, browser.token = browser.token, "made-up"
    assert browser.send("/sign-up", consent=REQUIRED).status_code == 403
    browser.token = good
    for headers in ({"origin": "https://elsewhere.test"}, {"sec-fetch-site": "cross-site"}):
        fields = {"form_token": good, "consent": REQUIRED}
        assert browser.client.post("/sign-up", data=fields, headers=headers).status_code == 403
    stranger = browser_of()
    stranger.token = good
    assert stranger.send("/sign-up", consent=REQUIRED).status_code == 403


def test_the_form_token_is_written_otherwise_on_each_page_and_each_holds(browser_of: Browsers) -> None:
    browser = browser_of()
    tokens = set()
    for _ in range(3):
        browser.open("/sign-up")
        tokens.add(browser.token)
    assert len(tokens) == 3
    assert len({token[at : at + 8] for token in tokens for at in range(0, 80, 8)}) == 30  # nothing repeats
    for browser.token in tokens:
        assert browser.send("/sign-up", consent=REQUIRED).status_code == 303


@pytest.mark.parametrize("change", ["", "A" * 88, "한" * 30, "=", "short"])
def test_a_changed_form_token_is_refused(browser_of: Browsers, change: str) -> None:
    browser = browser_of()
    browser.open("/sign-up")
    good = browser.token
    for browser.token in (change, good[:-6], good[4:] + good[:4], good + good):
        assert browser.send("/sign-up", consent=REQUIRED).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"birth": "900101"}, {"birth": "90010123"}, {"phone": "020000000"}, {"operator": "X"}],
)
def test_wrong_details_are_named_and_kept(browser_of: Browsers, wrong: dict[str, str]) -> None:
    browser = browser_of()
    browser.open("/sign-up")
    step = browser.send("/sign-up", consent=REQUIRED).headers["location"]
    browser.open(step)
    answer = browser.send(step, **{**PHONE, "phone": "01000000001", **wrong})
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.text
    kept = {**PHONE, "phone": "01000000001", **wrong}
    assert all(f'value="{kept[field].strip()}"' in answer.text for field in ("birth", "phone"))


def test_a_check_is_nobody_elses(browser_of: Browsers) -> None:
    browser, thief = browser_of(), browser_of()
    step = begun(browser)
    thief.open("/sign-up")
    assert thief.open(step).status_code == 404
    assert thief.send(f"{step}/confirm", otp="123456").status_code == 404


def test_a_wrong_number_can_be_tried_five_times(browser_of: Browsers) -> None:
    browser = browser_of()
    step = begun(browser)
    for _ in range(5):
        assert browser.send(f"{step}/confirm", otp="000000").status_code == 409
    assert browser.send(f"{step}/confirm", otp="123456").status_code == 429


def test_a_check_counts_once(browser_of: Browsers) -> None:
    browser = browser_of()
    step = begun(browser)
    assert browser.send(f"{step}/confirm", otp="123456").status_code == 303
    browser.client.cookies.delete("session")
    assert browser.send(f"{step}/confirm", otp="123456").status_code == 404


def test_a_late_check_counts_for_nothing(browser_of: Browsers, world: World) -> None:
    browser = browser_of()
    step = begun(browser)
    world.late += timedelta(minutes=11)
    assert browser.send(f"{step}/confirm", otp="123456").status_code == 409


def test_an_agency_that_is_down_is_said_so_and_nothing_is_lost(browser_of: Browsers, world: World) -> None:
    browser = browser_of()
    browser.open("/sign-up")
    step = browser.send("/sign-up", consent=REQUIRED).headers["location"]
    browser.open(step)
    world.agency.down = True
    down = browser.send(step, phone="01000000001", **PHONE)
    assert down.status_code == 503
    assert "01000000001" in down.text
    world.agency.down = False
    assert browser.send(step, phone="01000000001", **PHONE).status_code == 303


def test_a_new_person_is_in_and_offered_a_passkey(browser_of: Browsers) -> None:
    browser = browser_of()
    done = browser.sign_up()
    assert done.headers["location"] == "/me/devices"
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert browser.open("/me").status_code == 200


def test_the_same_identity_is_the_same_person(browser_of: Browsers) -> None:
    first, second = browser_of(), browser_of()
    first.sign_up()
    assert second.sign_up(next="/me/data").headers["location"] == "/me/data"
    assert first.ask("GET", "/me").json()["person"] == second.ask("GET", "/me").json()["person"]
    assert len(first.ask("GET", "/me/sessions").json()) == 2


@pytest.mark.parametrize(
    "next", ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "me"]
)
def test_one_comes_back_to_this_server_only(browser_of: Browsers, next: str) -> None:
    browser, again = browser_of(), browser_of()
    browser.sign_up()
    assert again.sign_up(next=next).headers["location"] == "/me"


def test_in_a_messengers_browser_no_passkey_is_pressed_on_anyone(browser_of: Browsers) -> None:
    browser = browser_of()
    browser.client.headers["user-agent"] = "Mozilla/5.0 (Linux; Android 14) KAKAOTALK 10.0"
    assert "다른 브라우저로 열기" in browser.open("/sign-in").text
    assert browser.sign_up().headers["location"] == "/me"


def test_a_phone_check_is_a_step_up_for_the_same_person_only(browser_of: Browsers, world: World) -> None:
    browser = browser_of()
    browser.sign_up()
    world.late += timedelta(minutes=6)
    assert browser.ask("GET", "/me").json()["proven"] is False
    for phone, status in (("01000000002", 409), ("01000000001", 303)):
        browser.open("/sign-up?next=/me/data")
        step = browser.send("/sign-up", next="/me/data").headers["location"]
        browser.open(step)
        browser.send(step, phone=phone, **PHONE)
        assert browser.send(f"{step}/confirm", otp="123456").status_code == status
        assert browser.ask("GET", "/me").json()["proven"] is (status == 303)
