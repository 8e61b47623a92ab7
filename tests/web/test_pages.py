"""The public pages in a real browser: by pointer, by keyboard, without scripts, on small screens, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backend_world import World

ROOT = Path(__file__).parents[2]
AXE = ROOT / "hardhat-node" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.web

Site = tuple[World, str]
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def link(site: Site) -> str:
    """The path of a link to the delivered receipt."""
    return site[0].link(site[0].delivered())


@pytest.fixture
def bundle_file(site: Site, tmp_path: Path) -> Path:
    path = tmp_path / "receipt.saegim"
    path.write_bytes(site[0].bundle())
    return path


def violations(page: Any) -> list[str]:
    """WCAG 2.2 AA rules of axe that the page breaks, with the first place of each."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found["violations"]]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", ["narrow", "phone", "desk"])
def test_every_page_fits_and_loads_only_its_own(
    visitor: Open, link: str, size: str, language: str, bundle_file: Path
) -> None:
    window = visitor(size)
    for title, path in (
        ("home", "/"),
        ("verify", "/verify"),
        ("offline", "/verify/offline"),
        ("document", link),
        ("missing", "/none"),
    ):
        page = window.go(path, language)
        window.picture(f"{title}-{language}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{title} is too wide"
        )
        assert page.get_attribute("html", "lang") == language
    window.go("/verify", language).set_input_files("#file", bundle_file)
    window.page.click("button[type=submit]")
    window.picture(f"verified-{language}")
    assert window.complaints == []
    assert window.foreign == []


@pytest.mark.parametrize("language", ["ko", "en"])
def test_axe_finds_nothing(visitor: Open, link: str, language: str, browser: Any, site: Site) -> None:
    # axe is put into the page by the test; the page's own policy would rightly refuse it.
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    for path in ("/", "/verify", "/verify/offline", link, "/none"):
        page.goto(f"{site[1]}{path}?lang={language}")
        assert violations(page) == [], path
    context.close()


def test_a_receipt_is_checked_by_keyboard_alone(visitor: Open, link: str, site: Site) -> None:
    window = visitor("desk")
    page = window.go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    while page.evaluate("document.activeElement.getAttribute('href')") != "/verify":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/verify")
    while page.evaluate("document.activeElement.id") != "link":
        page.keyboard.press("Tab")
    page.keyboard.type(f"{site[1]}{link}")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sg-verdict")
    assert page.inner_text("h1") == "유효한 문서입니다"
    assert window.complaints == []


def test_the_page_works_without_scripts(visitor: Open, bundle_file: Path) -> None:
    window = visitor("phone", scripts=False)
    page = window.go("/verify")
    page.set_input_files("#file", bundle_file)
    page.click("button[type=submit]")
    assert page.inner_text("h1") == "유효한 문서입니다"


def test_the_download_is_the_bundle_that_the_page_accepts(visitor: Open, link: str, tmp_path: Path) -> None:
    page = visitor("phone").go(link)
    with page.expect_download() as download:
        page.click("a[download]")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == ".saegim"
    page = visitor("phone").go("/verify")
    page.set_input_files("#file", path)
    page.click("button[type=submit]")
    assert page.inner_text("h1") == "유효한 문서입니다"


def test_what_was_typed_is_kept_when_something_is_wrong(visitor: Open) -> None:
    page = visitor("phone").go("/verify")
    page.fill("#link", "https://elsewhere.test/d/abc")
    page.select_option("#reader", "claim")
    page.click("button[type=submit]")
    assert page.is_visible("[role=alert]")
    assert page.input_value("#link") == "https://elsewhere.test/d/abc"
    assert page.input_value("#reader") == "claim"


def test_the_language_stays_when_going_on(visitor: Open) -> None:
    page = visitor("desk").go("/")
    page.click("text=English")
    page.click("nav >> text=Check a document")
    assert page.inner_text("h1") == "Check a document"
