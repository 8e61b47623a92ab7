"""A hospital's devices, and who keeps them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

for folder in (Path(__file__).parent, *(Path(__file__).parents[1] / name for name in ("identity", "staff"))):
    sys.path.insert(0, str(folder))

from backend_world import World  # noqa: E402
from colleague import Colleague  # noqa: E402
from machine import Machine  # noqa: E402

from backend.staff.roles import Role  # noqa: E402


@pytest.fixture
def machine(world: World) -> Machine:
    """Not paired yet."""
    return Machine(world)


@pytest.fixture
def device(machine: Machine) -> Machine:
    """A paired kiosk."""
    assert machine.pair().status_code == 201
    return machine


@pytest.fixture
def keeper(world: World) -> Colleague:
    """Somebody of the information department, signed in."""
    return Colleague(world, Role.INFORMATION).come_in()


@pytest.fixture
def colleague(world: World) -> Callable[..., Colleague]:
    return lambda role, hospital=1: Colleague(world, role, hospital).come_in()
