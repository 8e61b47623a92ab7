"""What the cashier's rows (수납) mean, as a pure function: no database, no time but the rows' own.

Receipts are not born final. A row goes 예약금/가수납 → 계산서 → 수납 → 취소 (a mirror with minus) → 재수납. Only what
was handed to the patient is a document: a draft, a deposit or a provisional payment is none.

* bill issued → ISSUE of the bill; receipt issued → ISSUE of the receipt, replacing the bill it settles.
* mirror → CANCEL of what it mirrors, unless it was made in order to settle anew: then the new receipt replaces the
  old one and nothing is cancelled.
* Rows come in any order and more than once. What can not be understood yet is a fault, and is understood when the
  missing row has come, because a row is always interpreted together with all rows that refer to it. One thing does
  depend on the order: where a bill is paid, refunded and paid again, the receipt that is seen first replaces it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from oracle.his.base import Action, Reason

LONGEST_CHAIN = 64
"""Rows that may follow one another by reference; more is a broken table, not a history."""


class RowKind(StrEnum):
    """수납구분: what a row of the cashier is."""

    DEPOSIT = "deposit"
    """예약금."""
    PROVISIONAL = "provisional"
    """가수납."""
    BILL = "bill"
    """계산서."""
    RECEIPT = "receipt"
    """수납."""
    MIRROR = "mirror"
    """취소: the amounts of `original` with minus."""
    RESETTLEMENT = "resettlement"
    """재수납: settles `original` anew."""


DOCUMENT_OF = {RowKind.BILL: "bill", RowKind.RECEIPT: "receipt", RowKind.RESETTLEMENT: "receipt"}
"""Which kind of document a row is, if it is one."""

_MAY_FOLLOW = {
    RowKind.BILL: (RowKind.BILL,),
    RowKind.RECEIPT: (RowKind.BILL,),
    RowKind.RESETTLEMENT: (RowKind.RECEIPT, RowKind.RESETTLEMENT),
}
_NO_DOCUMENT = (RowKind.DEPOSIT, RowKind.PROVISIONAL)


class Ref(NamedTuple):
    """A document of the cashier: its kind and the number of its row."""

    kind: str
    key: str

    @property
    def source_key(self) -> str:
        """The name `HisDocument` gives it."""
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """One row of the cashier.

    issued: whether the document was handed to the patient. at: when that was, or when a mirror was made; aware.
    original: number of the row that this one mirrors, settles or settles anew.
    resettles: of a mirror, whether it was made to settle anew; None where the hospital does not say.
    amounts: the totals in won, to compare a mirror with its original.
    before_history: its original lies before what the views show, so that nothing can follow from a mirror of it.
    """

    key: str
    kind: RowKind
    issued: bool
    at: datetime
    patient_number: str
    original: str | None = None
    resettles: bool | None = None
    amounts: tuple[int, ...] = ()
    before_history: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What the hospital did with a document: issued it (instead of `replaces`) or cancelled it, and when."""

    action: Action
    document: Ref
    replaces: Ref | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that means nothing as things stand. `document` is the one it would have been or ended."""

    document: Ref
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Interpretation:
    """In the order in which things happened."""

    acts: list[Act]
    faults: list[Fault]


def interpret(rows: Mapping[str, SettlementRow], changed: Collection[str]) -> Interpretation:
    """What follows from the rows `changed`, given in `rows` with all that refer to them or are referred to."""
    ledger = _Rows(rows)
    acts: list[Act] = []
    faults: list[Fault] = []
    for key in ledger.affected(changed):
        row = rows[key]
        found = ledger.mirror(row) if row.kind is RowKind.MIRROR else ledger.document(row)
        if isinstance(found, Fault):
            faults.append(found)
        elif found is not None:
            acts.append(found)
    acts.sort(key=lambda act: (act.at, act.action is Action.CANCEL, act.document.key))
    return Interpretation(acts, faults)


class _Rows:
    """The rows with their references, both ways."""

    def __init__(self, rows: Mapping[str, SettlementRow]) -> None:
        self._rows = rows
        self._referring: defaultdict[str, list[SettlementRow]] = defaultdict(list)
        for row in rows.values():
            if row.original is not None:
                self._referring[row.original].append(row)
        for referring in self._referring.values():
            referring.sort(key=lambda row: (row.at, row.key))

    def affected(self, changed: Iterable[str]) -> list[str]:
        """The changed rows and all whose meaning they may have changed."""
        todo, found = list(changed), set()
        while todo:
            key = todo.pop()
            row = self._rows.get(key)
            if row is None or key in found:
                continue
            found.add(key)
            todo.extend(other.key for other in self._referring.get(key, ()))
            original = self._rows.get(row.original or "")
            if row.kind is RowKind.MIRROR and original is not None and original.original is not None:
                # what was mirrored may have stood in the way of another successor of the same original
                todo.extend(other.key for other in self._referring[original.original])
        return sorted(found)

    def document(self, row: SettlementRow) -> Act | Fault | None:
        """What a bill or a receipt means."""
        kind = DOCUMENT_OF.get(row.kind)
        if kind is None or not row.issued:
            return None
        before = self._predecessor(row)
        if isinstance(before, Fault):
            return before
        return Act(Action.ISSUE, Ref(kind, row.key), before, row.at)

    def mirror(self, row: SettlementRow) -> Act | Fault | None:
        """What a row with minus means."""
        if row.before_history:
            return None
        original = self._rows.get(row.original or "")
        if original is None:
            about = Ref("receipt", row.original or row.key)
            return Fault(about, Reason.MIRROR_WITHOUT_ORIGINAL, "its original is not there (yet)")
        if original.kind in _NO_DOCUMENT:
            return None
        fault = self._mirror_fault(row, original)
        if fault is not None:
            return fault
        if not original.issued or not self._ends(row):
            return None
        document = Ref(DOCUMENT_OF[original.kind], original.key)
        return Act(Action.CANCEL, document, None, max(row.at, original.at))

    def _mirror_fault(self, row: SettlementRow, original: SettlementRow) -> Fault | None:
        itself = Ref("receipt", row.key)
        if original.kind is RowKind.MIRROR:
            return Fault(itself, Reason.ORIGINAL_UNSUITABLE, "a mirror of a mirror")
        if original.patient_number != row.patient_number:
            return Fault(itself, Reason.ORIGINAL_UNSUITABLE, "the original belongs to another patient")
        if tuple(-amount for amount in row.amounts) != original.amounts:
            detail = "the amounts are not those of the original with minus (settle a part anew instead)"
            return Fault(itself, Reason.MIRROR_MISMATCH, detail)
        return None

    def _ends(self, mirror: SettlementRow) -> bool:
        """Whether a mirror takes the document back for good, rather than to put another in its place."""
        return not mirror.resettles if mirror.resettles is not None else not self._followed(mirror.original)

    def _followed(self, key: str | None) -> bool:
        """Whether another document has taken the place of this one."""
        row = self._rows.get(key or "")
        if row is None:
            return False
        line = [other.key for other in self._successors(row.original)] if row.original else []
        return any(self._successors(row.key)) or row.key in line[:-1]

    def _successors(self, key: str) -> Iterator[SettlementRow]:
        return (row for row in self._referring.get(key, ()) if row.kind in DOCUMENT_OF and row.issued)

    def _mirrors(self, row: SettlementRow) -> list[SettlementRow]:
        """The mirrors of a row that are good."""
        referring = self._referring.get(row.key, ())
        return [
            other
            for other in referring
            if other.kind is RowKind.MIRROR and self._mirror_fault(other, row) is None
        ]

    def _predecessor(self, row: SettlementRow) -> Ref | Fault | None:
        """What a document replaces: the last issued document on its line that was not cancelled for good."""
        itself = Ref(DOCUMENT_OF[row.kind], row.key)
        line = self._line(row)
        if len(line) > LONGEST_CHAIN:
            return Fault(itself, Reason.CHAIN_BROKEN, "the references to originals do not end")
        for current in line:
            if current.original is None:
                return None
            fault = self._unsuitable(current, itself)
            if fault is not None:
                return fault
            original = self._rows.get(current.original)
            if original is not None and original.kind in _NO_DOCUMENT:
                return None
            if original is None or original.issued:
                return self._place(current, original, itself)
        raise AssertionError("the last row of a line has no original that is known")

    def _line(self, row: SettlementRow) -> list[SettlementRow]:
        """A row, its original, the original of that and so on, as far as they are known and chains may go."""
        line: list[SettlementRow] = []
        current: SettlementRow | None = row
        while current is not None and len(line) <= LONGEST_CHAIN:
            line.append(current)
            current = self._rows.get(current.original or "")
        return line

    def _unsuitable(self, row: SettlementRow, itself: Ref) -> Fault | None:
        original = self._rows.get(row.original or "")
        if original is None or original.kind in _NO_DOCUMENT:
            return None
        if original.kind not in _MAY_FOLLOW[row.kind]:
            detail = f"a {row.kind} can not follow a {original.kind}"
            return Fault(itself, Reason.ORIGINAL_UNSUITABLE, detail)
        if original.patient_number != row.patient_number:
            return Fault(itself, Reason.ORIGINAL_UNSUITABLE, "the original belongs to another patient")
        return None

    def _place(self, row: SettlementRow, original: SettlementRow | None, itself: Ref) -> Ref | Fault | None:
        """Where a row stands among those that follow the same original: each after the one before it."""
        assert row.original is not None
        line = [other.key for other in self._successors(row.original)]
        place = line.index(row.key) if row.key in line else 0
        if place == 0:
            if original is None:
                return Ref(DOCUMENT_OF[_MAY_FOLLOW[row.kind][0]], row.original)
            return self._unless_ended(original)
        before = self._rows[line[place - 1]]
        if not self._mirrors(before):
            detail = "another document already follows the same original and was not cancelled"
            return Fault(itself, Reason.SECOND_SUCCESSOR, detail)
        return self._unless_ended(before)

    def _unless_ended(self, row: SettlementRow) -> Ref | None:
        ended = any(mirror.resettles is False for mirror in self._mirrors(row))
        return None if ended else Ref(DOCUMENT_OF[row.kind], row.key)
