"""`FhirAdapter`: an adapter for a hospital's FHIR R4 server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

from chain.clock import Clock, utc_now
from oracle.his.base import HisMalformed, HisUnavailable, Page
from oracle.his.fhir.bundles import entries_of, first_page
from oracle.his.fhir.deleted import DeletedStream, DeletionScanner
from oracle.his.fhir.http import FhirHttp, NotThere, Unreadable
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.scan import InstantScanner
from oracle.his.fhir.streams import ConditionStream, EncounterStream, InvoiceStream
from oracle.his.reading import StreamsReader
from oracle.his.scan import Scanner
from oracle.his.streams import Stream

_RELEASE = "4.0"


class FhirAdapter:
    """Reads an R4 server as a mapping describes it. The constructor opens no connection."""

    def __init__(self, mapping: FhirMapping, http: FhirHttp, *, clock: Clock = utc_now) -> None:
        self._mapping = mapping
        self._http = http
        self._clock = clock
        self._followed = list(self._streams())
        streams: list[tuple[Stream[Pool], Scanner[Pool]]] = []
        if mapping.deletions == "history":
            streams += [
                (DeletedStream(kind, stream), self._deletions(kind)) for kind, stream in self._followed
            ]
        streams += [(stream, self._scanner(kind)) for kind, stream in self._followed]
        self._reader = StreamsReader[Pool](self.name, streams, self._session)

    @property
    def name(self) -> str:
        """``fhir:`` and the mapping's name."""
        return name_of(self._mapping)

    def read(self, cursor: str | None, limit: int) -> Page:
        """See `HisAdapter.read`."""
        return self._reader.read(cursor, limit)

    def reread(self, source_keys: Sequence[str]) -> Page:
        """See `RereadingAdapter.reread`."""
        return self._reader.reread(source_keys)

    def check(self) -> None:
        """Raise a `HisError` unless this is an R4 server that lets itself be followed with the token given."""
        with self._session("looking at the server's capabilities"):
            self._check_release()
            for kind, _ in self._followed:
                what = f"listing {kind}"
                asked = {"_elements": "id,meta", "_sort": "_lastUpdated", "_count": "1"}
                entries_of(self._http, first_page(self._http, kind, asked, what), "searchset", what)
                if self._mapping.deletions == "history":
                    self._check_history(kind)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _check_release(self) -> None:
        try:
            statement = self._http.get("metadata", what="looking at the server's capabilities")
        except NotThere:
            statement = None
        release = statement.get("fhirVersion") if isinstance(statement, dict) else None
        if not isinstance(release, str) or not release.startswith(_RELEASE):
            remedy = "Give the base address of an R4 endpoint (fhirVersion 4.0.1)."
            raise HisMalformed(self.name, "this is no FHIR R4 server", remedy)

    def _check_history(self, kind: str) -> None:
        what = f"asking what was deleted of {kind}"
        since = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            bundle = self._http.get(f"{kind}/_history", {"_since": since, "_count": "1"}, what=what)
        except NotThere:
            remedy = (
                "Let the server keep the history of a type, or write deletions: none into the mapping file."
            )
            raise HisMalformed(self.name, f"the server keeps no history of {kind}", remedy) from None
        entries_of(self._http, bundle, "history", what)

    @contextmanager
    def _session(self, what: str) -> Iterator[Pool]:
        try:
            yield Pool(self._http)
        except Unreadable as error:
            remedy = "Raise most_megabytes, or ask the server's team for smaller pages."
            raise HisMalformed(
                self.name, f"an answer while {what} can not be read: {error.why}", remedy
            ) from error
        except NotThere as error:
            raise HisUnavailable(self.name, f"{what} (what was just there is not any more)") from error

    def _streams(self) -> Iterator[tuple[str, Stream[Pool]]]:
        mapping, zone = self._mapping, ZoneInfo(self._mapping.time_zone)
        if mapping.documents & {"visit", "diagnosis"}:
            encounters = EncounterStream(mapping, zone)
            yield "Encounter", encounters
            if "diagnosis" in mapping.documents:
                yield "Condition", ConditionStream(encounters)
        if mapping.documents & {"bill", "receipt", "statement"}:
            yield "Invoice", InvoiceStream(mapping, zone)

    def _scanner(self, kind: str) -> InstantScanner:
        overlap = timedelta(seconds=self._mapping.overlap_seconds)
        deletions = self._mapping.deletions == "history"
        return InstantScanner(kind, overlap=overlap, clock=self._clock, deletions=deletions)

    def _deletions(self, kind: str) -> DeletionScanner:
        overlap = timedelta(seconds=self._mapping.overlap_seconds)
        every = timedelta(seconds=self._mapping.deletions_seconds)
        return DeletionScanner(kind, overlap=overlap, every=every, clock=self._clock)


def name_of(mapping: FhirMapping) -> str:
    """The adapter's name, which its parts need before it is there."""
    return f"fhir:{mapping.name}"
