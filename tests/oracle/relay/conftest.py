"""A relay over a real socket, before a small hospital, with a clock that tests move."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from relay_world import RelayWorld


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayWorld]:
    with RelayWorld(tmp_path) as made:
        yield made
