"""A backend on throw-away databases, with a clock that tests move and a synthetic chain behind its node."""

from __future__ import annotations

import sys
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
