"""From the inbox to pages: which messages follow, what they are about, and what documents that makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from oracle.his.base import Page, Reason, Reject
from oracle.his.hl7v2.inbox import Entry, Inbox
from oracle.his.hl7v2.mapping import Detail, Mapping
from oracle.his.hl7v2.message import Location
from oracle.his.hl7v2.position import cursor_at, position_of
from oracle.his.hl7v2.reading import Look, standing
from oracle.his.hl7v2.retention import message_key, source_keys
from oracle.his.hl7v2.segments import DetailsReader, PlacesReader
from oracle.his.hl7v2.sources import ActHeads, Details, VisitHeads, facts_of
from oracle.his.hl7v2.tables import Stream
from oracle.his.hl7v2.times import Hl7Conversion
from oracle.his.rows import BadRow
from oracle.his.scan import Found
from oracle.his.streams import Made, SettlementStream, VisitStream
from oracle.his.values import BadValue, TextRules

_PAGE_BYTES: Final = 32_000_000
"""Of messages in one page, unless one alone is larger."""


@dataclass
class _Touched:
    """What some messages are about."""

    visits: dict[str, None] = field(default_factory=dict)
    acts: dict[str, None] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)


class Pages:
    """Makes pages of the messages in an inbox. `name` is the adapter's."""

    def __init__(self, name: str, mapping: Mapping, inbox: Inbox) -> None:
        self._name = name
        self._mapping = mapping
        self._inbox = inbox
        self._conversion = Hl7Conversion(TextRules(), ZoneInfo(mapping.time_zone))
        self._aliases: dict[str, str] = {}
        self._merges_read = 0
        self._visits = self._visit_stream()
        self._acts = self._reader("settlements")
        self._settlements = self._settlement_stream()

    def read(self, session: Session, cursor: str | None, limit: int) -> Page:
        """The page that follows `cursor`. Raises HisMalformed, SQLAlchemyError, SealBroken."""
        after = position_of(self._name, cursor)
        found = self._inbox.after(session, after, limit + 1)
        entries = _bounded(found[:limit])
        last = entries[-1].id if entries else after
        look, made = self._look(session), Made()
        self._make(look, self._touched(look, entries, made), made)
        return Page(made.documents, made.rejects, cursor_at(self._name, last), len(found) > len(entries))

    def reread(self, session: Session, source_keys: Sequence[str]) -> Page:
        """These documents as they are now. Raises SQLAlchemyError, SealBroken."""
        look, made, touched = self._look(session), Made(), _Touched()
        numbers: list[int] = []
        for source_key in dict.fromkeys(source_keys):
            kind, _, key = source_key.partition(":")
            number = key.partition(":")[0]
            if kind == "message" and number.isascii() and number.isdigit():
                numbers.append(int(number))
            elif self._visits and kind in self._visits.kinds and key:
                touched.visits[key] = None
            elif self._settlements and kind in self._settlements.kinds and key:
                touched.acts[key] = None
        again = self._touched(look, self._inbox.numbered(session, numbers), made)
        touched.visits |= again.visits
        touched.acts |= again.acts
        self._make(look, touched, made)
        return Page(made.documents, made.rejects, "", False)

    def facts_of(self, session: Session, entry: Entry) -> dict[str, Any] | None:
        """What must outlive a message: of an act, what it was; of a merge, the two numbers. Raises SealBroken."""
        look = Look(session, self._inbox, self._mapping.text.binary, {})
        message = look.message(entry)
        if message is None or isinstance(message, BadRow):
            return None
        if entry.stream == Stream.MERGE.value:
            merge = self._merge(look, entry)
            return {"prior": merge[0], "surviving": merge[1]} if merge else None
        if entry.stream == Stream.SETTLEMENT.value and self._acts:
            act = self._acts.read(message.text)
            return facts_of(act) if isinstance(act, dict) else None
        return None

    def _look(self, session: Session) -> Look:
        """A new look, with the merges known so far."""
        look = Look(session, self._inbox, self._mapping.text.binary, self._aliases)
        for entry in self._inbox.merges(session, self._merges_read):
            merge = self._merge(look, entry)
            if merge is not None:
                self._aliases[merge[0]] = merge[1]
            self._merges_read = entry.id
        return look

    def _merge(self, look: Look, entry: Entry) -> tuple[str, str] | None:
        """The patient's number that ends and the one that stays; None if they can not be read."""
        if entry.reduced:
            facts = look.facts(entry)
            return (facts["prior"], facts["surviving"]) if facts else None
        message, part = look.message(entry), self._mapping.merges
        if message is None or isinstance(message, BadRow) or part is None:
            return None
        try:
            prior, stays = (message.text(Location.of(place)) for place in (part.prior, part.surviving))
        except BadValue:
            return None
        return (prior, stays) if prior and stays and prior != stays else None

    def _touched(self, look: Look, entries: Iterable[Entry], made: Made) -> _Touched:
        """What these messages are about; those about nothing that can be named are rejected."""
        touched = _Touched()
        for entry in entries:
            stream = Stream(entry.stream)
            if stream is Stream.MERGE:
                self._touch_merged(look, entry, touched, made)
            elif stream is not Stream.IGNORED and not entry.reduced:
                if entry.key is None:
                    made.rejects.append(Reject(message_key(entry), Reason.KEY_INVALID.value, "field key"))
                elif entry.at is None:
                    made.rejects.append(Reject(source_keys(entry)[0], Reason.STAMP_INVALID.value, "field at"))
                else:
                    (touched.visits if stream is Stream.VISIT else touched.acts)[entry.key] = None
        return touched

    def _touch_merged(self, look: Look, entry: Entry, touched: _Touched, made: Made) -> None:
        """A merge is about all that stands under a number that now leads elsewhere."""
        merge = self._merge(look, entry)
        if merge is None:
            if not entry.reduced:
                made.rejects.append(
                    Reject(message_key(entry), Reason.MISSING.value, "fields prior, surviving")
                )
            return
        leading = [number for number in self._aliases if merge[0] in (number, *_way(self._aliases, number))]
        hashes = {self._inbox.blind(number) for number in leading}
        for stream, keys in ((Stream.VISIT, touched.visits), (Stream.SETTLEMENT, touched.acts)):
            found = self._inbox.find(look.session, stream, "patient", hashes)
            keys.update(dict.fromkeys(each.key for each in found if each.key and not each.reduced))

    def _make(self, look: Look, touched: _Touched, made: Made) -> None:
        """Documents of what was touched, as it is now."""
        if self._visits and self._mapping.visits:
            histories = look.histories(Stream.VISIT, list(touched.visits))
            meanings = self._mapping.visits.messages
            look.standings = {key: standing(history, meanings) for key, history in histories.items()}
            found = [Found(key, stands.at) for key, stands in look.standings.items()]
            made.add(self._visits.make(look, found))
        if self._settlements:
            acts = look.histories(Stream.SETTLEMENT, list(touched.acts))
            whole = [Found(key, history[0].at) for key, history in acts.items() if not history[0].reduced]
            made.add(_without_reduced(self._settlements.make(look, whole), look.reduced))

    def _visit_stream(self) -> VisitStream[Look] | None:
        mapping, kinds = self._mapping, self._mapping.documents & {"visit", "diagnosis"}
        if mapping.visits is None or not kinds:
            return None
        patient = {"patient_number": mapping.visits.columns["patient_number"]}
        heads = VisitHeads(
            self._require("visits"), PlacesReader(patient, mapping.KNOWN["visits"], self._conversion)
        )
        diagnoses = self._details("diagnoses", Stream.VISIT)
        return VisitStream(heads, diagnoses, kinds, mapping.issuer())

    def _settlement_stream(self) -> SettlementStream[Look] | None:
        mapping, kinds = self._mapping, self._mapping.documents & {"bill", "receipt", "statement"}
        if mapping.settlements is None or self._acts is None or not kinds:
            return None
        form_rows, lines = (self._details(name, Stream.SETTLEMENT) for name in ("form_rows", "lines"))
        heads = ActHeads(self._acts)
        return SettlementStream(heads, form_rows, lines, kinds, mapping.issuer(), mapping.history_from)

    def _require(self, part: str) -> PlacesReader:
        reader = self._reader(part)
        assert reader is not None
        return reader

    def _reader(self, part: str) -> PlacesReader | None:
        head = getattr(self._mapping, part)
        return PlacesReader(head.columns, self._mapping.KNOWN[part], self._conversion) if head else None

    def _details(self, part: str, stream: Stream) -> Details | None:
        detail: Detail | None = getattr(self._mapping, part)
        if detail is None:
            return None
        reader = DetailsReader(detail, self._mapping.KNOWN[part], self._conversion)
        return Details(stream, reader, older=stream is Stream.VISIT)


def _bounded(entries: Sequence[Entry]) -> list[Entry]:
    """As many as a page may hold in bytes, at least one."""
    taken: list[Entry] = []
    size = 0
    for entry in entries:
        size += entry.size
        if taken and size > _PAGE_BYTES:
            break
        taken.append(entry)
    return taken


def _way(aliases: dict[str, str], number: str) -> Iterable[str]:
    """The numbers that a number leads through."""
    seen = [number]
    while (following := aliases.get(seen[-1])) is not None and following not in seen:
        seen.append(following)
    return seen[1:]


def _without_reduced(made: Made, reduced: Collection[str]) -> Made:
    """Without what acts say of which only facts are left: their documents were delivered long ago."""
    lacking = (Reason.NO_DETAIL.value,)
    rejects = [
        reject
        for reject in made.rejects
        if not (reject.reason_code in lacking and reject.source_key.partition(":")[2] in reduced)
    ]
    return Made(made.documents, rejects)
