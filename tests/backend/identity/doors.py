"""Ways of the registration desk and of those without a Korean telephone, from the form to the end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from backend_world import World
from colleague import Colleague
from httpx import Response
from sqlalchemy import text
from visitor import PHONE, REQUIRED, Browser

from backend.identity import service
from chain.db import reading, writing

PASSPORT = {
    "surname": "Sample",
    "given": "Jane Q",
    "born": "1990-01-01",
    "gender": "F",
    "nationality": "US",
    "kind": "passport",
    "number": "X1234567",
}
AS_TOLD = "SAMPLE JANE Q"
NUMBER, SECOND_NUMBER = "MARKED-PATIENT-77", "MARKED-PATIENT-88"


def foreign(browser: Browser, **changes: Any) -> Response:
    """Sign up without a Korean telephone; the last answer."""
    browser.open("/sign-up/foreign?lang=en")
    fields: dict[str, Any] = {**PASSPORT, "consent": REQUIRED, "hospital": ["1"], **changes}
    return browser.send("/sign-up/foreign", **fields)


def account(browser: Browser) -> str:
    return str(browser.ask("GET", "/me").json()["person"])


def see(
    desk: Colleague,
    person: str,
    number: str = NUMBER,
    document: str = PASSPORT["number"],
    born: str = PASSPORT["born"],
) -> Response:
    """The desk checks a foreigner's document and binds."""
    desk.open("/staff/foreigners")
    return desk.send("/staff/foreigners", account=person, document=document, born=born, number=number)


def bind(world: World, person: str, number: str) -> None:
    with writing(world.services.database) as session:
        index = world.services.vault.blind_index(number)
        service.bind(session, UUID(person), 1, index, world.clock())


def merge(desk: Colleague, one: str, other: str, **changes: str) -> Response:
    desk.open("/staff/double-accounts")
    fields = {"one": one, "other": other, "reason": "same-document", "sure": "yes", **changes}
    return desk.send("/staff/double-accounts", **fields)


def check_by_phone(browser: Browser, phone: str, next: str = "/me") -> Response:
    """A signed-in person's check by telephone; the last answer."""
    browser.open(f"/sign-up?next={next}")
    step = browser.send("/sign-up", next=next).headers["location"]
    browser.open(step)
    browser.send(step, phone=phone, **PHONE)
    browser.open(f"{step}/confirm")
    return browser.send(f"{step}/confirm", otp=browser.world.agency.otp)


def numbers_of(world: World, person: str) -> list[str]:
    """Indexes of the registration numbers of an account, present ones first."""
    with reading(world.services.database) as session:
        return [patient for _, patient in service.patients_of(session, UUID(person))]


def lines(world: World, action: str) -> list[tuple[str, str, str | None]]:
    """Actor kind, outcome and reason of the log's lines about an action, oldest first."""
    query = "SELECT actor_kind, outcome, reason FROM audit_event WHERE action = :action ORDER BY number"
    with reading(world.services.database) as session:
        return [tuple(row) for row in session.execute(text(query), {"action": action})]  # type: ignore[misc]
