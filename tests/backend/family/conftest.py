"""A guardian, a child of a chosen age, a stranger; and the desk that confirms."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
from backend_world import World

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "identity")]

from household import Household  # noqa: E402 - it imports the folders above
from visitor import Browser  # noqa: E402


@pytest.fixture
def home(world: World) -> Household:
    return Household(world)


@pytest.fixture
def guardian(home: Household) -> Browser:
    return home.person(1, born=date(1985, 5, 5))
