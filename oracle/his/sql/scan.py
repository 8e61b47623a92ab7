"""How to find which rows of a view are new or changed: what both ways of scanning have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnClause, Connection

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


class Scanner(Protocol):
    """Finds what is new in one view.

    rests: whether going through the view once is a piece of work that is not begun again before every other stream
    has been through too; else a page never ends where two streams are of different length.
    """

    rests: bool
    columns: Sequence[ColumnClause[Any]]
    """Columns of the view that it needs beside the key."""

    def scan(self, connection: Connection, state: State, limit: int) -> Scan:
        """About `limit` rows that follow `state`."""

    def look_up(self, connection: Connection, keys: Sequence[str]) -> list[Found]:
        """The rows of these keys, changed or not."""
