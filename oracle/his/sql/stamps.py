"""Scanning a view that has a change stamp.

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

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, ColumnElement, Connection, and_, not_, or_, select

from chain.clock import Clock
from oracle.his.base import Reason
from oracle.his.cursor import State
from oracle.his.rows import good_key
from oracle.his.scan import Found, Scan
from oracle.his.sql.mapping import Changed
from oracle.his.sql.rows import HeadReader, column_of, in_parts
from oracle.his.values import BadValue, moment

MOST_REMEMBERED = 200_000
"""Rows remembered between mark and front. Beyond that all are forgotten and read twice."""

_SWEEP_ROWS = 5_000


_LONGEST_STAMP = 40


class Place(NamedTuple):
    """A place in the order of a view: the stamp as text, and the key.

    key is None for a row whose key can be none; as a place that is the end of its stamp, so that reading goes on.
    """

    stamp: str
    key: str | None


class StampScanner:
    """Scans one view by its stamp. Holds no state that a restart may not lose."""

    rests = False

    def __init__(
        self,
        head: HeadReader,
        changed: Changed,
        *,
        dialect: str,
        zone: ZoneInfo,
        overlap: timedelta,
        clock: Clock,
    ) -> None:
        self._view = head.view
        self._key = head.key
        self._stamp = column_of(head.view, changed.column)
        self.columns: Sequence[ColumnClause[Any]] = [self._stamp]
        self._stamps = _Stamps(changed.type, dialect, zone)
        self._overlap = overlap
        self._clock = clock
        self._remembered: set[Place] = set()
        self._forgotten: Place | None = None
        self._answered: State = {}
        self._swept: datetime | None = None

    def scan(self, session: Connection, state: State, limit: int) -> Scan:
        """New rows first; when they run out, or a second look is overdue, rows that came late."""
        now = self._clock()
        at = _Position.of(state)
        if state != self._answered:
            self._remembered.clear()  # the last pages may have been lost on the way: read them once more
        fresh = list(self._between(session, at.front, None, limit))
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

    def look_up(self, session: Connection, keys: Sequence[str]) -> list[Found]:
        """See `Scanner`."""
        query = select(self._key, self._stamp).select_from(self._view)
        found = in_parts(session, query, self._key, keys)
        stamps = {str(key): self._stamps.moment(self._stamps.text(stamp)) for key, stamp in found}
        return [Found(key, stamp) for key, stamp in stamps.items() if stamp is not None]

    def _sweep(
        self, connection: Connection, at: _Position, limit: int, now: datetime
    ) -> tuple[list[Place], bool]:
        """Look again at (mark, front]: rows not seen before, and whether the end was reached."""
        if at.mark == at.front:
            self._swept = now
            return [], True
        if at.horizon is None:
            at.horizon, at.sweep, at.passed = (now - self._overlap).isoformat(), at.mark, at.mark
        horizon = datetime.fromisoformat(at.horizon)
        late: list[Place] = []
        rows: list[Place] | None = None
        while rows is None or len(rows) == _SWEEP_ROWS:
            rows = list(self._between(connection, at.sweep, at.front, _SWEEP_ROWS))
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

    def _between(
        self, connection: Connection, after: Place | None, until: Place | None, limit: int
    ) -> Iterator[Place]:
        query = select(self._stamp, self._key).select_from(self._view)
        query = query.where(self._stamp.is_not(None), self._key.is_not(None))
        if after is not None:
            query = query.where(self._beyond(after))
        if until is not None:
            query = query.where(not_(self._beyond(until)))
        query = query.order_by(self._stamp, self._key).limit(limit)
        for stamp, key in connection.execute(query):
            yield Place(self._stamps.text(stamp), good_key(key))

    def _beyond(self, place: Place) -> ColumnElement[bool]:
        stamp = self._stamps.bound(place.stamp)
        later: ColumnElement[bool] = self._stamp > stamp
        return later if place.key is None else or_(later, and_(self._stamp == stamp, self._key > place.key))

    def _is_before(self, place: Place, horizon: datetime) -> bool:
        found = self._stamps.moment(place.stamp)
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
            changed_at = self._stamps.moment(row.stamp)
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


class _Stamps:
    """Stamps as text in the cursor, as values in a query, and as moments."""

    def __init__(self, kind: str, dialect: str, zone: ZoneInfo) -> None:
        self._as_text = kind == "text" or dialect == "sqlite"
        self._zone = zone
        self._moment = moment(zone)

    def text(self, value: Any) -> str:
        if isinstance(value, datetime):
            local = value.astimezone(self._zone) if value.tzinfo else value
            return local.isoformat(sep=" ", timespec="microseconds")
        return str(value)[:_LONGEST_STAMP]

    def bound(self, stamp: str) -> Any:
        return stamp if self._as_text else datetime.fromisoformat(stamp)

    def moment(self, stamp: str) -> datetime | None:
        try:
            found: datetime | None = self._moment(stamp if self._as_text else datetime.fromisoformat(stamp))
        except (BadValue, ValueError):
            return None
        return found
