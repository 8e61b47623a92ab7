"""What a fault is: a name, words, and what is done to a running system. The tables are `faults_*.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fault_world import World

Act = Callable[["World"], None]
"""One step. What it drew and did it tells by `world.note(…)`."""


def nothing(_: World) -> None:
    """No step of this kind."""


@dataclass(frozen=True)
class Fault:
    """One bad day. Before `inject` the system has anchored documents; after `heal` everything must come right.

    Whatever is drawn comes from `world.random`, so that a seed repeats it.
    """

    name: str
    what: str
    """What is done, in words."""
    inject: Act
    heal: Act = nothing
    setup: Act = nothing
    """Before anything runs: settings, ways to the nodes."""
    short: bool = False
    """Also part of `make test`."""
    validators: int | None = None
    """A network of its own with so many; None: the one that all faults share."""
    late: bool = False
    """Receipts come out of order: one that was replaced may end as withdrawn (oracle.states, note 2)."""
