"""Shared by the oracle's tests: makes the fakes importable (tests are no package)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
pytest.register_assert_rewrite("oracle_fakes", "delivery_contract")

from oracle_fakes import World  # noqa: E402

from oracle.crash import disarm  # noqa: E402


@pytest.fixture
def world() -> Iterator[World]:
    """A pipeline on fakes and an empty database in memory."""
    world = World()
    yield world
    disarm()
    world.close()
