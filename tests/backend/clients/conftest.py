"""An insurer's server before a backend that has its data-scope sheet."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from backend_world import World
from insurer import Insurer


@pytest.fixture
def insurer(world: World) -> Insurer:
    return Insurer(world)
