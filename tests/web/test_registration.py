"""The pages of registration in a real browser: they fit, break no rule of accessibility, and keep what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backend_world import World

from backend.staff import sessions
from backend.staff.roles import Role
from chain.db import writing

ROOT = Path(__file__).parents[2]
AXE = ROOT / "hardhat-node" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
MESSENGER = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile KAKAOTALK 10.0"
PHONE = "01000000061"

pytestmark = pytest.mark.web

Site = tuple[World, str]
Open = Callable[..., Any]


def fits(page: Any, title: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), title


def violations(page: Any) -> list[str]:
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(f"() => axe.run(document, {{runOnly: {RULES}}})")
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found["violations"]]


def authenticator(page: Any) -> None:
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


@pytest.mark.parametrize("language", ["ko", "en"])
def test_from_a_messengers_browser_to_another_with_what_was_typed(
    browser: Any, site: Site, visitor: Open, language: str
) -> None:
    world, address = site
    world.agency.knows(PHONE, name="가상환자61", number=61)
    inside = browser.new_context(
        viewport={"width": 320, "height": 640}, user_agent=MESSENGER, bypass_csp=True
    ).new_page()
    inside.goto(f"{address}/sign-up?lang={language}")
    for kind in ("terms", "privacy", "health"):
        inside.click(f"label[for=consent-{kind}]")
    inside.click("main button.primary")
    inside.fill("#name", "가상환자61")
    inside.fill("#birth", "9001012")
    inside.fill("#phone", PHONE)
    fits(inside, "person")
    assert violations(inside) == []
    inside.click("button[formaction='/continue']")
    fits(inside, "leave")
    assert violations(inside) == []
    link = inside.input_value("#link").removeprefix(address)
    outside = visitor("narrow")
    page = outside.go(link, language)
    outside.picture(f"continue-{language}")
    page.click("main button[type=submit]")
    assert page.input_value("#phone") == PHONE
    page.click("main button.primary")
    page.fill("#otp", world.agency.otp)
    page.click("main button.primary")
    page.wait_for_url("**/me**")
    inside.context.close()
    assert outside.complaints == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_pages_of_those_who_come_in_otherwise(
    browser: Any, site: Site, visitor: Open, language: str
) -> None:
    _, address = site
    window = visitor("narrow")
    for path in ("/sign-in/lost", "/sign-in/lost/code", "/sign-up/foreign"):
        fits(window.go(path, language), path)
        window.picture(f"{path.strip('/').replace('/', '-')}-{language}")
    assert window.complaints == []
    assert window.foreign == []
    context = browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)
    page = context.new_page()
    for path in ("/sign-in/lost", "/sign-in/lost/code", "/sign-up/foreign"):
        page.goto(f"{address}{path}?lang={language}")
        assert violations(page) == [], path
    context.close()


def test_the_desks_pages(browser: Any, site: Site) -> None:
    world, address = site
    with writing(world.services.database) as session:
        _, code = sessions.add(
            session, world.services.vault, "STAFF-REG", Role.REGISTRATION, 1, world.clock()
        )
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    page = context.new_page()
    authenticator(page)
    page.goto(f"{address}/staff/enrol?lang=ko")
    page.fill("#number", "STAFF-REG")
    page.fill("#code", code)
    page.click("main button[type=submit]")
    page.click("main form[data-passkey] button:not([disabled])")
    page.wait_for_url("**/staff")
    for name in ("registration", "foreigners", "entry-codes", "newborns", "newborns/name", "double-accounts"):
        for language in ("ko", "en"):
            page.goto(f"{address}/staff/{name}?lang={language}")
            fits(page, name)
            assert violations(page) == [], name
    page.goto(f"{address}/staff/duplicates?lang=ko")
    assert violations(page) == []
    context.close()
