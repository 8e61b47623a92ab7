"""The hospital's staff and families in a real browser: every page with something on it, in both languages and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from backend_world import World
from playwright.sync_api import expect

from backend.family import desk
from backend.family.desk import Seen
from backend.family.matrix import Paper
from backend.staff import sessions
from backend.staff.roles import Role
from backend.web.dates import KOREA
from chain.db import writing
from tests.web.test_people import AXE, RULES, authenticator, bind, sign_up

pytestmark = pytest.mark.web

Site = tuple[World, str]
Open = Callable[..., Any]
NUMBER, CHILD = "MARKED-PATIENT-77", "MARKED-PATIENT-88"
REASON = "의식 없음, 응급실 도착"
BOTH = pytest.mark.parametrize(("size", "language"), [("narrow", "ko"), ("desk", "en")])


@pytest.fixture
def later(site: Site) -> Iterator[Callable[[timedelta], None]]:
    """Moves the clock; it goes back when the test ends, for those that come after."""
    world, before = site[0], site[0].late

    def move(by: timedelta) -> None:
        world.late += by

    yield move
    world.late = before


def looked_at(window: Any, title: str, language: str) -> None:
    """A picture for people to look at; for machines: nothing cut off at the side, nothing that axe complains of."""
    window.picture(f"{title}-{language}")
    page = window.page
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), title
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(f"() => axe.run(document, {{runOnly: {RULES}}})")
    wrong = [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found["violations"]]
    assert wrong == [], title


def come_in(visitor: Open, world: World, role: Role, size: str, language: str) -> Any:
    """Somebody of the staff, enrolled with number, code and passkey, at the page of their work."""
    number = f"STAFF-{uuid4().hex[:6]}"
    with writing(world.services.database) as session:
        _, code = sessions.add(session, world.services.vault, number, role, 1, world.clock())
    window = visitor(size)
    page = window.page
    authenticator(page)
    window.go("/staff/enrol", language)
    page.fill("#number", number)
    page.fill("#code", code)
    looked_at(window, "staff-enrol", language)
    page.click("main button[type=submit]")
    page.wait_for_url("**/staff/enrol/passkey")
    looked_at(window, "staff-passkey", language)
    page.click("form[data-kind=create] button")
    page.wait_for_url("**/staff")
    looked_at(window, f"staff-home-{role}", language)
    return window


def unexpected(window: Any, *refusals: str) -> list[str]:
    """What the browser complained of, but for answers that were to be refusals."""
    return [each for each in window.complaints if not any(status in each for status in refusals)]


def account_of(page: Any) -> str:
    return str(page.evaluate("fetch('/api/v1/me').then(a => a.json()).then(a => a.person)"))


def confirm_presence(window: Any) -> None:
    """The passkey again."""
    window.page.click("form[data-kind=get] button")


@BOTH
def test_the_desk_binds_a_patient_and_proves_to_be_there(
    visitor: Open, site: Site, later: Callable[[timedelta], None], size: str, language: str
) -> None:
    world, _ = site
    patient = visitor(size)
    sign_up(patient, world, 200 + len(size)).wait_for_url("**/me/devices")
    number = f"BIND-{size}"
    clerk = come_in(visitor, world, Role.REGISTRATION, size, language)
    page = clerk.page
    clerk.go("/staff/bind", language)
    page.fill("#account", account_of(patient.page))
    page.fill("#number", number)
    looked_at(clerk, "staff-bind", language)
    later(timedelta(minutes=6))
    page.click("main form[action='/staff/bind'] button[type=submit]")
    page.wait_for_selector("form[data-kind=get]")
    looked_at(clerk, "staff-bind-late", language)
    assert page.input_value("#number") == number
    confirm_presence(clerk)
    page.wait_for_selector("form[data-passkey] [role=status]")
    looked_at(clerk, "staff-bind-confirmed", language)
    page.click("main form[action='/staff/bind'] button[type=submit]")
    page.wait_for_selector(".sg-good")
    looked_at(clerk, "staff-bound", language)
    assert unexpected(clerk, "403") == []
    assert clerk.foreign == []


@BOTH
def test_an_emergency_is_opened_read_and_reviewed_by_somebody_else(
    visitor: Open, site: Site, later: Callable[[timedelta], None], size: str, language: str
) -> None:
    world, _ = site
    world.delivered()
    doctor = come_in(visitor, world, Role.DOCTOR, size, language)
    page = doctor.page
    later(timedelta(minutes=6))
    doctor.go("/staff/emergency", language)
    page.wait_for_url("**/staff/step-up**")
    looked_at(doctor, "staff-step-up", language)
    confirm_presence(doctor)
    page.wait_for_url("**/staff/emergency**")
    page.fill("#number", NUMBER)
    page.fill("#reason", REASON)
    looked_at(doctor, "staff-emergency", language)
    page.click("main form[action='/staff/emergency'] button[type=submit]")
    page.wait_for_selector(".sg-documents")
    looked_at(doctor, "staff-opened", language)
    page.click(".sg-documents a")
    page.wait_for_selector(".sg-verdict")
    looked_at(doctor, "staff-document", language)
    reviewer = come_in(visitor, world, Role.INFORMATION, size, language)
    page = reviewer.page
    reviewer.go("/staff/reviews", language)
    assert REASON in page.inner_text("main")
    looked_at(reviewer, "staff-reviews", language)
    waiting = page.locator(".sg-rows > li").count()
    page.click(".sg-rows > li:last-child button[value=justified]")
    expect(page.locator(".sg-rows > li")).to_have_count(waiting - 1)
    looked_at(reviewer, "staff-reviewed", language)
    for window in (doctor, reviewer):
        assert window.complaints == []
        assert window.foreign == []


@BOTH
def test_a_family_with_a_child_a_delegate_and_a_code(
    visitor: Open, site: Site, size: str, language: str
) -> None:
    world, _ = site
    number = 300 + 10 * len(size)
    parent, spouse = visitor(size), visitor(size)
    for window, who in ((parent, number), (spouse, number + 1)):
        sign_up(window, world, who).wait_for_url("**/me/devices")
    bind(world, parent.page)
    guard_child(parent, world, language)
    code = give_code(parent, language)
    page = spouse.page
    spouse.go("/me/family/code", language)
    page.fill("#code", "2AB3C-9XY7Z")
    page.click("main form button[type=submit]")
    page.wait_for_selector(".sg-bad")
    looked_at(spouse, "family-code-wrong", language)
    page.fill("#code", code)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/me/family")
    looked_at(spouse, "family-delegate", language)
    parent.go("/me/family", language)
    looked_at(parent, "family-filled", language)
    main = parent.page.inner_text("main")
    assert "가상아이" in main
    assert f"가상환자{number + 1:02d}" in main
    child = parent.page.locator("a[href^='/me?person=']").first
    child.click()
    parent.page.wait_for_url("**/me?person=**")
    looked_at(parent, "family-child-records", language)
    assert unexpected(parent) == unexpected(spouse, "409") == []


def guard_child(window: Any, world: World, language: str) -> None:
    """Ask to be a child's guardian, and have the desk confirm it."""
    born = date(world.clock().year - 6, 3, 2)
    page = window.page
    window.go("/me/family/children", language)
    page.fill("#name", "가상아이")
    page.fill("#born", "2016-02-31")
    page.click("main form button[type=submit]")
    page.wait_for_selector(".sg-bad")
    looked_at(window, "family-child-wrong", language)
    page.fill("#born", born.isoformat())
    page.click("main form button[type=submit]")
    page.wait_for_url("**/me/family")
    looked_at(window, "family-asked", language)
    asked = page.locator("form[action$='/end']").first.get_attribute("action")
    tie, services = UUID(asked.split("/")[-2]), world.services
    today = world.clock().astimezone(KOREA).date()
    with writing(services.database) as session:
        desk.confirm(
            session,
            services.vault,
            tie,
            patient=services.vault.blind_index(CHILD),
            born=born,
            seen=Seen(frozenset({Paper.FAMILY_CERTIFICATE, Paper.ACTOR_ID}), today),
            compared="relay.same",
            now=world.clock(),
        )


def give_code(window: Any, language: str) -> str:
    """Name a delegate; the code that is shown once."""
    page = window.page
    window.go("/me/family/delegations", language)
    page.select_option("#relation", "spouse")
    for box in page.locator("main fieldset label").all():
        box.click()
    page.click("main form button[type=submit]")
    page.wait_for_selector("#code")
    looked_at(window, "family-code", language)
    return str(page.inner_text("#code"))
