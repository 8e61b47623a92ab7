"""`WebServiceAdapter`: an adapter for a vendor's REST or SOAP service."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chain.clock import Clock, utc_now
from oracle.his import fields
from oracle.his.base import HisMalformed, Page
from oracle.his.reading import StreamsReader
from oracle.his.rows import Conversion
from oracle.his.streams import SettlementStream, Stream, VisitStream
from oracle.his.values import TextRules
from oracle.his.webservice.client import Limits, WebClient
from oracle.his.webservice.mapping import WebDetail, WebHead, WebMapping
from oracle.his.webservice.protocol import COMPARE, RestService, Service, SoapService
from oracle.his.webservice.rounds import RoundScanner
from oracle.his.webservice.source import DetailRows, HeadRows, Session

_NOBODY = "0"
"""A key that no row has, to ask whether an operation answers at all."""


class WebServiceAdapter:
    """Reads a service as a mapping describes it. The constructor opens no connection.

    base_url: where the service is. headers: the credentials. limits: time-outs and sizes. context: whom TLS trusts.
    sleep: how to wait between two tries.
    """

    def __init__(
        self,
        mapping: WebMapping,
        base_url: str,
        headers: Mapping[str, str],
        *,
        limits: Limits | None = None,
        context: ssl.SSLContext | None = None,
        clock: Clock = utc_now,
        **testing: Callable[..., Any],
    ) -> None:
        self._mapping = mapping
        self._clock = clock
        self._zone = ZoneInfo(mapping.time_zone)
        self._conversion = Conversion(TextRules(mapping.text.binary, mapping.text.latin1), self._zone)
        self._client = WebClient(self.name, headers, limits or Limits(), context=context, **testing)
        self._service = service_of(mapping, base_url, self._client)
        self._heads: list[HeadRows] = []
        streams = [(stream, self._scanner(rows)) for stream, rows in self._build_streams()]
        self._reader = StreamsReader[Session](self.name, streams, _session)

    @property
    def name(self) -> str:
        """``webservice:`` and the mapping's name."""
        return f"webservice:{self._mapping.name}"

    def read(self, cursor: str | None, limit: int) -> Page:
        """See `HisAdapter.read`."""
        return self._reader.read(cursor, limit)

    def reread(self, source_keys: Sequence[str]) -> Page:
        """See `RereadingAdapter.reread`."""
        return self._reader.reread(source_keys)

    def check(self) -> None:
        """Call every operation once; raise a `HisError` for the first that does not answer as mapped."""
        for rows in self._heads:
            self._check(rows)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _check(self, rows: HeadRows) -> None:
        session = Session()
        start = {"since": None, "after": None, "token": None, "page": str(rows.head.paging.first_page)}
        beginning = self._beginning()
        listed = rows.changes(session, {**start, "since": beginning, "limit": "1"}).rows
        key = next((each.key for each in listed if each.key is not None), None)
        if listed and (key is None or all(each.stamp is None for each in listed)):
            what = f"the rows of {rows.part} have no {rows.head.key} or {rows.head.changed} as mapped"
            raise HisMalformed(self.name, what, COMPARE)
        found = list(rows.by_key(Session(), [key or _NOBODY]))
        if key is not None and not found:
            what = f"the operation row of {rows.part} does not find a row that was listed"
            raise HisMalformed(self.name, what, COMPARE)
        for _ in rows.referring(Session(), [key or _NOBODY]):
            pass

    def _beginning(self) -> str | None:
        first = self._mapping.history_from
        return first.isoformat() if first else None

    def _build_streams(self) -> Iterator[tuple[Stream[Session], HeadRows]]:
        mapping, kinds = self._mapping, self._mapping.documents
        if mapping.visits is not None and kinds & {"visit", "diagnosis"}:
            head = self._head("visits", mapping.visits, fields.VISIT)
            diagnoses = self._detail(head, mapping.diagnoses, fields.DIAGNOSIS)
            yield VisitStream(head, diagnoses, kinds, mapping.issuer()), head
        if mapping.settlements is not None and kinds & {"bill", "receipt", "statement"}:
            head = self._head("settlements", mapping.settlements, fields.SETTLEMENT)
            rows = self._detail(head, mapping.form_rows, fields.FORM_ROW)
            lines = self._detail(head, mapping.lines, fields.LINE)
            stream = SettlementStream(head, rows, lines, kinds, mapping.issuer(), mapping.history_from)
            yield stream, head

    def _head(self, part: str, head: WebHead, known: Mapping[str, fields.Field]) -> HeadRows:
        rows = HeadRows(part, head, known, self._conversion, self._service, self.name)
        self._heads.append(rows)
        return rows

    def _detail(
        self, head: HeadRows, detail: WebDetail | None, known: Mapping[str, fields.Field]
    ) -> DetailRows | None:
        return DetailRows(head.part, detail, known, self._conversion) if detail else None

    def _scanner(self, rows: HeadRows) -> RoundScanner:
        return RoundScanner(
            self.name,
            rows,
            zone=self._zone,
            overlap=timedelta(seconds=self._mapping.overlap_seconds),
            beginning=self._beginning(),
            clock=self._clock,
        )


def service_of(mapping: WebMapping, base_url: str, client: WebClient) -> Service:
    """The service that a mapping describes."""
    name, base = f"webservice:{mapping.name}", base_url.rstrip("/")
    if mapping.soap is not None and mapping.protocol == "soap":
        return SoapService(name, base, client, mapping.soap)
    return RestService(name, base, client)


@contextmanager
def _session(_: str) -> Iterator[Session]:
    """What one page fetches. The service has no snapshots: what changes meanwhile is listed again."""
    yield Session()
