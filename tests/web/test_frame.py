"""The frame in a real browser: sizes of text, menus, the installed application, what is left when the net goes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from backend_world import World
from playwright.sync_api import Browser

from backend import client_policy, client_versions, installed
from tests.fixtures.browser import ARGUMENTS, NAMES

ROOT = Path(__file__).parents[2]
AXE = ROOT / "hardhat-node" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"

pytestmark = pytest.mark.web

Site = tuple[World, str]
Open = Callable[..., Any]
FRAME = ("/", "/sign-in", "/verify", "/scan", "/offline", "/none")
FITS = "document.documentElement.scrollWidth <= window.innerWidth"
IN_CHARGE = """() => navigator.serviceWorker.controller !== null || new Promise((resolve) =>
  navigator.serviceWorker.addEventListener("controllerchange", () => resolve(true), { once: true }))"""
KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      const words = /text|json|javascript/.test(answer.headers.get("content-type")) ? await answer.text() : "";
      kept.push({ url: request.url, words });
    }
  }
  return kept;
}"""


def violations(page: Any) -> list[str]:
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(f"() => axe.run(document, {{runOnly: {RULES}}})")
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found["violations"]]


def enlarge(window: Any, size: str) -> None:
    window.page.context.add_cookies([{"name": "text", "value": size, "url": window.address}])


# --- sizes, contrast, keyboard


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", ["100", "150"])
def test_every_frame_fits_a_narrow_telephone(visitor: Open, size: str, language: str) -> None:
    window = visitor("narrow")
    enlarge(window, size)
    for path in FRAME:
        page = window.go(path, language)
        window.picture(f"frame-{path.strip('/') or 'home'}-{language}-{size}")
        assert page.evaluate(FITS), path
        assert (
            page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == int(size) / 10
        )
    assert window.complaints == []
    assert window.foreign == []


def test_axe_finds_nothing_at_any_size(browser: Browser, site: Site) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": 320, "height": 640})
    page = context.new_page()
    for size in ("100", "150"):
        context.add_cookies([{"name": "text", "value": size, "url": site[1]}])
        for path in FRAME:
            for language in ("ko", "en"):
                page.goto(f"{site[1]}{path}?lang={language}")
                assert violations(page) == [], f"{path} {language} {size}"
    context.close()


def test_text_grows_in_place_and_what_was_typed_stays(visitor: Open) -> None:
    window = visitor("phone")
    page = window.go("/verify")
    page.fill("#link", "http://testserver/d/abc")
    page.click(".sg-text-size a[data-size='150']")
    assert page.get_attribute("html", "data-text") == "150"
    assert page.get_attribute(".sg-text-size a[data-size='150']", "aria-current") == "true"
    assert page.input_value("#link") == "http://testserver/d/abc"
    window.go("/")
    assert page.get_attribute("html", "data-text") == "150"
    assert window.complaints == []


def test_text_grows_without_scripts_and_comes_back_to_the_page(visitor: Open) -> None:
    window = visitor("phone", scripts=False)
    page = window.go("/sign-in?next=/me/family")
    page.click(".sg-text-size a[data-size='125']")
    assert page.url.endswith("/sign-in?next=/me/family&lang=ko")
    assert page.get_attribute("html", "data-text") == "125"


def test_the_size_is_chosen_by_keyboard(visitor: Open) -> None:
    page = visitor("desk").go("/")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.size") == "150":
            break
    page.keyboard.press("Enter")
    assert page.get_attribute("html", "data-text") == "150"


def test_the_browsers_own_zoom_leaves_nothing_outside(browser: Browser, site: Site) -> None:
    """1280 pixels at 400 %, as WCAG 1.4.10 asks: the window is 320 pixels wide."""
    context = browser.new_context(viewport={"width": 320, "height": 256}, device_scale_factor=4)
    page = context.new_page()
    for path in FRAME:
        page.goto(f"{site[1]}{path}")
        assert page.evaluate(FITS), path
    context.close()


def test_the_readers_own_colours_and_quiet_are_kept(browser: Browser, site: Site) -> None:
    context = browser.new_context(forced_colors="active", reduced_motion="reduce", contrast="more")
    page = context.new_page()
    page.goto(f"{site[1]}/verify")
    active = "getComputedStyle(document.querySelector('.sg-nav a[aria-current]'))"
    assert page.evaluate(f"{active}.borderBottomColor !== {active}.backgroundColor")
    assert page.evaluate("getComputedStyle(document.querySelector('.krds-btn')).borderTopWidth") != "0px"
    duration = page.evaluate("getComputedStyle(document.querySelector('.krds-btn')).transitionDuration")
    assert all(float(each.strip().removesuffix("s")) < 0.001 for each in duration.split(","))
    context.close()


# --- the installed application


@pytest.fixture
def app_window(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Any]:
    """A window of a browser with a profile: nothing is installed in a private one."""
    program = next(filter(None, map(shutil.which, NAMES)))
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=program, args=ARGUMENTS
    )
    yield context.new_page()
    context.close()


def test_chromium_would_install_it(app_window: Any, site: Site) -> None:
    app_window.goto(f"{site[1]}/?lang=en")
    assert app_window.evaluate(IN_CHARGE)
    devtools = app_window.context.new_cdp_session(app_window)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert '"name":"Seoul Sample Medical Center"' in manifest["data"]
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []


@pytest.mark.parametrize(("language", "heading"), [("ko", "인터넷에"), ("en", "You are not connected")])
def test_without_a_net_a_page_says_what_still_works(visitor: Open, language: str, heading: str) -> None:
    window = visitor("phone")
    page = window.go("/verify", language)
    assert page.evaluate(IN_CHARGE)
    window.go("/", language)
    page.click(".sg-text-size a[data-size='125']")
    page.context.set_offline(True)
    page.goto(f"{window.address}/me/family")
    assert page.inner_text("h1").startswith(heading)
    assert page.get_attribute("html", "data-text") == "125"
    assert page.evaluate("getComputedStyle(document.querySelector('.krds-btn.primary')).backgroundColor") != (
        "rgba(0, 0, 0, 0)"
    ), "its style sheets are there"
    window.picture(f"no-network-{language}")
    page.context.set_offline(False)
    with page.expect_navigation():
        page.click("a[data-reload]")
    assert "/sign-in" in page.url, "the very page that was wanted, whose door asks who it is"


def test_nothing_of_a_person_stays_in_the_caches(visitor: Open, site: Site) -> None:
    world, _ = site
    window = visitor("phone")
    page = window.go("/")
    assert page.evaluate(IN_CHARGE)
    world.agency.knows("01000000345", name="MARKED-NAME", number=123)
    page = window.go("/sign-up")
    for kind in ("terms", "privacy", "health"):
        page.click(f"label[for=consent-{kind}]")
    page.click("label[for=hospital-1]")
    page.click("main button[type=submit]")
    for field, text in (("name", "MARKED-NAME"), ("birth", "900101-2"), ("phone", "01000000345")):
        page.fill(f"#{field}", text)
    page.click("main button[type=submit]")
    page.fill("#otp", world.agency.otp)
    page.click("main button[type=submit]")
    page.wait_for_url("**/me/devices")
    assert "MARKED-NAME" in window.go("/me/data").inner_text("main")
    page.evaluate("fetch('/api/v1/me').then((answer) => answer.json())")
    assert _strangers(page.evaluate(KEPT), window.address) == []
    page.click("form[action='/sign-out'] button")
    page.wait_for_url("**/")
    assert _strangers(page.evaluate(KEPT), window.address) == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def _strangers(kept: list[dict[str, str]], address: str) -> list[str]:
    """What is kept and is neither a static file nor the offline page."""
    assert len(kept) > 5, "the files of every page are kept"
    allowed = tuple(f"{address}{path}" for path in ("/static/", "/offline?lang=", "/offline-language"))
    return [each["url"] for each in kept if not each["url"].startswith(allowed) or "MARKED" in each["words"]]


def test_a_new_service_worker_takes_over_at_once(
    visitor: Open, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = visitor("desk")
    page = window.go("/")
    assert page.evaluate(IN_CHARGE)
    (before,) = page.evaluate("caches.keys()")
    monkeypatch.setattr(installed, "SHELL", installed.SHELL[:-1])
    page.evaluate("navigator.serviceWorker.getRegistration('/').then((found) => found.update())")
    page.wait_for_function(
        "(old) => caches.keys().then((names) => names.length === 1 && names[0] !== old)", arg=before
    )
    assert page.evaluate(IN_CHARGE)


def test_a_service_worker_that_is_no_longer_wanted_goes(visitor: Open) -> None:
    window = visitor("desk")
    page = window.go("/")
    assert page.evaluate(IN_CHARGE)
    page.evaluate("window.old = true")
    page.evaluate("document.documentElement.dataset.pwaLeast = '9'; import('/static/js/installed.js')")
    page.wait_for_function("() => window.old === undefined && document.readyState === 'complete'")
    assert page.evaluate("sessionStorage.getItem('saegim-replaced')") == "yes"
    assert page.evaluate(IN_CHARGE), "the new page puts the present one in charge"


def test_what_the_installed_pages_ask_of_the_api_says_so(
    visitor: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str | None] = []

    def listening(header: str | None) -> Any:
        heard.append(header)
        return client_policy.client_of(header)

    window = visitor("desk")
    page = window.go("/")
    assert page.evaluate(IN_CHARGE)
    monkeypatch.setattr(client_versions, "client_of", listening)
    ask = "(options) => fetch('/api/v1/sign-in/options', options).then((answer) => answer.status)"
    assert page.evaluate(ask, {"method": "POST", "body": "{}"}) in (403, 422)
    page.evaluate(ask, {"method": "POST", "headers": {"saegim-client": "shell/1.4"}})
    assert heard == ["pwa/1", "shell/1.4"]
    assert all("/api/" not in each["url"] for each in page.evaluate(KEPT))


# --- one's own menu


def test_ones_own_menu_never_covers_what_has_the_focus(visitor: Open, site: Site) -> None:
    """WCAG 2.4.11: on a telephone the menu stands at the bottom of the window."""
    world, _ = site
    window = visitor("phone")
    world.agency.knows("01000000346", name="가상환자46", number=46)
    page = window.go("/sign-up")
    for kind in ("terms", "privacy", "health"):
        page.click(f"label[for=consent-{kind}]")
    page.click("main button[type=submit]")
    for field, text in (("name", "가상환자46"), ("birth", "900101-2"), ("phone", "01000000346")):
        page.fill(f"#{field}", text)
    page.click("main button[type=submit]")
    page.fill("#otp", world.agency.otp)
    page.click("main button[type=submit]")
    window.go("/me/family")
    assert page.get_attribute(".sg-mine a[aria-current]", "href") == "/me/family"
    assert page.evaluate("getComputedStyle(document.querySelector('.sg-mine')).position") == "fixed"
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('main, footer') !== null"):
            seen += 1
            page.wait_for_function(  # it scrolls there in its own time
                """() => document.activeElement.getBoundingClientRect().bottom
                  <= document.querySelector(".sg-mine").getBoundingClientRect().top + 1""",
                timeout=3_000,
            )
    assert seen > 3
    page.click(".sg-text-size a[data-size='150']")
    assert page.evaluate("getComputedStyle(document.querySelector('.sg-mine')).position") == "static"
    assert window.complaints == []
