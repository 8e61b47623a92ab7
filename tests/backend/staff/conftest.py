"""A hospital's staff, each at their own browser, and a patient with a document."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "identity"):
    sys.path.insert(0, str(folder))

from backend_world import World  # noqa: E402
from colleague import Colleague  # noqa: E402
from visitor import Browser  # noqa: E402

from backend.staff.roles import Role  # noqa: E402

PHONE = "01000000001"


@pytest.fixture
def colleague(world: World) -> Callable[[Role], Colleague]:
    """Somebody of this role, enrolled and signed in."""
    return lambda role: Colleague(world, role).come_in()


@pytest.fixture
def patient(world: World) -> Browser:
    """Signed up, not bound yet."""
    world.agency.knows(PHONE, name="가상환자01", number=1)
    browser = Browser(world)
    assert browser.sign_up(PHONE).status_code == 303
    assert browser.add_passkey().status_code == 201
    return browser
