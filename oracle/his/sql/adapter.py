"""`SqlAdapter`: an adapter for the views of a hospital's database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Table
from datetime import timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, select

from chain.clock import Clock, utc_now
from oracle.his.base import HisMalformed, Page, Reject
from oracle.his.cursor import Cursor, decode, encode
from oracle.his.sql import fields
from oracle.his.sql.connection import COMPARE_WITH_MAPPING, ReadOnlyDatabase
from oracle.his.sql.digests import DigestScanner, DigestStore
from oracle.his.sql.mapping import Detail, Head, Mapping
from oracle.his.sql.rows import Conversion, DetailReader, HeadReader
from oracle.his.sql.scan import Scanner
from oracle.his.sql.stamps import StampScanner
from oracle.his.sql.streams import Made, SettlementStream, Stream, VisitStream
from oracle.his.values import TextRules

Known: TypeAlias = Table[str, fields.Field]


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
        self._database = ReadOnlyDatabase(self.name, url, timeout=timeout)
        self._zone = ZoneInfo(mapping.time_zone)
        self._conversion = Conversion(TextRules(mapping.text.binary, mapping.text.latin1), self._zone)
        built = list(self._build_streams())
        self._streams = [stream for stream, _ in built]
        self._scanners = {stream.name: self._scanner(stream, view, digests) for stream, view in built}

    @property
    def name(self) -> str:
        """``sql:`` and the mapping's name."""
        return f"sql:{self._mapping.name}"

    def read(self, cursor: str | None, limit: int) -> Page:
        """See `HisAdapter.read`. The streams share the limit; what one does not use goes to the next."""
        at = decode(self.name, cursor)
        made, more, left = Made(), False, max(limit, len(self._streams))
        with self._database.snapshot("reading") as connection:
            for position, stream in enumerate(self._streams):
                if stream.name in at.resting:
                    continue
                share = max(left // (len(self._streams) - position), 1)
                looked, again = self._step(connection, stream, at, share, made)
                left, more = left - looked, more or again
        if not more:
            at.resting = []
        return Page(made.documents, made.rejects, encode(self.name, at), more)

    def reread(self, source_keys: Sequence[str]) -> Page:
        """See `RereadingAdapter.reread`."""
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        for source_key in dict.fromkeys(source_keys):
            kind, _, key = source_key.partition(":")
            stream = next((each for each in self._streams if kind in each.kinds), None)
            if stream is not None and key:
                wanted[stream.name].append(key)
        made = Made()
        with self._database.snapshot("reading again") as connection:
            for stream in self._streams:
                found = self._scanners[stream.name].look_up(connection, wanted[stream.name])
                _add(made, stream.make(connection, found))
        return Page(made.documents, made.rejects, "", False)

    def check(self) -> None:
        """Raise a `HisError` when the session could write, or naming every view that is not as mapped."""
        if not self._database.refuses_writing():
            remedy = "Use an account that may only read."
            raise HisMalformed(self.name, "the database session could write", remedy)
        wrong = [name for name, query in self._views() if not self._answers(name, query)]
        if wrong:
            what = f"a view is missing, or lacks a mapped column: {', '.join(wrong)}"
            raise HisMalformed(self.name, what, COMPARE_WITH_MAPPING)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def _views(self) -> Iterator[tuple[str, Select[Any]]]:
        """Every view by name, with a query that needs each mapped column and gives no row."""
        for stream in self._streams:
            head = stream.head
            columns = [head.key, *head.row.columns, *self._scanners[stream.name].columns]
            yield head.view.name, select(*columns).select_from(head.view).limit(0)
            for detail in stream.details:
                query = select(detail.parent, detail.order, *detail.row.columns)
                yield detail.view.name, query.select_from(detail.view).limit(0)

    def _answers(self, name: str, query: Select[Any]) -> bool:
        """Whether a view has what the query needs. Raises HisUnavailable."""
        try:
            with self._database.snapshot(f"looking at the view {name}") as connection:
                connection.execute(query)
        except HisMalformed:
            return False
        return True

    def _step(
        self, connection: Connection, stream: Stream, at: Cursor, limit: int, made: Made
    ) -> tuple[int, bool]:
        """One stream's part of a page: the rows looked at, and whether it has more at once."""
        scanner = self._scanners[stream.name]
        scan = scanner.scan(connection, at.streams.get(stream.name, {}), limit)
        at.streams[stream.name] = scan.state
        if scanner.rests and not scan.more:
            at.resting.append(stream.name)
        for name, reason in scan.unusable:
            made.rejects.append(Reject(f"{stream.kinds[0]}:{name}", reason.value, "key or stamp of a row"))
        _add(made, stream.make(connection, scan.found))
        return len(scan.found) + len(scan.unusable), scan.more

    def _build_streams(self) -> Iterator[tuple[Stream, Head]]:
        mapping, kinds = self._mapping, self._mapping.documents
        institution = mapping.institution.model_dump(mode="json", exclude_none=True)
        if mapping.visits is not None and kinds & {"visit", "diagnosis"}:
            head = self._head(mapping.visits, fields.VISIT)
            diagnoses = self._detail(mapping.diagnoses, fields.DIAGNOSIS)
            yield VisitStream(head, diagnoses, kinds, institution), mapping.visits
        if mapping.settlements is not None and kinds & {"bill", "receipt", "statement"}:
            stream = SettlementStream(
                self._head(mapping.settlements, fields.SETTLEMENT),
                str(mapping.settlements.columns["original"].column),
                self._detail(mapping.form_rows, fields.FORM_ROW),
                self._detail(mapping.lines, fields.LINE),
                kinds,
                institution,
                mapping.history_from,
            )
            yield stream, mapping.settlements

    def _head(self, view: Head, known: Known) -> HeadReader:
        return HeadReader(view, known, self._conversion)

    def _detail(self, view: Detail | None, known: Known) -> DetailReader | None:
        return DetailReader(view, known, self._conversion) if view else None

    def _scanner(self, stream: Stream, head: Head, digests: DigestStore | None) -> Scanner:
        if head.changed is not None:
            return StampScanner(
                stream.head,
                head.changed,
                dialect=self._database.dialect,
                zone=self._zone,
                overlap=timedelta(seconds=self._mapping.overlap_seconds),
                clock=self._clock,
            )
        if digests is None or head.day is None:
            remedy = "Hand in a DigestStore, or map a change stamp."
            raise HisMalformed(self.name, f"view {head.view} has no change stamp", remedy)
        return DigestScanner(
            stream.name,
            stream.head,
            head.day,
            stream.details,
            zone=self._zone,
            window=timedelta(days=self._mapping.window_days),
            store=digests,
            clock=self._clock,
        )


def _add(made: Made, more: Made) -> None:
    made.documents += more.documents
    made.rejects += more.rejects
