"""Scanning a view that has a change stamp: the rows of `oracle.his.places`, asked for by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, ColumnElement, Connection, and_, not_, or_, select

from chain.clock import Clock
from oracle.his.places import Place, PlaceScanner
from oracle.his.rows import good_key
from oracle.his.scan import Found
from oracle.his.sql.mapping import Changed
from oracle.his.sql.rows import HeadReader, column_of, in_parts
from oracle.his.values import BadValue, moment

_LONGEST_STAMP = 40


class StampScanner(PlaceScanner[Connection]):
    """Scans one view by its stamp."""

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
        super().__init__(overlap, clock)
        self._view = head.view
        self._key = head.key
        self._stamp = column_of(head.view, changed.column)
        self.columns: Sequence[ColumnClause[Any]] = [self._stamp]
        self._stamps = _Stamps(changed.type, dialect, zone)

    def look_up(self, session: Connection, keys: Sequence[str]) -> list[Found]:
        """See `Scanner`."""
        query = select(self._key, self._stamp).select_from(self._view)
        found = in_parts(session, query, self._key, keys)
        stamps = {str(key): self._stamps.moment(self._stamps.text(stamp)) for key, stamp in found}
        return [Found(key, stamp) for key, stamp in stamps.items() if stamp is not None]

    def between(
        self, connection: Connection, after: Place | None, until: Place | None, limit: int
    ) -> Iterator[Place]:
        """See `PlaceScanner`."""
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

    def moment(self, stamp: str) -> datetime | None:
        """See `PlaceScanner`."""
        return self._stamps.moment(stamp)


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
