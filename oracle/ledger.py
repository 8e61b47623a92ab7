"""What follows from each thing the hospital says: the third table of `oracle.states`, without a database.

Intake loads what is known of the sources of one page into `SourceView`s, lets the ledger decide row by row, and
writes the resulting `Plan` in one transaction. Decisions depend on the order of arrival and on the hospital's own
times only, never on how far the pipeline has got, with one exception: a withdrawal that was not sent yet becomes an
amendment when a correction follows (`Upgrade`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chain.contracts.vocabulary import AmendReason, WithdrawReason
from oracle.states import Fate, MarkAction


class Outcome(StrEnum):
    """What one arrival led to; counted in the metrics."""

    ISSUED = "issued"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"
    STALE = "stale"
    ENDED = "ended"
    WAITING = "waiting"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class SourceView:
    """What is known of one hospital document; fields as in `oracle.models.Source`."""

    key: str
    head: int | None = None
    head_name: str | None = None
    """The document id of the head that is stored."""
    revision: str | None = None
    changed_at: datetime | None = None
    fate: Fate = Fate.NONE
    cancelled_at: datetime | None = None
    cancel_reason: int | None = None
    replaced: bool = False
    """A correction by another source arrived, before or after it: nothing revives it."""
    stored: bool = False
    """A row exists for it."""
    changed: bool = False
    """The row must be written."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing the hospital said: an issue or a cancellation of the document `key`."""

    key: str
    revision: str
    changed_at: datetime
    patient_number: str
    replaces: str | None = None
    """Key of the document this one corrects."""
    reason: int | None = None
    """Of a cancellation or correction, if the hospital gives one: a number of the registry's."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A version to be written: `position` of its arrival in the page, and whether it waits for an earlier one."""

    id: int
    position: int
    held: bool


@dataclass(slots=True)
class NewMark:
    """A mark to be written."""

    action: MarkAction
    document: int
    successor: int | None
    reason: int
    patient_number: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A withdrawal written earlier that becomes an amendment, if it was not sent yet."""

    source: SourceView
    document: int
    successor: int


@dataclass(slots=True)
class Plan:
    """All that one page changes."""

    documents: list[NewDocument] = field(default_factory=list)
    marks: dict[int, NewMark] = field(default_factory=dict)
    """By the document that ends."""
    upgrades: list[Upgrade] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)


class Ledger:
    """Decides on the arrivals of one page, in order. `views` must hold what is stored of every key named in it."""

    def __init__(self, views: dict[str, SourceView], next_document: int) -> None:
        self.views = views
        self.next_document = next_document
        self.plan = Plan()

    def view(self, key: str) -> SourceView:
        """What is known of `key`; nothing at first."""
        return self.views.setdefault(key, SourceView(key))

    def needs_no_document(self, arrival: Arrival) -> Outcome | None:
        """Why an issue leads to no new version, or None if it does."""
        view = self.view(arrival.key)
        if view.head is None:
            return None
        if view.fate is Fate.SUPERSEDED or view.replaced:
            return Outcome.ENDED
        if view.fate is Fate.WITHDRAWN:
            return Outcome.STALE if _not_after(arrival.changed_at, view.cancelled_at) else None
        if arrival.revision == view.revision:
            return Outcome.DUPLICATE
        assert view.changed_at is not None
        return Outcome.STALE if arrival.changed_at < view.changed_at else None

    def issue(self, arrival: Arrival, position: int) -> Outcome:
        """An issue whose record is good."""
        nothing = self.needs_no_document(arrival)
        if nothing is not None:
            self._remember_time(arrival, nothing)
            return self._count(nothing)
        view, number = self.view(arrival.key), self._number()
        before, fate = view.head, view.fate
        ends = self._ends_at_once(view, arrival)
        view.head, view.revision, view.changed_at = number, arrival.revision, arrival.changed_at
        view.fate, view.changed = Fate.NONE, True
        held = before is not None and fate is Fate.NONE
        if held:
            assert before is not None
            self._mark(MarkAction.AMEND, before, number, arrival.reason or AmendReason.CORRECTED, arrival)
        held = self._replace_other(arrival, number) or held
        self.plan.documents.append(NewDocument(number, position, held))
        if ends:
            view.fate = Fate.WITHDRAWN
            self._mark(
                MarkAction.WITHDRAW, number, None, view.cancel_reason or WithdrawReason.CANCELLED, arrival
            )
        return self._count(Outcome.CORRECTED if held else Outcome.ISSUED)

    def cancel(self, arrival: Arrival) -> Outcome:
        """A cancellation of `arrival.key`."""
        view = self.view(arrival.key)
        if view.fate is Fate.SUPERSEDED:
            return self._count(Outcome.ENDED)
        if view.head is not None and view.fate is Fate.NONE:
            assert view.changed_at is not None
            if arrival.changed_at < view.changed_at:
                return self._count(Outcome.STALE)
            view.fate = Fate.WITHDRAWN
            self._mark(
                MarkAction.WITHDRAW, view.head, None, arrival.reason or WithdrawReason.CANCELLED, arrival
            )
            self._note_cancellation(view, arrival)
            return self._count(Outcome.CANCELLED)
        known = view.cancelled_at is not None
        self._note_cancellation(view, arrival)
        return self._count(Outcome.DUPLICATE if known else Outcome.WAITING)

    def _ends_at_once(self, view: SourceView, arrival: Arrival) -> bool:
        """Whether what arrived before the document itself has already ended it."""
        if view.head is not None:
            return False
        return view.replaced or (
            view.cancelled_at is not None and _not_after(arrival.changed_at, view.cancelled_at)
        )

    def _replace_other(self, arrival: Arrival, number: int) -> bool:
        """End the document of another source that this one replaces. Whether the new one may have to wait."""
        if arrival.replaces is None or arrival.replaces == arrival.key:
            return False
        other = self.view(arrival.replaces)
        other.replaced = other.changed = True
        if other.head is None:
            return False
        if other.fate is Fate.NONE:
            other.fate = Fate.SUPERSEDED
            self._mark(MarkAction.AMEND, other.head, number, arrival.reason or AmendReason.RESETTLED, arrival)
            return True
        return other.fate is Fate.WITHDRAWN and self._upgrade(other, number, arrival)

    def _upgrade(self, other: SourceView, number: int, arrival: Arrival) -> bool:
        """Turn a withdrawal into an amendment: one of this page for certain, an earlier one if it was not sent."""
        assert other.head is not None
        planned = self.plan.marks.get(other.head)
        if planned is None:
            self.plan.upgrades.append(Upgrade(other, other.head, number))
            return True
        planned.action, planned.successor = MarkAction.AMEND, number
        planned.reason = arrival.reason or AmendReason.RESETTLED
        other.fate = Fate.SUPERSEDED
        return True

    def _mark(
        self, action: MarkAction, document: int, successor: int | None, reason: int, arrival: Arrival
    ) -> None:
        self.plan.marks[document] = NewMark(action, document, successor, int(reason), arrival.patient_number)

    def _remember_time(self, arrival: Arrival, outcome: Outcome) -> None:
        """A repeated row with a later stamp moves the head's time, so that rows between count as older."""
        view = self.view(arrival.key)
        newer = view.changed_at is not None and arrival.changed_at > view.changed_at
        if outcome is Outcome.DUPLICATE and newer and arrival.revision == view.revision:
            view.changed_at, view.changed = arrival.changed_at, True

    def _note_cancellation(self, view: SourceView, arrival: Arrival) -> None:
        if view.cancelled_at is None or arrival.changed_at > view.cancelled_at:
            view.cancelled_at, view.changed = arrival.changed_at, True
        view.cancel_reason = view.cancel_reason or arrival.reason

    def _number(self) -> int:
        number, self.next_document = self.next_document, self.next_document + 1
        return number

    def _count(self, outcome: Outcome) -> Outcome:
        self.plan.outcomes[outcome] += 1
        return outcome


def _not_after(moment: datetime, other: datetime | None) -> bool:
    """Whether `moment` is not later than `other`, which is known."""
    assert other is not None
    return moment <= other
