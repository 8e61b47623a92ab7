"""How to find which rows are new or changed: what all ways of scanning have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from oracle.his.base import Reason
from oracle.his.cursor import State


@dataclass(frozen=True, slots=True)
class Found:
    """A row that is new or changed. changed_at: its stamp, or when it was read if the view has none; aware."""

    key: str
    changed_at: datetime


@dataclass(slots=True)
class Scan:
    """What one scan gave: rows, unusable rows (a name for each that is safe to show, and why), where to go on."""

    found: list[Found]
    state: State
    more: bool
    unusable: list[tuple[str, Reason]] = field(default_factory=list)


S_contra = TypeVar("S_contra", contravariant=True)
"""What one read of an adapter uses: a connection, or answers already fetched."""


class Scanner(Protocol[S_contra]):
    """Finds what is new in one stream of rows.

    rests: whether going through once is a piece of work that is not begun again before every other stream has been
    through too; else a round of pages never ends where two streams are of different length.
    """

    rests: bool

    def scan(self, session: S_contra, state: State, limit: int) -> Scan:
        """About `limit` rows that follow `state`."""

    def look_up(self, session: S_contra, keys: Sequence[str]) -> list[Found]:
        """The rows of these keys, changed or not."""
