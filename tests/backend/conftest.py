"""A backend on throw-away databases, with a clock that tests move and a synthetic chain behind its node."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "chain", TESTS / "verifier", TESTS / "backend"):
    sys.path.insert(0, str(folder))

from backend_world import World  # noqa: E402 - it imports the folders above


@pytest.fixture
def world(tmp_path: Path):
    with World(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def file_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One backend for a whole file of tests that change nothing in it; making one takes most of a second."""
    with World(tmp_path_factory.mktemp("world")) as made:
        yield made
