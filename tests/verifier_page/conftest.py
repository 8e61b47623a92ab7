"""Shared by the tests of the static verifier page: the built page, and its verifier in Node."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

TESTS = Path(__file__).parents[1]
for folder in (Path(__file__).parent, TESTS / "verifier", TESTS / "chain"):
    sys.path.insert(0, str(folder))

from node_verifier import NODE, PAGE, NodeVerifier  # noqa: E402 - it is in one of the folders above
from window import Window  # noqa: E402

from records.kinds import KINDS  # noqa: E402


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder of a fresh build."""
    subprocess.run([NODE, PAGE / "build.mjs"], check=True, capture_output=True, text=True)
    return PAGE / "dist"


@pytest.fixture(scope="session")
def node_verifier(dist: Path) -> NodeVerifier:
    return NodeVerifier(dist / "core.mjs")


@pytest.fixture
def window(browser: Browser, dist: Path) -> Iterator[Callable[..., Window]]:
    """Opens a window on the built file: `window("phone")`. The page must not have complained or asked for anything."""
    opened: list[Window] = []

    def open_window(size: str = "desk", *, address: str = "", bypass_policy: bool = False) -> Window:
        page = (dist / "saegim-verify.html").as_uri()
        made = Window(browser, address or page, size, bypass_policy=bypass_policy)
        opened.append(made)
        return made

    yield open_window
    for each in opened:
        each.context.close()
        assert not each.complaints
        assert set(each.requests) == {each.address}


@pytest.fixture
def no_rules(monkeypatch):
    """Without the rules over several fields, which the page leaves out."""
    for kind in KINDS.values():
        monkeypatch.setattr(kind.model, "RULES", ())
