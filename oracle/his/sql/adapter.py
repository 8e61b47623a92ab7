"""`SqlAdapter`: an adapter for the views of a hospital's database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, Connection, Select, select

from chain.clock import Clock, utc_now
from oracle.his import fields
from oracle.his.base import HisMalformed, Page
from oracle.his.reading import StreamsReader
from oracle.his.rows import Conversion
from oracle.his.scan import Scanner
from oracle.his.sql.connection import COMPARE_WITH_MAPPING, ReadOnlyDatabase
from oracle.his.sql.digests import DigestScanner, DigestStore
from oracle.his.sql.mapping import Detail, Head, Mapping
from oracle.his.sql.rows import DetailReader, HeadReader
from oracle.his.sql.stamps import StampScanner
from oracle.his.streams import SettlementStream, Stream, VisitStream
from oracle.his.values import TextRules

Known: TypeAlias = Table[str, fields.Field]


class ViewScanner(Scanner[Connection], Protocol):
    """A scanner of one view. columns: those of the view that it needs beside the key."""

    columns: Sequence[ColumnClause[Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """A stream, the views it reads, and how it is followed."""

    stream: Stream[Connection]
    head: HeadReader
    details: Sequence[DetailReader]
    scanner: ViewScanner

    def views(self) -> Iterator[tuple[str, Select[Any]]]:
        """Every view by name, with a query that needs each mapped column and gives no row."""
        columns = [self.head.key, *self.head.row.columns, *self.scanner.columns]
        yield self.head.view.name, select(*columns).select_from(self.head.view).limit(0)
        for detail in self.details:
            query = select(detail.parent, detail.order, *detail.row.columns)
            yield detail.view.name, query.select_from(detail.view).limit(0)


class SqlAdapter:
    """Reads views as a mapping describes them. The constructor opens no connection.

    digests: where to remember row digests; needed when a view has no change stamp.
    timeout: seconds that one statement may take.
    """

    def __init__(
        self,
        mapping: Mapping,
        url: str,
        *,
        digests: DigestStore | None = None,
        clock: Clock = utc_now,
        timeout: float = 30.0,
    ) -> None:
        self._mapping = mapping
        self._clock = clock
        self._digests = digests
        self._database = ReadOnlyDatabase(self.name, url, timeout=timeout)
        self._zone = ZoneInfo(mapping.time_zone)
        self._conversion = Conversion(TextRules(mapping.text.binary, mapping.text.latin1), self._zone)
        self._parts = list(self._build_parts())
        streams = [(part.stream, part.scanner) for part in self._parts]
        self._reader = StreamsReader[Connection](self.name, streams, self._database.snapshot)

    @property
    def name(self) -> str:
        """``sql:`` and the mapping's name."""
        return f"sql:{self._mapping.name}"

    def read(self, cursor: str | None, limit: int) -> Page:
        """See `HisAdapter.read`."""
        return self._reader.read(cursor, limit)

    def reread(self, source_keys: Sequence[str]) -> Page:
        """See `RereadingAdapter.reread`."""
        return self._reader.reread(source_keys)

    def check(self) -> None:
        """Raise a `HisError` when the session could write, or naming every view that is not as mapped."""
        if not self._database.refuses_writing():
            remedy = "Use an account that may only read."
            raise HisMalformed(self.name, "the database session could write", remedy)
        views = [view for part in self._parts for view in part.views()]
        wrong = [name for name, query in views if not self._answers(name, query)]
        if wrong:
            what = f"a view is missing, or lacks a mapped column: {', '.join(wrong)}"
            raise HisMalformed(self.name, what, COMPARE_WITH_MAPPING)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def _answers(self, name: str, query: Select[Any]) -> bool:
        """Whether a view has what the query needs. Raises HisUnavailable."""
        try:
            with self._database.snapshot(f"looking at the view {name}") as connection:
                connection.execute(query)
        except HisMalformed:
            return False
        return True

    def _build_parts(self) -> Iterator[_Part]:
        mapping, kinds = self._mapping, self._mapping.documents
        if mapping.visits is not None and kinds & {"visit", "diagnosis"}:
            head = self._head(mapping.visits, fields.VISIT)
            wanted = mapping.diagnoses if "diagnosis" in kinds else None
            diagnoses = self._detail(wanted, fields.DIAGNOSIS)
            visits = VisitStream(head, diagnoses, kinds, mapping.issuer())
            yield self._part(visits, mapping.visits, head, diagnoses)
        if mapping.settlements is not None and kinds & {"bill", "receipt", "statement"}:
            head = self._head(mapping.settlements, fields.SETTLEMENT)
            rows = self._detail(mapping.form_rows, fields.FORM_ROW)
            lines = self._detail(mapping.lines if "statement" in kinds else None, fields.LINE)
            cashier = SettlementStream(head, rows, lines, kinds, mapping.issuer(), mapping.history_from)
            yield self._part(cashier, mapping.settlements, head, rows, lines)

    def _part(
        self, stream: Stream[Connection], view: Head, head: HeadReader, *details: DetailReader | None
    ) -> _Part:
        used = [detail for detail in details if detail is not None]
        return _Part(stream, head, used, self._scanner(stream.name, view, head, used))

    def _head(self, view: Head, known: Known) -> HeadReader:
        return HeadReader(view, known, self._conversion)

    def _detail(self, view: Detail | None, known: Known) -> DetailReader | None:
        return DetailReader(view, known, self._conversion) if view else None

    def _scanner(
        self, stream: str, view: Head, head: HeadReader, details: Sequence[DetailReader]
    ) -> ViewScanner:
        if view.changed is not None:
            return StampScanner(
                head,
                view.changed,
                dialect=self._database.dialect,
                zone=self._zone,
                overlap=timedelta(seconds=self._mapping.overlap_seconds),
                clock=self._clock,
            )
        if self._digests is None or view.day is None:
            remedy = "Hand in a DigestStore, or map a change stamp."
            raise HisMalformed(self.name, f"view {view.view} has no change stamp", remedy)
        return DigestScanner(
            stream,
            head,
            view.day,
            details,
            zone=self._zone,
            window=timedelta(days=self._mapping.window_days),
            store=self._digests,
            clock=self._clock,
        )
