"""Rows of a vendor's service: listed by change, read by key or by reference, with their nested details.

What one page fetched is kept in a `Session`, so that a row is asked for once and head and details are of one answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, TypeAlias

from oracle.his.base import HisMalformed, Reason
from oracle.his.fields import Field
from oracle.his.rows import BadRow, Conversion, Fields, RowReader, add_detail, good_key
from oracle.his.values import BadValue, moment
from oracle.his.webservice.client import AnswerTooLarge
from oracle.his.webservice.mapping import Operation, WebDetail, WebHead
from oracle.his.webservice.protocol import COMPARE, Service, reach

_LONGEST_STAMP = 40
_LONGEST_NEXT = 4_000
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
"""Of a change stamp; nearer to the ends a moment has no neighbour in another time zone."""

Pick: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""Takes the value at one path of a row."""


@dataclass(slots=True)
class Session:
    """What one page has fetched: for each part of the mapping the rows of each key, none if there is none."""

    fetched: defaultdict[str, dict[str, list[Any]]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list. key, stamp: None if they can be none; stamp_text: as the service wrote it."""

    row: Any
    key: str | None
    stamp: datetime | None
    stamp_text: str


@dataclass(frozen=True, slots=True)
class Changes:
    """One answer of a list. more: None if the service does not say. next: what it gives to go on with."""

    rows: list[Listed]
    more: bool | None
    next: dict[str, str]


class HeadRows:
    """Rows that are one for each thing."""

    def __init__(
        self,
        part: str,
        head: WebHead,
        known: Mapping[str, Field],
        conversion: Conversion,
        service: Service,
        adapter: str,
    ) -> None:
        self.part = part
        self.head = head
        self._adapter = adapter
        self._service = service
        self._zone = conversion.zone
        self._row = RowReader(head.columns, known, conversion)
        self._picks = [_pick(name) for name in self._row.names]
        self._key, self._stamp = _pick(head.key), _pick(head.changed)
        original = head.columns.get("original")
        self._original = _pick(original.column) if original is not None and original.column else None

    def changes(self, session: Session, values: Mapping[str, str | None]) -> Changes:
        """One answer of the list; rows that are whole are kept. Raises `HisError`."""
        operation, paging, doing = self.head.changes, self.head.paging, f"listing {self.part}"
        content = self._service.call(operation, values, doing)
        listed = [self._listed(row) for row in self._service.rows(operation, content, doing)]
        if operation.whole:
            self._keep(session, _latest(listed))
        more = _truth(reach(content, paging.more)) if paging.more else None
        return Changes(listed, more, dict(self._next(content)))

    def by_key(self, session: Session, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """See `HeadSource.by_key`."""
        wanted, fetched = list(keys), session.fetched[self.part]
        operation = self.head.row
        for part in _parts(operation, [key for key in wanted if key not in fetched and _can_be_asked(key)]):
            found: dict[str, list[Any]] = {key: [] for key in part}
            for key, row in self._asked(operation, part, f"reading rows of {self.part}"):
                if key in found:
                    found[key].append(row)
            fetched.update(found)
        for key in wanted:
            for row in fetched.get(key, ()):
                yield key, self._read(row)

    def referring(self, session: Session, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """See `HeadSource.referring`."""
        operation, original, fetched = self.head.referring, self._original, session.fetched[self.part]
        if operation is None or original is None:
            return
        for part in _parts(operation, [key for key in keys if _can_be_asked(key)]):
            asked = set(part)
            for key, row in self._asked(operation, part, f"reading what refers to rows of {self.part}"):
                # a service that does not know the parameter answers with all it has
                if _as_key(original(row)) in asked:
                    fetched.setdefault(key, [row])
                    yield key, self._read(row)

    def stamps(self, session: Session, keys: Sequence[str]) -> Iterator[tuple[str, datetime]]:
        """The change stamps of the rows of these keys, where there are any."""
        for _ in self.by_key(session, keys):
            pass
        for key in keys:
            for row in session.fetched[self.part].get(key, ())[:1]:
                stamp = self._moment(self._stamp(row))
                if stamp is not None:
                    yield key, stamp

    def _asked(self, operation: Operation, keys: list[str], doing: str) -> Iterator[tuple[str, Any]]:
        """The rows of one answer that have a key; others are told of when they are listed. Too many at once are
        asked for in halves."""
        try:
            content = self._service.call(operation, {"keys": keys, "key": keys[0]}, doing)
        except AnswerTooLarge:
            if len(keys) == 1:
                raise
            for part in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                yield from self._asked(operation, part, doing)
            return
        rows = [] if content is None else self._service.rows(operation, content, doing)
        for row in rows:
            listed = self._listed(row)
            if listed.key is not None:
                yield listed.key, row

    def _listed(self, row: Any) -> Listed:
        if not isinstance(row, dict):
            return Listed(row, None, None, "")
        key, stamp = _as_key(self._key(row)), self._stamp(row)
        text = str(stamp)[:_LONGEST_STAMP] if isinstance(stamp, str | int) else ""
        return Listed(row, key, self._moment(stamp), text)

    def _moment(self, value: Any) -> datetime | None:
        return stamp_of(value, self._zone)

    def _read(self, row: Any) -> Fields | BadRow:
        return self._row.reading([pick(row) for pick in self._picks])

    def _keep(self, session: Session, rows: Iterable[Listed]) -> None:
        fetched: defaultdict[str, list[Any]] = defaultdict(list)
        for listed in rows:
            if listed.key is not None:
                fetched[listed.key].append(listed.row)
        session.fetched[self.part].update(fetched)

    def _next(self, content: Any) -> Iterator[tuple[str, str]]:
        for name, path in self.head.paging.next.items():
            value = reach(content, path)
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if value is None or value == "":
                continue
            if not isinstance(value, str) or len(value) > _LONGEST_NEXT or not value.isprintable():
                what = f"what the list of {self.part} gives to go on with ({path}) can not be sent back"
                raise HisMalformed(self._adapter, what, COMPARE)
            yield name, value


class DetailRows:
    """Rows nested in those of a `HeadRows`."""

    def __init__(
        self,
        part: str,
        detail: WebDetail,
        known: Mapping[str, Field],
        conversion: Conversion,
    ) -> None:
        self._part = part
        self._at = _pick(detail.at)
        self._row = RowReader(detail.columns, known, conversion)
        self._picks = [_pick(name) for name in self._row.names]

    def of(self, session: Session, keys: Iterable[str]) -> dict[str, list[Fields] | BadRow]:
        """See `DetailSource.of`."""
        found: dict[str, list[Fields] | BadRow] = {}
        fetched = session.fetched[self._part]
        for key in keys:
            for head in fetched.get(key, ())[:1]:
                rows = self._rows(self._at(head))
                if rows:
                    found[key] = self._read(rows)
        return found

    def _rows(self, nested: Any) -> list[Any]:
        if nested is None or nested == "":
            return []
        return nested if isinstance(nested, list) else [nested]

    def _read(self, rows: list[Any]) -> list[Fields] | BadRow:
        found: list[Fields] | BadRow = []
        for row in rows:
            if not isinstance(row, dict):
                return BadRow(Reason.NOT_A_ROW, "rows")
            found = add_detail(found, self._row.reading([pick(row) for pick in self._picks]))
            if isinstance(found, BadRow):
                break
        return found


def stamp_of(value: Any, zone: tzinfo) -> datetime | None:
    """A change stamp as a moment: ISO 8601 with or without offset, or YYYYMMDDHHMMSS in the hospital's zone."""
    if not isinstance(value, str | int) or isinstance(value, bool) or len(str(value)) > _LONGEST_STAMP:
        return None
    try:
        found: datetime | None = moment(zone)(value)
    except BadValue:
        found = None
    try:
        exact = datetime.fromisoformat(str(value)) if found is None or "." in str(value) else found
    except ValueError:
        return None
    if not _FIRST_YEAR <= exact.year <= _LAST_YEAR:
        return None
    return exact if exact.tzinfo else exact.replace(tzinfo=zone)


def _latest(rows: list[Listed]) -> list[Listed]:
    """Of each key the rows with the latest stamp: some lists have a row for each change."""
    last: dict[str, datetime] = {}
    for each in rows:
        if each.key is not None and each.stamp is not None:
            last[each.key] = max(each.stamp, last.get(each.key, each.stamp))
    return [each for each in rows if each.key is not None and each.stamp == last.get(each.key, each.stamp)]


def _pick(path: str) -> Pick:
    """How to take the value at a path of a row."""
    if "." not in path:
        return lambda row: row.get(path)
    return lambda row: reach(row, path)


def _as_key(value: Any) -> str | None:
    """A key without the padding of a CHAR column; none that lost a character."""
    key = good_key(value.strip(" ") if isinstance(value, str) else value)
    return None if key is None or "\ufffd" in key else key


def _truth(value: Any) -> bool:
    return (
        value is True
        or value == 1
        or (isinstance(value, str) and value.strip().lower() in ("true", "1", "y"))
    )


def _can_be_asked(key: str) -> bool:
    """Whether a key means itself in an address (``..`` does not) and in a list joined by commas."""
    return _as_key(key) == key and key not in (".", "..") and "," not in key


def _parts(operation: Operation, keys: list[str]) -> Iterator[list[str]]:
    size = operation.most_keys if "keys" in operation.placeholders() else 1
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
