"""A backend, an agency that knows two people, and their browsers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "staff"):
    sys.path.insert(0, str(folder))

from backend_world import World  # noqa: E402 - it imports the folders above
from colleague import Colleague  # noqa: E402
from doors import foreign  # noqa: E402
from visitor import SITE, Browser  # noqa: E402

from backend.staff.roles import Role  # noqa: E402
from sandbox.soft_key import SoftKey  # noqa: E402

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


@pytest.fixture
def desk(world: World) -> Colleague:
    """Somebody of 원무, signed in."""
    return Colleague(world, Role.REGISTRATION).come_in()


@pytest.fixture
def guest(browser_of: Callable[[], Browser]) -> Browser:
    """A foreigner with an account that nobody has checked, and a passkey."""
    browser = browser_of()
    assert foreign(browser).status_code == 303
    assert browser.add_passkey().status_code == 201
    return browser


@pytest.fixture
def owner(browser_of: Callable[[], Browser]) -> Browser:
    """The same human, signed up by telephone from another browser."""
    browser = browser_of()
    assert browser.sign_up(FIRST).status_code == 303
    browser.key = SoftKey(SITE, "testserver")
    assert browser.add_passkey().status_code == 201
    return browser
