"""Sign-in by Kakao in a real browser, at the stand-in's own page: what it opens, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from backend_world import World

from backend.app import create_app
from backend.identity import service as persons
from backend.providers.build import social_providers
from backend.services import passkey_server
from chain.db import writing
from sandbox.social import __main__ as sandbox
from sandbox.social.service import create_app as create_stand_in
from tests.fixtures.served import Stage, served

pytestmark = pytest.mark.web

ROOT = Path(__file__).parents[2]
AXE = ROOT / "hardhat-node" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
LINK, UNLINK = (f"form[action='/me/social/kakao/{what}'] button" for what in ("link", "unlink"))
PHONE, NAME = "01000000066", "가상환자66"

Site = tuple[World, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A backend that asks the stand-ins of Kakao and Naver, each served on its own loopback port."""
    world = World(tmp_path_factory.mktemp("social"))
    world.agency.knows(PHONE, name=NAME, number=66)
    party, pages = Stage(), Stage()
    with served(party) as elsewhere, served(pages) as own:
        party.app = create_stand_in(elsewhere, clock=world.clock)
        address = own.replace("127.0.0.1", "localhost")  # passkeys need a name, not a number
        given = {name.lower(): value for name, value in sandbox.settings(elsewhere).items()}
        settings = type(world.settings).model_validate(
            {**world.settings.model_dump(), **given, "public_url": address}
        )
        services = replace(
            world.services,
            settings=settings,
            authenticator=passkey_server(settings),
            social=social_providers(settings, world.clock),
        )
        pages.app = create_app(services)
        yield world, address
        services.close()


def sign_up(world: World, page: Any) -> None:
    """From the form of consents, or of the number alone, to being in."""
    for kind in ("terms", "privacy", "health"):
        page.click(f"label[for=consent-{kind}]")
    page.click("label[for=hospital-1]")
    page.click("main button[type=submit]")
    by_phone(world, page)


def by_phone(world: World, page: Any) -> None:
    page.fill("#name", NAME)
    page.fill("#birth", "9001012")
    page.fill("#phone", PHONE)
    page.click("main form[action^='/sign-up/'] button[type=submit]")
    page.fill("#otp", world.agency.otp)
    page.click("main form[action$='/confirm'] button[type=submit]")


def at_kakao(page: Any, answer: str = "동의하고 계속하기") -> None:
    """The person at the stand-in's page."""
    page.wait_for_url("**/kakao/oauth/authorize?**")
    page.click(f"text={answer}")


def bind(world: World, page: Any) -> None:
    """The hospital sees the person, as the first visit does."""
    person = UUID(page.evaluate("fetch('/api/v1/me').then(a => a.json()).then(a => a.person)"))
    with writing(world.services.database) as session:
        patient = world.services.vault.blind_index("MARKED-PATIENT-77")
        persons.bind(session, person, 1, patient, world.clock())


def fits(window: Any, title: str, language: str = "ko") -> None:
    window.picture(f"{title}-{language}")
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    assert window.page.evaluate(wide), f"{title} is too wide"


def test_linked_by_phone_signed_in_by_kakao_and_asked_again_before_a_key(
    visitor: Callable[..., Any], site: Site
) -> None:
    world, address = site
    world.delivered()
    window = visitor("phone")
    page = window.go("/sign-up")
    sign_up(world, page)
    page.wait_for_url("**/me/devices")
    fits(window, "social-devices")
    page.click(LINK)
    at_kakao(page)
    page.wait_for_url("**/me/devices")
    assert page.is_visible(UNLINK)
    fits(window, "social-linked")
    bind(world, page)

    page.click("form[action='/sign-out'] button >> visible=true")
    page.wait_for_url(f"{address}/")
    window.go("/me")
    page.wait_for_url("**/sign-in?**")
    fits(window, "social-sign-in")
    page.click("text=카카오로 로그인")
    at_kakao(page)
    page.wait_for_selector(".sg-documents")
    assert page.url.startswith(f"{address}/me")

    window.go("/me/devices")
    assert not page.is_visible(UNLINK), "Kakao has proved nothing"
    fits(window, "social-not-proven")
    page.click("section[aria-labelledby=social] a")
    page.wait_for_url("**/me/step-up?**")
    page.click("main a[href^='/sign-up']")
    page.click("main form[action='/sign-up'] button[type=submit]")
    by_phone(world, page)
    page.wait_for_url("**/me/devices")
    page.click(UNLINK)
    page.wait_for_selector(LINK)
    assert not page.is_visible(UNLINK)
    assert window.complaints == []


@pytest.mark.parametrize(("size", "language"), [("narrow", "ko"), ("desk", "en")])
def test_the_other_pages_fit_and_axe_finds_nothing(
    visitor: Callable[..., Any], site: Site, browser: Any, size: str, language: str
) -> None:
    world, address = site
    window = visitor(size)
    page = window.go("/sign-in", language)
    fits(window, "social-sign-in", language)
    for answer, title in (("취소", "social-stopped"), ("동의하고 계속하기", "social-first")):
        window.go("/sign-in", language)
        page.click(".sg-social-kakao")
        page.wait_for_url("**/kakao/oauth/authorize?**")
        page.select_option("#account", "9")
        at_kakao(page, answer)
        page.wait_for_url("**/social/**")
        fits(window, title, language)
    assert page.get_attribute("html", "lang") == language
    first = page.url
    page.click("main a[href^='/sign-up']")
    sign_up(world, page)
    page.wait_for_url("**/me/social/waiting/**")
    fits(window, "social-link", language)

    context = browser.new_context(bypass_csp=True)  # axe is put into the page by the test
    other = context.new_page()
    stopped = "/social/kakao/callback?state=made-up"
    for path in ("/sign-in", stopped, first.removeprefix(address), page.url.removeprefix(address)):
        if "/waiting/" in path:
            context.add_cookies(
                [each for each in page.context.cookies() if "/me/" in path or each["name"] != "session"]
            )
        other.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
        other.add_script_tag(path=str(AXE))
        found = other.evaluate(f"() => axe.run(document, {{runOnly: {RULES}}})")
        assert [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found["violations"]] == [], path
    context.close()
