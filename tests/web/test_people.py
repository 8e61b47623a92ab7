"""From sign-up to my records in a real browser with a virtual authenticator: a person, by pointer and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from backend_world import World

from backend.identity import service
from chain.db import writing

ROOT = Path(__file__).parents[2]
AXE = ROOT / "hardhat-node" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"

pytestmark = pytest.mark.web

Site = tuple[World, str]
Open = Callable[..., Any]
PAGES = (
    "/me",
    "/me/family",
    "/me/family/children",
    "/me/family/delegations",
    "/me/family/code",
    "/me/accesses",
    "/me/devices",
    "/me/data",
    "/me/step-up",
)


def authenticator(page: Any) -> None:
    """A telephone's built-in authenticator, always willing."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_up(window: Any, world: World, number: int, language: str = "ko") -> Any:
    """From the first page to being in."""
    phone = f"0100000{number:04d}"
    world.agency.knows(phone, name=f"가상환자{number:02d}", number=number % 256)
    page = window.go("/sign-up", language)
    for kind in ("terms", "privacy", "health"):
        page.click(f"label[for=consent-{kind}]")
    page.click("label[for=hospital-1]")
    page.click("main button[type=submit]")
    page.fill("#name", f"가상환자{number:02d}")
    page.fill("#birth", "900101-2")
    page.fill("#phone", phone)
    page.click("main button[type=submit]")
    page.fill("#otp", world.agency.otp)
    page.click("main button[type=submit]")
    return page


def bind(world: World, page: Any) -> None:
    """The hospital sees the person, as the first visit does."""
    person = page.evaluate("fetch('/api/v1/me').then(a => a.json()).then(a => a.person)")
    with writing(world.services.database) as session:
        known = service.registrations(session, UUID(person))
        patient = world.services.vault.blind_index("MARKED-PATIENT-77")
        for other in _holders(session, patient):
            other.patient = None
            session.add(other)
        session.flush()
        assert known
        service.bind(session, UUID(person), 1, patient, world.clock())


def _holders(session: Any, patient: str) -> list[Any]:
    from backend.identity.repository import registration_of_patient

    found = registration_of_patient(session, 1, patient)
    return [found] if found else []


@pytest.mark.parametrize(("size", "language"), [("narrow", "ko"), ("phone", "en"), ("desk", "ko")])
def test_sign_up_passkey_and_my_records(visitor: Open, site: Site, size: str, language: str) -> None:
    world, _ = site
    world.delivered()
    window = visitor(size)
    authenticator(window.page)
    window.go("/sign-in", language)
    window.picture(f"sign-in-{language}")
    window.go("/sign-up", language)
    window.picture(f"sign-up-{language}")
    page = sign_up(window, world, len(size) * 10 + len(language), language)
    page.wait_for_url("**/me/devices")
    page.click("form[data-kind=create] button")
    page.wait_for_selector("section[aria-labelledby=passkeys] .sg-rows")
    assert page.locator("section[aria-labelledby=passkeys] .sg-rows > li").count() == 1
    bind(world, page)
    page.click("nav form button")
    page.wait_for_url("**/")
    window.go("/me", language)
    page.wait_for_url("**/sign-in**")
    page.click("form[data-kind=get] button")
    page.wait_for_selector(".sg-documents")
    for address in PAGES:
        window.go(address, language)
        window.picture(f"{address.strip('/').replace('/', '-')}-{language}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    window.go("/me", language)
    page.click(".sg-documents a")
    page.wait_for_selector(".sg-verdict")
    window.picture(f"my-document-{language}")
    assert window.complaints == []
    assert window.foreign == []


def test_axe_finds_nothing(browser: Any, site: Site) -> None:
    world, address = site
    context = browser.new_context(bypass_csp=True)  # axe is put into the page by the test

    class Window:
        page = context.new_page()

        def go(self, path: str, language: str = "ko") -> Any:
            self.page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            return self.page

    window = Window()
    for path in ("/sign-in", "/sign-up", "/staff/sign-in", "/staff/enrol"):
        assert violations(window.go(path)) == [], path
    page = sign_up(window, world, 77)
    page.wait_for_url("**/me/devices")
    for path in PAGES:
        for language in ("ko", "en"):
            assert violations(window.go(path, language)) == [], path
    context.close()


def violations(page: Any) -> list[str]:
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(f"() => axe.run(document, {{runOnly: {RULES}}})")
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found["violations"]]


def test_it_works_by_keyboard_alone(visitor: Open, site: Site) -> None:
    world, _ = site
    world.agency.knows("01000000088", name="가상환자88", number=88)
    window = visitor("desk")
    page = window.go("/sign-up")

    def tab_to(selector: str) -> None:
        for _ in range(60):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} cannot be reached by the keyboard")

    for kind in ("terms", "privacy", "health"):
        tab_to(f"input[value={kind}]")
        page.keyboard.press("Space")
    tab_to("main button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#name")
    for field, text in (("name", "가상환자88"), ("birth", "9001012"), ("phone", "01000000088")):
        tab_to(f"#{field}")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_selector("#otp")
    tab_to("#otp")
    page.keyboard.type(world.agency.otp)
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/devices")
    assert window.complaints == []


def test_without_scripts_the_telephone_is_enough(visitor: Open, site: Site) -> None:
    window = visitor("phone", scripts=False)
    page = sign_up(window, site[0], 99)
    assert page.url.endswith("/me/devices")
    assert "가상환자99" in window.go("/me/data").inner_text("main")
