"""Reads the hospital system and writes documents, marks and the adapter's cursor in one transaction.

At least once becomes exactly once here: a page that is read again (after a kill, or because two processes read) is
either written by the one whose *turn* it is, or not at all; and a row that comes again is known by its key, content
and time. While one page is being signed in other processes the next is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Engine

from chain.clock import Clock
from chain.db import reading, writing
from oracle.crash import crash_point
from oracle.his.base import Action, HisAdapter, HisDocument, HisError, Page, Reject
from oracle.intake_store import Fault, Issued, PageChanges, Turn, read_turn, read_views, write_page
from oracle.issue import Made, Maker, Refused, Result
from oracle.ledger import Arrival, Ledger, Outcome
from oracle.sealed import seal_content, seal_patient
from oracle.vault import Vault


@dataclass(frozen=True)
class IntakeReport:
    """What was taken: rows read, what they led to, and whether the adapter has more at once."""

    rows: int
    outcomes: Mapping[Outcome, int]
    more: bool

    def __add__(self, other: IntakeReport) -> IntakeReport:
        return IntakeReport(
            self.rows + other.rows, Counter(self.outcomes) + Counter(other.outcomes), other.more
        )


@dataclass
class Intake:
    """The reading end of the pipeline, for one adapter."""

    database: Engine
    adapter: HisAdapter
    maker: Maker
    vault: Vault
    clock: Clock
    size: int
    """Documents per page at the most."""
    _ahead: tuple[str | None, Page] | None = field(default=None, init=False)
    """A page read while the one before was in work, and the cursor it was read from."""

    def step(self) -> IntakeReport:
        """Take one page. Raises HisUnavailable, HisMalformed, TurnLost; then nothing has changed."""
        with reading(self.database) as session:
            turn = read_turn(session, self.adapter.name)
        page = self._page(turn.cursor)
        crash_point("intake.read")
        if not page.documents and not page.rejects and page.next_cursor == turn.cursor:
            return IntakeReport(0, {}, page.more)
        return self.take(page, turn)

    def take(self, page: Page, turn: Turn, *, move_cursor: bool = True) -> IntakeReport:
        """Decide on the rows of `page` and write what follows, with its cursor, as turn `turn`.

        Raises TurnLost when another process took that turn; then nothing has changed.
        """
        documents = in_order(page.documents)
        arrivals = [_arrival(document) for document in documents]
        ledger = self._ledger(arrivals, turn)
        wanted = _wanted(documents, arrivals, ledger)
        before = {key: view.head_name for key, view in ledger.views.items() if view.head_name}
        pending = self.maker.start([documents[place] for place in wanted], before)
        if move_cursor and page.more:
            self._read_ahead(page.next_cursor)
        results = dict(zip(wanted, pending(), strict=True))
        crash_point("intake.made")
        rows = len(page.documents) + len(page.rejects)
        cursor = page.next_cursor if move_cursor else None
        changes = PageChanges(cursor=cursor, rows=rows, ledger=ledger, at=self.clock())
        changes.faults.extend(_reject_fault(reject) for reject in page.rejects)
        self._decide(documents, arrivals, results, changes)
        with writing(self.database) as session:
            write_page(session, turn, changes)
            crash_point("intake.written")
        crash_point("intake.committed")
        ledger.plan.outcomes[Outcome.QUARANTINED] += len(changes.faults)
        return IntakeReport(rows, ledger.plan.outcomes, page.more)

    def _page(self, cursor: str | None) -> Page:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == cursor:
            return ahead[1]
        return self.adapter.read(cursor, self.size)

    def _read_ahead(self, cursor: str) -> None:
        """Read the next page while others sign this one. What fails here is tried again, and told, by `step`."""
        with suppress(HisError):
            self._ahead = (cursor, self.adapter.read(cursor, self.size))

    def _ledger(self, arrivals: Sequence[Arrival], turn: Turn) -> Ledger:
        keys = {arrival.key for arrival in arrivals}
        keys.update(arrival.replaces for arrival in arrivals if arrival.replaces is not None)
        with reading(self.database) as session:
            return Ledger(read_views(session, keys), turn.next_document)

    def _decide(
        self,
        documents: Sequence[HisDocument],
        arrivals: Sequence[Arrival],
        results: dict[int, Result],
        changes: PageChanges,
    ) -> None:
        """Let the ledger take the rows in order; a refused record becomes a fault and changes nothing else."""
        ledger = changes.ledger
        for place, (document, arrival) in enumerate(zip(documents, arrivals, strict=True)):
            result = results.get(place)
            if isinstance(result, Refused):
                changes.faults.append(Fault(arrival.key, result.reason, result.paths))
                continue
            changes.good.add(arrival.key)
            if document.action is Action.CANCEL:
                ledger.cancel(arrival)
            else:
                ledger.issue(arrival, place)
        for new in ledger.plan.documents:
            made, arrival = results[new.position], arrivals[new.position]
            assert isinstance(made, Made), "the ledger issues only what was made"
            sealed = seal_content(self.vault, made.document_id, arrival.patient_number, made.compact)
            changes.issued.append(Issued(new.id, new.held, arrival, made, sealed))
        for mark in ledger.plan.marks.values():
            changes.sealed_marks[mark.document] = seal_patient(self.vault, mark.document, mark.patient_number)


def in_order(documents: Sequence[HisDocument]) -> list[HisDocument]:
    """By the hospital's time; what is replaced before what replaces it, where one page holds both."""
    ordered = sorted(documents, key=lambda document: document.changed_at)
    waiting = {document.source_key for document in ordered if document.action is Action.ISSUE}
    placed: list[HisDocument] = []
    late: dict[str, list[HisDocument]] = {}
    for document in ordered:
        before = document.replaces
        if before is not None and before in waiting and before != document.source_key:
            late.setdefault(before, []).append(document)
            continue
        queue = [document]
        while queue:
            current = queue.pop(0)
            placed.append(current)
            waiting.discard(current.source_key)
            queue[:0] = late.pop(current.source_key, [])
    return placed + [document for group in late.values() for document in group]


def _wanted(documents: Sequence[HisDocument], arrivals: Sequence[Arrival], ledger: Ledger) -> list[int]:
    """Places of the issues worth signing. What is known already is not; but where a key comes more than once in
    the page, an earlier row may make a later one new, so all of them are made ready."""
    times = Counter(arrival.key for arrival in arrivals)
    return [
        place
        for place, (document, arrival) in enumerate(zip(documents, arrivals, strict=True))
        if document.action is Action.ISSUE
        and (times[arrival.key] > 1 or ledger.needs_no_document(arrival) is None)
    ]


def _arrival(document: HisDocument) -> Arrival:
    return Arrival(
        key=document.source_key,
        revision=document.revision,
        changed_at=document.changed_at,
        patient_number=document.patient_number,
        replaces=document.replaces,
    )


def _reject_fault(reject: Reject) -> Fault:
    return Fault(reject.source_key, reject.reason_code, ())
