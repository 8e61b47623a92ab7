"""Following rows in the order of their change stamps, whatever they are read from.

A stamp is taken when a transaction writes and becomes visible when it commits, so rows appear *behind* the place
reached. How far behind is bounded by `overlap`: everything stamped before now − overlap is visible. Three places in
the order (stamp, key) are kept:

* mark: everything up to here has been read, for good.
* front: the furthest row read.
* sweep: how far the present second look at (mark, front] has come; a complete one moves the mark.

Rows of (mark, front] that were read are remembered in memory, as long as each scan goes on from the state that
the one before answered. After a restart, or when a page was not saved, they are read once more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from chain.clock import Clock
from oracle.his.base import Reason
from oracle.his.cursor import State
from oracle.his.scan import Found, Scan

S = TypeVar("S")
"""What one read of an adapter uses: a connection, or answers already fetched."""

MOST_REMEMBERED = 200_000
"""Rows remembered between mark and front. Beyond that all are forgotten and read twice."""


class Place(NamedTuple):
    """A place in the order of rows: the stamp as text, and the key.

    key is None for a row whose key can be none; as a place that is the end of its stamp, so that reading goes on.
    """

    stamp: str
    key: str | None


class PlaceScanner(ABC, Generic[S]):
    """Scans one stream of rows by stamp. Holds no state that a restart may not lose."""

    rests = False
    sweep_rows = 5_000
    """Rows asked for at once in a second look."""

    def __init__(self, overlap: timedelta, clock: Clock) -> None:
        self._overlap = overlap
        self._clock = clock
        self._remembered: set[Place] = set()
        self._forgotten: Place | None = None
        self._answered: State = {}
        self._swept: datetime | None = None

    @abstractmethod
    def between(self, session: S, after: Place | None, until: Place | None, limit: int) -> Iterable[Place]:
        """The first rows of (after, until] in the order of stamp and key, `limit` at the most; None: no bound."""

    @abstractmethod
    def moment(self, stamp: str) -> datetime | None:
        """When a stamp was, aware; None if it is none."""

    def scan(self, session: S, state: State, limit: int) -> Scan:
        """New rows first; when they run out, or a second look is overdue, rows that came late."""
        now = self._clock()
        at = _Position.of(state)
        if state != self._answered:
            self._remembered.clear()  # the last pages may have been lost on the way: read them once more
        fresh = list(self.between(session, at.front, None, limit))
        late: list[Place] = []
        more = len(fresh) == limit
        if not more or self._swept is None or now - self._swept >= self._overlap:
            late, done = self._sweep(session, at, max(limit - len(fresh), 1), now)
            more = more or not done
        if fresh:
            if at.mark == at.front:
                at.mark = self._last_before(fresh, now - self._overlap) or at.mark
            at.front = fresh[-1]
        rows = late + fresh
        at.pages += bool(rows)
        self._remember(rows, at)
        self._answered = at.state()
        return self._answer(rows, at, more)

    def _sweep(self, session: S, at: _Position, limit: int, now: datetime) -> tuple[list[Place], bool]:
        """Look again at (mark, front]: rows not seen before, and whether the end was reached."""
        if at.mark == at.front:
            self._swept = now
            return [], True
        if at.horizon is None:
            at.horizon, at.sweep, at.passed = (now - self._overlap).isoformat(), at.mark, at.mark
        horizon = datetime.fromisoformat(at.horizon)
        late: list[Place] = []
        rows: list[Place] | None = None
        while rows is None or len(rows) == self.sweep_rows:
            rows = list(self.between(session, at.sweep, at.front, self.sweep_rows))
            for row in rows:
                at.sweep = row
                if self._is_before(row, horizon):
                    at.passed = row
                if row not in self._remembered:
                    late.append(row)
                    if len(late) >= limit:
                        return late, False
        at.mark, at.sweep, at.horizon, at.passed = at.passed, None, None, None
        self._swept = now
        return late, True

    def _is_before(self, place: Place, horizon: datetime) -> bool:
        found = self.moment(place.stamp)
        return found is not None and found <= horizon

    def _last_before(self, rows: list[Place], horizon: datetime) -> Place | None:
        return next((row for row in reversed(rows) if self._is_before(row, horizon)), None)

    def _remember(self, rows: list[Place], at: _Position) -> None:
        self._remembered.update(rows)
        if at.mark is not None and at.mark != self._forgotten:
            passed, self._forgotten = at.mark.stamp, at.mark
            self._remembered = {row for row in self._remembered if row.stamp >= passed}
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.clear()

    def _answer(self, rows: list[Place], at: _Position, more: bool) -> Scan:
        scan = Scan([], at.state(), more)
        for row in rows:
            changed_at = self.moment(row.stamp)
            if row.key is None:
                scan.unusable.append((f"row of {row.stamp}", Reason.KEY_INVALID))
            elif changed_at is None:
                scan.unusable.append((row.key, Reason.STAMP_INVALID))
            else:
                scan.found.append(Found(row.key, changed_at))
        return scan


class _Position:
    """The three places; of the present sweep its horizon and the last row before that; and the pages with rows so
    far, which tells any two states apart that rows lie between."""

    __slots__ = ("front", "horizon", "mark", "pages", "passed", "sweep")

    def __init__(self) -> None:
        self.mark: Place | None = None
        self.front: Place | None = None
        self.sweep: Place | None = None
        self.passed: Place | None = None
        self.horizon: str | None = None
        self.pages = 0

    @classmethod
    def of(cls, state: State) -> _Position:
        """From a cursor's state; a state of the other way of scanning starts from the beginning."""
        position = cls()
        if state.get("by") == "stamp":
            for name in ("mark", "front", "sweep", "passed"):
                found = state.get(name)
                setattr(position, name, Place(str(found[0]), found[1]) if found else None)
            position.horizon = state.get("horizon")
            position.pages = int(state.get("pages", 0))
        return position

    def state(self) -> State:
        """For the cursor."""
        kept: State = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None:
                kept[name] = list(value) if isinstance(value, Place) else value
        return {"by": "stamp", **kept}
