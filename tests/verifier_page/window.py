"""A receiver before the static page: one browser window, offline, with a clock that tests set."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from vector_jobs import BUNDLES, vector_job

SCREENS = Path(__file__).parents[2] / ".build" / "screens"
SIZES = {"narrow": (320, 640), "phone": (390, 844), "desk": (1280, 900)}
AXE = Path(__file__).parents[2] / "hardhat-node" / "node_modules" / "axe-core" / "axe.min.js"


class Window:
    """What the page complains about and what it asks the network for is remembered."""

    def __init__(self, browser: Browser, address: str, size: str, *, bypass_policy: bool = False) -> None:
        width, height = SIZES[size]
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            locale="ko-KR",
            offline=address.startswith("file:"),
            bypass_csp=bypass_policy,
            has_touch=size != "desk",
        )
        self.address = address
        self.size = size
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        """One more tab with the page in it, at the moment of the vectors."""
        page = self.context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.clock.install(time=vector_job("valid.saegim").now)
        page.goto(self.address)
        return page

    def set_time(self, moment: datetime) -> None:
        self.page.clock.set_fixed_time(moment)

    def trust(self, file: str | bytes = "network.json") -> None:
        """Chooses a trust file: one of the vectors', or given bytes."""
        data = (BUNDLES / file).read_bytes() if isinstance(file, str) else file
        self.page.set_input_files("#trust-file", _upload("network.json", data))

    def document(self, file: str | bytes) -> None:
        """Chooses a document and waits until the page has taken it."""
        name = file if isinstance(file, str) else "document.saegim"
        data = (BUNDLES / file).read_bytes() if isinstance(file, str) else file
        self.page.locator("#document-name").evaluate("element => element.replaceChildren()")
        self.page.set_input_files("#document-file", _upload(name, data))
        self.page.locator("#document-name", has_text=name).wait_for()

    @property
    def headline(self) -> str:
        return self.page.locator("#verdict-title").inner_text()

    @property
    def verdict(self) -> str:
        return self.page.locator("#verdict .sg-verdict-code").inner_text()

    @property
    def codes(self) -> list[str]:
        """Reason codes of the five findings, in their order."""
        return self.page.locator(".sg-findings .sg-mono").all_inner_texts()

    def stored(self) -> dict[str, str]:
        """Everything that the page keeps in this browser."""
        kept: dict[str, str] = json.loads(self.page.evaluate("() => JSON.stringify({ ...localStorage })"))
        return kept

    def violations(self) -> list[str]:
        """What axe finds wrong, one line each. Only in a window that bypasses the policy: axe is no part of it."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate("async () => (await axe.run()).violations")
        return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]

    def picture(self, title: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"verifier-{title}-{self.size}.png", full_page=True)


def _upload(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}
