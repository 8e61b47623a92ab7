"""A desk, and the gateway's stand-in over real HTTP with its real adapter before it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / name) for name in ("identity", "staff", "family"))]

from backend_world import World  # noqa: E402 - it imports the folders above
from counter import Counter  # noqa: E402

from tests.fixtures.served import Stage, served  # noqa: E402


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, str]]:
    set_up = Stage()
    with served(set_up) as address:
        yield set_up, address


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, stage: tuple[Stage, str]) -> Iterator[Counter]:
    """One hospital for a module's tests: each has patients of its own, and days go on."""
    with World(tmp_path_factory.mktemp("hospital")) as world, Counter(world, *stage) as made:
        yield made


@pytest.fixture
def counter(shared: Counter) -> Counter:
    """The gateway well, the desk signed in."""
    shared.begin()
    return shared


@pytest.fixture
def new_counter(stage: tuple[Stage, str]) -> Callable[[World], Counter]:
    """For a world that the test makes itself."""
    return lambda world: Counter(world, *stage)
