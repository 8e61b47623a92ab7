"""Scanning a view that has no change stamp: everything of the last days is read again and compared by digest.

Each pass goes through the window in the order of the keys. A row counts as changed when the digest over itself and
all its details differs from the one remembered in a `DigestStore`. Cursor and store are saved apart, so they carry
the same version: a page number in a timeline. Where they differ (a page was not saved, a backup came back), the
store is rewound to the cursor and a new timeline begins; what is forgotten is read once more, and nothing is lost.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, Connection, select

from chain.clock import Clock
from oracle.his.base import Reason
from oracle.his.cursor import State
from oracle.his.rows import good_key
from oracle.his.scan import Found, Scan
from oracle.his.sql.mapping import Day
from oracle.his.sql.rows import DetailReader, HeadReader, column_of, streamed

_KEYS_AT_ONCE = 500


class Version(NamedTuple):
    """Up to which page of which timeline something goes."""

    timeline: str
    page: int


_BEGINNING = Version("", 0)


class DigestStore(Protocol):
    """Remembers digests by stream and key, and the version they go up to. May lose everything: then all rows of the
    window are read twice."""

    def version(self, stream: str) -> Version:
        """The version of a stream's digests; the beginning (no timeline, page 0) if there are none."""

    def rewind(self, stream: str, to: Version, timeline: str) -> None:
        """Forget what pages after `to` wrote, or all if that is of another timeline; go on in a new timeline."""

    def known(self, stream: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The digests remembered of these keys."""

    def remember(self, stream: str, digests: Mapping[str, tuple[bytes, str]], version: Version) -> None:
        """Keep the digest and day (YYYY-MM-DD) of each key, and the version, at once."""

    def forget(self, stream: str, before: str) -> None:
        """Drop what belongs to days before this one: it is out of the window."""


class DigestScanner:
    """Scans one view, and the detail views that belong to its rows, by digests."""

    rests = True

    def __init__(
        self,
        stream: str,
        head: HeadReader,
        day: Day,
        details: Collection[DetailReader],
        *,
        zone: ZoneInfo,
        window: timedelta,
        store: DigestStore,
        clock: Clock,
    ) -> None:
        self._stream = stream
        self._view = head.view
        self._key = head.key
        self._day = column_of(head.view, day.column)
        self.columns: Sequence[ColumnClause[Any]] = [self._day]
        self._day_is_text = day.type == "text"
        self._row = head.row
        self._details = details
        self._zone = zone
        self._window = window
        self._store = store
        self._clock = clock

    def scan(self, session: Connection, state: State, limit: int) -> Scan:
        """The changed ones of the next `limit` rows of this pass."""
        today = self._clock().astimezone(self._zone).date()
        start = today - self._window
        version, after = self._agreed(state)
        digests, unusable, last, rows = self._digests(session, start, after, limit)
        changed = self._changed(digests)
        if changed:
            version = version._replace(page=version.page + 1)
            remembered = {key: (digests[key], str(today)) for key in changed}
            self._store.remember(self._stream, remembered, version)
        more = rows == limit and last != after
        if not more:
            self._store.forget(self._stream, str(start - self._window))
        state = {"by": "digest", "version": list(version), **({"after": last} if more else {})}
        return Scan(self.look_up(session, changed), state, more, unusable)

    def _agreed(self, state: State) -> tuple[Version, str | None]:
        """The version that cursor and store share, and the key after which this pass goes on."""
        mine, after = _BEGINNING, None
        if state.get("by") == "digest":
            timeline, page = state["version"]
            mine, after = Version(str(timeline), int(page)), state.get("after")
        if mine.timeline and mine == self._store.version(self._stream):
            return mine, after
        timeline = secrets.token_hex(8)
        self._store.rewind(self._stream, mine, timeline)
        return Version(timeline, mine.page), after

    def look_up(self, session: Connection, keys: Sequence[str]) -> list[Found]:
        """See `Scanner`."""
        now = self._clock()
        return [Found(key, now) for key in keys]

    def _digests(
        self, connection: Connection, start: date, after: str | None, limit: int
    ) -> tuple[dict[str, bytes], list[tuple[str, Reason]], str | None, int]:
        query = select(self._key, *self._row.columns).select_from(self._view).where(self._key.is_not(None))
        query = query.where(self._day >= (start.strftime("%Y%m%d") if self._day_is_text else start))
        if after is not None:
            query = query.where(self._key > after)
        hashes: dict[str, hashlib._Hash] = {}
        unusable: list[tuple[str, Reason]] = []
        rows, last = 0, after
        for values in streamed(connection, query.order_by(self._key).limit(limit), {}):
            rows += 1
            key = good_key(values[0])
            content = repr(tuple(values[1:])).encode("utf-8", "surrogatepass")
            if key is None:
                unusable.append(
                    (f"row {hashlib.sha256(repr(values[0]).encode()).hexdigest()[:16]}", Reason.KEY_INVALID)
                )
                continue
            hashes.setdefault(key, hashlib.sha256()).update(content)
            last = key
        for detail in self._details:
            detail.digest_into(connection, hashes, hashes)
        return {key: digest.digest() for key, digest in hashes.items()}, unusable, last, rows

    def _changed(self, digests: Mapping[str, bytes]) -> list[str]:
        keys, changed = list(digests), []
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = keys[start : start + _KEYS_AT_ONCE]
            known = self._store.known(self._stream, part)
            changed += [key for key in part if known.get(key) != digests[key]]
        return changed
