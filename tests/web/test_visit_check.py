"""Identity and eligibility at the visit in a real browser: the desk's pages and the patient's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from backend_world import World

from backend.access import at_visit_desk
from backend.eligibility import desk, service
from backend.eligibility.days import today
from backend.eligibility.service import By, How, Paper, VisitPlan, VisitToConfirm
from backend.identity import service as identity
from backend.providers.eligibility import GatewayConfig, GatewayEligibility
from backend.services import Services
from backend.staff import sessions
from backend.staff.roles import Role
from backend.staff.sessions import StaffSignedIn
from chain.db import writing
from sandbox.eligibility.service import INSTITUTION, TOKEN, create_app
from sandbox.people import person
from tests.fixtures.served import served
from tests.web.test_people import AXE, sign_up, violations

pytestmark = pytest.mark.web

Site = tuple[World, str]
AID = 62
"""Medical aid 1, without a 선택의료급여기관."""


@pytest.fixture(scope="module")
def asked(site: Site) -> Iterator[Services]:
    """The site's services with the gateway's stand-in behind them."""
    world = site[0]
    with served(create_app()) as address:
        gateway = GatewayEligibility(GatewayConfig(address, TOKEN, INSTITUTION), world.clock)
        yield replace(world.services, eligibility=gateway)
        gateway.close()


@pytest.fixture(scope="module")
def member(asked: Services) -> tuple[StaffSignedIn, str]:
    """Somebody of the registration desk and the token of their session."""
    with writing(asked.database) as session:
        found, _ = sessions.add(
            session, asked.vault, f"STAFF-{uuid4().hex[:6]}", Role.REGISTRATION, 1, asked.clock()
        )
        token = sessions._open(session, found, asked.clock(), enrolling=False)
    return StaffSignedIn(found, Role.REGISTRATION, 1, "", False), token


@pytest.fixture(scope="module")
def patient(asked: Services, member: tuple[StaffSignedIn, str]) -> UUID:
    """Under medical aid, with a check, a letter and a confirmed visit."""
    who, found = person(AID), member[0]
    by, day = By.staff(found), today(asked.clock())
    made = desk.find(asked, found, who.number, who.name, who.birth.isoformat(), who.resident)
    whose = at_visit_desk(found, asked.vault.blind_index(who.number))
    with writing(asked.database) as session:
        service.record_identity_check(asked, session, whose, How.HEALTH_CARD_QR, by)
    with writing(asked.database) as session:
        service.hand_in_letter(asked, session, whose, Paper(day, "91111111", "01", "A-1"), by)
    with writing(asked.database) as session:
        paper = Paper(day - timedelta(days=2), "91111111", "05")
        service.book_with_letter(asked, session, whose, paper, by)
    service.confirm_visit(asked, whose, VisitToConfirm("2026-000123", VisitPlan(day, "01"), 1500), by)
    service.look_up(asked, whose, day, by)
    return made


def come_in(window: Any, address: str, token: str) -> None:
    window.page.context.add_cookies([{"name": "staff", "value": token, "url": address}])


@pytest.mark.parametrize(("size", "language"), [("narrow", "ko"), ("phone", "en"), ("desk", "ko")])
def test_the_desks_pages(
    visitor: Callable[..., Any],
    site: Site,
    member: tuple[StaffSignedIn, str],
    patient: UUID,
    size: str,
    language: str,
) -> None:
    window = visitor(size, scripts=size != "phone")
    come_in(window, site[1], member[1])
    for path, title in (("/staff/eligibility", "find"), (f"/staff/eligibility/{patient}", "patient")):
        page = window.go(path, language)
        window.picture(f"staff-eligibility-{title}-{language}")
        assert page.locator("h1").count() == 1
        if size != "phone":
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    page.fill("#visit", "2026-000124")
    page.select_option("#visit_department", "01")
    page.fill("#copay", "many")
    page.click("form[action$='/confirmations'] button")
    assert page.input_value("#visit") == "2026-000124"
    window.picture(f"staff-eligibility-refused-{language}")
    assert window.complaints == []
    assert window.foreign == []


@pytest.mark.parametrize(("size", "language"), [("narrow", "ko"), ("phone", "en"), ("desk", "ko")])
def test_the_patients_page(
    visitor: Callable[..., Any], site: Site, asked: Services, patient: UUID, size: str, language: str
) -> None:
    window = visitor(size)
    page = sign_up(window, site[0], 240 + len(size), language)
    page.wait_for_url("**/me/devices")
    window.go("/me/visit-check", language)
    window.picture(f"visit-check-before-{language}")
    bind(asked, UUID(page.evaluate("fetch('/api/v1/me').then(a => a.json()).then(a => a.person)")))
    window.go("/me/visit-check", language)
    window.picture(f"visit-check-{language}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("form[action='/me/visit-check/look-ups'] button")
    page.wait_for_url("**/me/visit-check")
    window.picture(f"visit-check-uncertain-{language}")
    assert window.complaints == []
    assert window.foreign == []


def bind(services: Services, account: UUID) -> None:
    """The account is the patient's; who had the number in an earlier test has it no more."""
    from backend.identity.repository import registration_of_patient

    index = services.vault.blind_index(person(AID).number)
    with writing(services.database) as session:
        before = registration_of_patient(session, 1, index)
        if before is not None:
            before.patient = None
            session.add(before)
            session.flush()
        identity.bind(session, account, 1, index, services.clock())


def test_axe_finds_nothing(
    browser: Any, site: Site, asked: Services, member: tuple[StaffSignedIn, str], patient: UUID
) -> None:
    world, address = site
    context = browser.new_context(bypass_csp=True)  # axe is put into the page by the test

    class Window:
        page = context.new_page()

        def go(self, path: str, language: str = "ko") -> Any:
            self.page.goto(f"{address}{path}?lang={language}")
            return self.page

    window = Window()
    come_in(window, address, member[1])
    page = sign_up(window, world, 249)
    page.wait_for_url("**/me/devices")
    bind(asked, UUID(page.evaluate("fetch('/api/v1/me').then(a => a.json()).then(a => a.person)")))
    assert AXE.exists()
    for path in ("/staff/eligibility", f"/staff/eligibility/{patient}", "/me/visit-check"):
        for language in ("ko", "en"):
            assert violations(window.go(path, language)) == [], (path, language)
    context.close()
