"""Messages as the rows that `oracle.his.streams` makes documents of: visits, acts of the cashier, and their details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from oracle.his.fields import AMOUNTS
from oracle.his.hl7v2.reading import Look
from oracle.his.hl7v2.segments import DetailsReader, PlacesReader
from oracle.his.hl7v2.tables import Stream
from oracle.his.rows import BadRow, Fields

_FACTS: Final = ("kind", "original", "original_date", "resettles", "patient_number", *AMOUNTS)
_TIMES: Final = ("made_at", "issued_at")


@dataclass(frozen=True)
class VisitHeads:
    """Visits, as `Look.standings` say they stand. patient: reads only whose a visit is."""

    reader: PlacesReader
    patient: PlacesReader

    def by_key(self, session: Look, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """See `HeadSource`. A cancellation need not say more than whose visit it ends."""
        for key in keys:
            stands = session.standings.get(key)
            message = session.message(stands.newest) if stands else None
            if stands is None or message is None:
                continue
            if isinstance(message, BadRow):
                yield key, message
                continue
            reader = self.patient if stands.state == "cancelled" else self.reader
            fields = reader.read(message.text)
            if isinstance(fields, dict):
                fields["state"] = stands.state or ("done" if fields.get("discharge_date") else "open")
                fields["patient_number"] = session.patient(fields["patient_number"])
            yield key, fields

    def referring(self, session: Look, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """Visits refer to none."""
        yield from ()


@dataclass(frozen=True)
class ActHeads:
    """Acts of the cashier, each as its newest message says it is."""

    reader: PlacesReader

    def by_key(self, session: Look, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """See `HeadSource`. Of acts whose message is reduced, what `facts_of` kept."""
        for key, history in session.histories(Stream.SETTLEMENT, list(keys)).items():
            message = session.message(history[0])
            fields: Fields | BadRow | None
            if isinstance(message, BadRow):
                fields = message
            elif message is not None:
                fields = self.reader.read(message.text)
            else:
                session.reduced.add(key)
                fields = _from_facts(session.facts(history[0]))
            if isinstance(fields, dict):
                fields["patient_number"] = session.patient(fields["patient_number"])
            if fields is not None:
                yield key, fields

    def referring(self, session: Look, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """See `HeadSource`."""
        found = session.inbox.find(session.session, Stream.SETTLEMENT, "refers", set(keys))
        yield from self.by_key(session, dict.fromkeys(str(entry.key) for entry in found if entry.key))


@dataclass(frozen=True)
class Details:
    """Segments of which a message has several.

    older: where the newest message about a thing has none of them, they are what an older one says: a change of a
    visit (A08) need not repeat its diagnoses.
    """

    stream: Stream
    reader: DetailsReader
    older: bool = False

    def of(self, session: Look, keys: Iterable[str]) -> Mapping[str, list[Fields] | BadRow]:
        """See `DetailSource`."""
        found: dict[str, list[Fields] | BadRow] = {}
        for key, history in session.histories(self.stream, list(keys)).items():
            for entry in history if self.older else history[:1]:
                message = session.message(entry)
                if message is None or isinstance(message, BadRow):
                    continue
                rows = self.reader.read(message)
                if isinstance(rows, BadRow) or rows:
                    found[key] = rows
                    break
        return found


def facts_of(fields: Fields) -> dict[str, Any]:
    """Of an act, what later acts may need: what it was, when, whose, and its totals; as JSON has it."""
    facts = {name: fields.get(name) for name in _FACTS}
    return facts | {name: fields[name].isoformat() if fields[name] else None for name in _TIMES}


def _from_facts(facts: dict[str, Any] | None) -> Fields | None:
    if facts is None:
        return None
    return facts | {name: datetime.fromisoformat(facts[name]) if facts[name] else None for name in _TIMES}
