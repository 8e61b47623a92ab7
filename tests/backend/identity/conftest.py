"""A backend, an agency that knows two people, and their browsers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from backend_world import World
from visitor import Browser

FIRST, SECOND = "01000000001", "01000000002"


@pytest.fixture
def browser_of(world: World) -> Callable[[], Browser]:
    world.agency.knows(FIRST, name="가상환자01", number=1)
    world.agency.knows(SECOND, name="가상환자02", number=2)
    return lambda: Browser(world)


@pytest.fixture
def person(browser_of: Callable[[], Browser]) -> Browser:
    """Signed up, with a passkey."""
    browser = browser_of()
    assert browser.sign_up().status_code == 303
    assert browser.add_passkey().status_code == 201
    return browser
