"""A real browser before a real server: the backend's pages as people meet them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "chain", TESTS / "verifier", TESTS / "backend"):
    sys.path.insert(0, str(folder))

from backend_world import World  # noqa: E402 - it stands in a folder added above

from backend.app import create_app  # noqa: E402
from backend.services import passkey_server  # noqa: E402
from network.ports import choose_ports  # noqa: E402

SIZES = {"narrow": (320, 640), "phone": (390, 844), "desk": (1280, 900)}
SCREENS = TESTS.parent / ".build" / "screens"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A backend with one delivered receipt, served on a free port of the loopback address."""
    port = choose_ports(1)[0]
    address = f"http://localhost:{port}"  # passkeys need a name, not a number
    world = World(tmp_path_factory.mktemp("site"))
    # Every test's visitors come from one address; how often that may try is tried in tests/backend/test_limits.py.
    limits = "sign-in=off, sign-up=off, phone-address=off, phone-day=off, guess-address=off"
    settings = world.settings.model_copy(update={"public_url": address, "limits": limits})
    app = create_app(replace(world.services, settings=settings, authenticator=passkey_server(settings)))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield world, address
    server.should_exit = True
    thread.join()


class Visitor:
    """One person with one browser window. What the page complains about is a failure."""

    def __init__(self, context: BrowserContext, address: str, name: str) -> None:
        self.page: Page = context.new_page()
        self.address = address
        self.name = name
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "404" not in text and "422" not in text:
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(url)

    def go(self, path: str, language: str = "ko") -> Page:
        joint = "&" if "?" in path else "?"
        self.page.goto(f"{self.address}{path}{joint}lang={language}")
        return self.page

    def picture(self, title: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{title}-{self.name}.png", full_page=True)


@pytest.fixture
def visitor(browser: Browser, site: tuple[World, str]) -> Iterator[Callable[..., Visitor]]:
    """Opens a window: `visitor("phone", scripts=True)`."""
    contexts: list[BrowserContext] = []

    def open_window(size: str = "desk", *, scripts: bool = True) -> Visitor:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts, locale="ko-KR"
        )
        contexts.append(context)
        return Visitor(context, site[1], size)

    yield open_window
    for context in contexts:
        context.close()
