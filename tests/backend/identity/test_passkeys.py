"""Passkeys: wrong, late, replayed and foreign answers let nobody in; right ones do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from backend_world import World
from visitor import SITE, Browser

from sandbox.soft_key import PRESENT, VERIFIED, SoftKey

Browsers = Callable[[], Browser]


def refused(answer: Any, reason: str, status: int = 401) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == "PasskeyRefused"
    assert f"({reason})" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("origin", "https://elsewhere.test", "origin-differs"),
        ("rp_id", "elsewhere.test", "site-differs"),
        ("flags", PRESENT, "person-not-verified"),
        ("flags", VERIFIED, "person-not-present"),
        ("challenge", b"\x01" * 32, "challenge-unknown"),
        ("key", SoftKey(SITE, "testserver").key, "signature-wrong"),
        ("credential_id", b"\x02" * 32, "passkey-unknown"),
        ("steps", 0, "counter-went-back"),
    ],
)
def test_a_wrong_answer_lets_nobody_in(person: Browser, field: str, value: Any, reason: str) -> None:
    person.sign_out()
    if field == "steps":
        assert person.sign_in().status_code == 200
        person.sign_out()
    refused(person.sign_in(**{field: value}), reason)
    assert person.ask("GET", "/me").status_code == 401


def test_an_answer_counts_once(person: Browser) -> None:
    person.sign_out()
    person.open("/sign-in")
    options = person.ask("POST", "/sign-in/options").json()
    answer = {"answer": person.key.get(options)}
    assert person.ask("POST", "/sign-in", answer).status_code == 200
    person.sign_out()
    person.open("/sign-in")
    refused(person.ask("POST", "/sign-in", answer), "challenge-unknown")


def test_a_refused_answer_uses_its_challenge_up(person: Browser) -> None:
    person.sign_out()
    person.open("/sign-in")
    options = person.ask("POST", "/sign-in/options").json()
    person.key.flags = PRESENT
    refused(person.ask("POST", "/sign-in", {"answer": person.key.get(options)}), "person-not-verified")
    person.key.flags = PRESENT | VERIFIED
    refused(person.ask("POST", "/sign-in", {"answer": person.key.get(options)}), "challenge-unknown")


def test_a_late_answer_lets_nobody_in(person: Browser, world: World) -> None:
    person.sign_out()
    person.open("/sign-in")
    options = person.ask("POST", "/sign-in/options").json()
    world.late += timedelta(minutes=5, seconds=1)
    refused(person.ask("POST", "/sign-in", {"answer": person.key.get(options)}), "challenge-unknown")


def test_a_challenge_of_one_ceremony_is_none_of_another(person: Browser) -> None:
    person.open("/me/devices")
    options = person.ask("POST", "/me/step-up/options").json()
    person.sign_out()
    person.open("/sign-in")
    refused(person.ask("POST", "/sign-in", {"answer": person.key.get(options)}), "challenge-unknown")


def test_another_persons_authenticator_proves_nothing(person: Browser, browser_of: Browsers) -> None:
    other = browser_of()
    other.sign_up("01000000002")
    other.add_passkey()
    person.open("/me/devices")
    options = person.ask("POST", "/me/step-up/options").json()
    refused(person.ask("POST", "/me/step-up", {"answer": other.key.get(options)}), "passkey-of-another")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"rawId": "AA"},
        {"rawId": 1, "response": []},
        {"rawId": "AA", "response": {"clientDataJSON": "!"}},
        {"rawId": "AA", "response": {"clientDataJSON": "bnVsbA"}},
        {"rawId": "AA", "response": {"clientDataJSON": "W10"}},
    ],
)
def test_rubbish_is_refused(person: Browser, answer: dict[str, Any]) -> None:
    person.sign_out()
    person.open("/sign-in")
    refused(person.ask("POST", "/sign-in", {"answer": answer}), "answer-malformed")


def test_who_is_registered_signs_in_and_out(person: Browser) -> None:
    person.sign_out()
    assert person.ask("GET", "/me").status_code == 401
    assert person.sign_in().status_code == 200
    assert person.ask("GET", "/me").json()["proven"] is True


def test_one_authenticator_is_registered_once(person: Browser) -> None:
    again = person.add_passkey()
    assert (again.status_code, again.json()["error"]) == (409, "PasskeyKnown")


def test_a_new_passkey_needs_a_fresh_proof(person: Browser, world: World) -> None:
    world.late += timedelta(minutes=6)
    person.open("/me/devices")
    stale = person.ask("POST", "/me/passkeys/options")
    assert (stale.status_code, stale.json()["error"]) == (403, "StepUpRequired")
    options = person.ask("POST", "/me/step-up/options").json()
    assert person.ask("POST", "/me/step-up", {"answer": person.key.get(options)}).status_code == 200
    assert person.ask("POST", "/me/passkeys/options").status_code == 200


def test_passkeys_are_renamed_and_removed_but_not_the_last(person: Browser, browser_of: Browsers) -> None:
    first = person.ask("GET", "/me/passkeys").json()[0]
    last = person.ask("DELETE", f"/me/passkeys/{first['id']}")
    assert (last.status_code, last.json()["error"]) == (409, "LastPasskey")
    stranger = browser_of()
    stranger.sign_up("01000000002")
    stranger.open("/me/devices")
    assert stranger.ask("PATCH", f"/me/passkeys/{first['id']}", {"name": "x"}).status_code == 404
    old, person.key = person.key, SoftKey(SITE, "testserver")
    assert person.add_passkey("태블릿").status_code == 201
    renamed = person.ask("PATCH", f"/me/passkeys/{first['id']}", {"name": "옛 전화"})
    assert renamed.json()["name"] == "옛 전화"
    assert person.ask("DELETE", f"/me/passkeys/{first['id']}").status_code == 204
    assert [key["name"] for key in person.ask("GET", "/me/passkeys").json()] == ["태블릿"]
    person.sign_out()
    person.key = old
    refused(person.sign_in(), "passkey-unknown")
