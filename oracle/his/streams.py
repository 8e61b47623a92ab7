"""From rows to documents: the stream of visits (진료이력, 진단내역) and the stream of settlements (수납).

A stream is told which rows are new or changed, reads all that belongs to them set-wise, and makes documents or
rejects of them. A row that can not be mapped never takes another with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from oracle.his import payload
from oracle.his.base import Action, HisDocument, Reason, Reject, revision_of
from oracle.his.fields import AMOUNTS
from oracle.his.rows import BadRow, Fields
from oracle.his.scan import Found, S_contra
from oracle.his.settlement import (
    DOCUMENT_OF,
    LONGEST_CHAIN,
    Act,
    Fault,
    Ref,
    RowKind,
    SettlementRow,
    interpret,
)

S = TypeVar("S")
"""What one read of an adapter uses: a connection, or answers already fetched."""


class HeadSource(Protocol[S_contra]):
    """Gives rows that are one for each thing."""

    def by_key(self, session: S_contra, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """The rows of these keys, each with its key."""

    def referring(self, session: S_contra, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """The rows whose field `original` is one of these keys, each with its key."""


class DetailSource(Protocol[S_contra]):
    """Gives the rows that are several for each thing."""

    def of(self, session: S_contra, keys: Iterable[str]) -> Mapping[str, list[Fields] | BadRow]:
        """The rows of each head that has any, in order; a bad row stands for all of its head."""


@dataclass(slots=True)
class Made:
    """What became of some rows."""

    documents: list[HisDocument] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, source_key: str, bad: BadRow) -> None:
        """Note a row that can not be mapped."""
        self.rejects.append(Reject(source_key, bad.reason.value, f"field {bad.field}"))

    def add(self, more: Made) -> None:
        """Take what became of other rows."""
        self.documents += more.documents
        self.rejects += more.rejects


class Stream(Protocol[S_contra]):
    """Rows of one head, and the kinds of document they become."""

    name: str

    @property
    def kinds(self) -> Sequence[str]:
        """Kinds of document that rows of this stream become."""

    def make(self, session: S_contra, found: Sequence[Found]) -> Made:
        """Documents of these rows as they are now."""


def _distinct(
    rows: Iterable[tuple[Any, Fields | BadRow]],
) -> dict[str, Fields | BadRow]:
    """Rows by key. A view that joins badly may give one key twice: harmless if equal, unusable if not."""
    found: dict[str, Fields | BadRow] = {}
    for key, fields in rows:
        before = found.setdefault(str(key), fields)
        if before is not fields and before != fields and not isinstance(before, BadRow):
            found[str(key)] = BadRow(Reason.KEY_AMBIGUOUS, "key")
    return found


class VisitStream(Generic[S]):
    """진료이력 and 진단내역: a visit is a document once it is done, and ends when it is cancelled."""

    name = "visit"

    def __init__(
        self,
        head: HeadSource[S],
        diagnoses: DetailSource[S] | None,
        kinds: Collection[str],
        institution: Mapping[str, Any],
    ) -> None:
        self.head = head
        self.kinds: Sequence[str] = [kind for kind in ("visit", "diagnosis") if kind in kinds]
        self._diagnoses = diagnoses if "diagnosis" in self.kinds else None
        self._institution = institution

    def make(self, session: S, found: Sequence[Found]) -> Made:
        """See `Stream`."""
        keys = [each.key for each in found]
        heads = _distinct(self.head.by_key(session, keys))
        done = [key for key in keys if _state(heads.get(key)) == "done"]
        entries = self._diagnoses.of(session, done) if self._diagnoses else {}
        made = Made()
        for each in found:
            head = heads.get(each.key)
            if isinstance(head, BadRow):
                made.reject(f"{self.kinds[0]}:{each.key}", head)
            elif head is not None:
                self._visit(each.key, each.changed_at, head, entries.get(each.key, []), made)
        return made

    def _visit(
        self, key: str, at: datetime, head: Fields, entries: list[Fields] | BadRow, made: Made
    ) -> None:
        for kind in self.kinds:
            source_key = f"{kind}:{key}"
            if head["state"] == "cancelled":
                content: payload.Payload = {}
                action = Action.CANCEL
            elif head["state"] != "done" or (kind == "diagnosis" and entries == []):
                continue
            elif kind == "diagnosis" and isinstance(entries, BadRow):
                made.reject(source_key, entries)
                continue
            else:
                action = Action.ISSUE
                content = self._content(kind, head, entries if isinstance(entries, list) else [])
            revision = revision_of(kind, action, content)
            number = head["patient_number"]
            made.documents.append(HisDocument(kind, source_key, revision, action, content, number, None, at))

    def _content(self, kind: str, head: Fields, entries: list[Fields]) -> payload.Payload:
        if kind == "diagnosis":
            return payload.diagnosis(self._institution, head, entries)
        return payload.visit(self._institution, head)


def _state(head: Fields | BadRow | None) -> str | None:
    return head["state"] if isinstance(head, dict) else None


class SettlementStream(Generic[S]):
    """계산서, 영수증, 세부산정내역, as `oracle.his.settlement` understands the cashier's rows."""

    name = "settlement"

    def __init__(
        self,
        head: HeadSource[S],
        form_rows: DetailSource[S] | None,
        lines: DetailSource[S] | None,
        kinds: Collection[str],
        institution: Mapping[str, Any],
        history_from: date | None,
    ) -> None:
        self.head = head
        self.kinds: Sequence[str] = [kind for kind in ("bill", "receipt", "statement") if kind in kinds]
        self._form_rows = form_rows
        self._lines = lines if "statement" in self.kinds else None
        self._institution = institution
        self._history_from = history_from.isoformat() if history_from else None

    def make(self, session: S, found: Sequence[Found]) -> Made:
        """See `Stream`."""
        made = Made()
        heads: dict[str, Fields] = {}
        for key, head in self._connected(session, [each.key for each in found]).items():
            if isinstance(head, BadRow):
                made.reject(f"receipt:{key}", head)
            else:
                heads[key] = head
        rows = {key: self._row(key, head) for key, head in heads.items()}
        meaning = interpret(rows, [each.key for each in found])
        made.rejects += [_reject(fault) for fault in meaning.faults]
        self._documents(session, meaning.acts, heads, made)
        return made

    def _connected(self, session: S, keys: Sequence[str]) -> dict[str, Fields | BadRow]:
        """The rows of these keys with all that refer to them or are referred to, however far."""
        heads = _distinct(self.head.by_key(session, keys))
        asked, wanted = set(keys), set(keys)
        for _ in range(LONGEST_CHAIN):
            referring = _distinct(self.head.referring(session, sorted(wanted)))
            heads.update((key, head) for key, head in referring.items() if key not in heads)
            originals = {head["original"] for head in heads.values() if isinstance(head, dict)}
            missing = {key for key in originals if key is not None} - asked - heads.keys()
            heads.update(_distinct(self.head.by_key(session, sorted(missing))))
            wanted = (heads.keys() | missing) - asked
            asked |= wanted
            if not wanted:
                break
        return heads

    def _row(self, key: str, head: Fields) -> SettlementRow:
        issued_at: datetime | None = head["issued_at"]
        before = self._history_from is not None and (head.get("original_date") or "9") < self._history_from
        return SettlementRow(
            key=key,
            kind=RowKind(head["kind"]),
            issued=issued_at is not None,
            at=issued_at or head["made_at"],
            patient_number=head["patient_number"],
            original=head["original"],
            resettles=head.get("resettles"),
            amounts=tuple(head[name] for name in AMOUNTS),
            before_history=before,
        )

    def _documents(self, session: S, acts: Sequence[Act], heads: Mapping[str, Fields], made: Made) -> None:
        issued = {act.document.key: act.document.kind for act in acts if act.action is Action.ISSUE}
        paid = [key for key, kind in issued.items() if kind == "receipt"]
        rows = self._form_rows.of(session, issued) if self._form_rows else {}
        lines = self._lines.of(session, paid) if self._lines else {}
        for act in acts:
            for ref in self._documents_of(act.document):
                details = lines if ref.kind == "statement" else rows
                self._document(ref, act, heads[ref.key], details.get(ref.key), made)

    def _documents_of(self, ref: Ref) -> list[Ref]:
        """A receipt brings its itemised statement."""
        both = [ref, Ref("statement", ref.key)] if ref.kind == "receipt" else [ref]
        return [each for each in both if each.kind in self.kinds]

    def _document(
        self, ref: Ref, act: Act, head: Fields, details: list[Fields] | BadRow | None, made: Made
    ) -> None:
        number = head["patient_number"]
        if act.action is Action.CANCEL:
            made.documents.append(payload.cancelled(ref, number, act.at))
            return
        if details is None:
            details = BadRow(Reason.NO_DETAIL, "lines" if ref.kind == "statement" else "form_rows")
        if isinstance(details, BadRow):
            made.reject(ref.source_key, details)
            return
        head = {**head, "issued_date": act.at.date().isoformat()}
        content = _LAYOUT[ref.kind](self._institution, head, details)
        replaces = act.replaces
        if ref.kind == "statement" and replaces is not None:
            replaces = Ref("statement", replaces.key) if replaces.kind == "receipt" else None
        made.documents.append(payload.issued(ref, content, number, replaces, act.at))


_LAYOUT = {"bill": payload.bill, "receipt": payload.receipt, "statement": payload.statement}


def _reject(fault: Fault) -> Reject:
    return Reject(fault.document.source_key, fault.reason.value, fault.detail)


assert set(DOCUMENT_OF.values()) <= set(_LAYOUT), "every document of the cashier has a layout"
