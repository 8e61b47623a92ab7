"""Intake's reads and its one transaction, in bulk: a page of a thousand rows takes about ten statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlmodel import Session, col

from chain.contracts.vocabulary import AmendReason
from chain.db import chunks, table_of
from oracle.crash import crash_point
from oracle.errors import TurnLost
from oracle.issue import Made
from oracle.ledger import Arrival, Ledger, SourceView, Upgrade
from oracle.models import Content, Cursor, Document, Intake, Mark, Quarantined, Source
from oracle.states import DocumentState, Fate, MarkAction, MarkState, QuarantineState

_INTAKE = 1
_SHOWN_PATHS = 500


@dataclass(frozen=True)
class Turn:
    """What an intake transaction starts from; it commits only if no other did since."""

    number: int
    next_document: int
    adapter: str
    cursor: str | None


@dataclass(frozen=True)
class Fault:
    """A row for quarantine: its source's key, a reason code, names of the fields at fault."""

    key: str
    reason: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Issued:
    """A version to be written, with its sealed content."""

    id: int
    held: bool
    arrival: Arrival
    made: Made
    sealed: bytes


@dataclass
class PageChanges:
    """All that one page changes in the database. `cursor` None: a re-read that does not move it."""

    cursor: str | None
    rows: int
    ledger: Ledger
    at: datetime
    issued: list[Issued] = field(default_factory=list)
    sealed_marks: dict[int, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    """Keys of the rows that could be mapped."""


def read_turn(session: Session, adapter: str) -> Turn:
    """Where reading goes on; makes the one intake row's start values up until it exists."""
    row = session.get(Intake, _INTAKE)
    cursor = session.get(Cursor, adapter)
    position = None if cursor is None else cursor.position
    return (
        Turn(0, 1, adapter, position) if row is None else Turn(row.turn, row.next_document, adapter, position)
    )


def read_views(session: Session, keys: Iterable[str]) -> dict[str, SourceView]:
    """What is stored of `keys`."""
    table, head = table_of(Source), table_of(Document)
    query = select(table, head.c.document_id).outerjoin(head, head.c.id == table.c.head)
    views: dict[str, SourceView] = {}
    for part in chunks(sorted(keys)):
        found = session.execute(query.where(table.c.key.in_(part)))
        views.update((row.key, _view(row)) for row in found)
    return views


def write_page(session: Session, turn: Turn, changes: PageChanges) -> None:
    """Write everything in the caller's transaction. Raises TurnLost when another process took the turn."""
    _take_turn(session, turn, changes)
    if changes.cursor is not None:
        _move_cursor(session, turn, changes.cursor)
    crash_point("intake.cursor")
    _insert_documents(session, changes)
    crash_point("intake.documents")
    for upgrade in changes.ledger.plan.upgrades:
        _try_upgrade(session, upgrade)
    _insert_marks(session, changes)
    crash_point("intake.marks")
    _write_sources(session, changes.ledger.views.values())
    _write_quarantine(session, changes)


def _view(row: Row[Any]) -> SourceView:
    return SourceView(
        key=row.key,
        head=row.head,
        head_name=row.document_id,
        revision=row.revision,
        changed_at=row.changed_at,
        fate=Fate(row.fate),
        cancelled_at=row.cancelled_at,
        cancel_reason=row.cancel_reason,
        replaced=row.replaced,
        stored=True,
    )


def _take_turn(session: Session, turn: Turn, changes: PageChanges) -> None:
    """The conditional update that lets one process commit; the first ever inserts the row."""
    table = table_of(Intake)
    values = {
        "turn": turn.number + 1,
        "next_document": changes.ledger.next_document,
        "read_at": changes.at,
    }
    if turn.number == 0:
        if session.get(Intake, _INTAKE) is not None:
            raise TurnLost(turn.number)
        session.execute(insert(table).values(id=_INTAKE, rows_read=changes.rows, **values))
        return
    taken = (
        update(table)
        .where(table.c.id == _INTAKE, table.c.turn == turn.number)
        .values(rows_read=table.c.rows_read + changes.rows, **values)
    )
    if session.execute(taken).rowcount != 1:  # type: ignore[attr-defined]
        raise TurnLost(turn.number)


def _move_cursor(session: Session, turn: Turn, position: str) -> None:
    if turn.cursor is None:
        session.execute(insert(table_of(Cursor)).values(adapter=turn.adapter, position=position))
    elif position != turn.cursor:
        table = table_of(Cursor)
        session.execute(update(table).where(table.c.adapter == turn.adapter).values(position=position))


def _insert_documents(session: Session, changes: PageChanges) -> None:
    rows = [
        {
            "id": issued.id,
            "document_id": issued.made.document_id,
            "source": issued.arrival.key,
            "revision": issued.arrival.revision,
            "changed_at": issued.arrival.changed_at,
            "read_at": changes.at,
            "vct": issued.made.vct,
            "kid": issued.made.kid,
            "leaf": issued.made.leaf,
            "state": DocumentState.HELD.value if issued.held else DocumentState.READY.value,
        }
        for issued in changes.issued
    ]
    if rows:
        session.execute(insert(table_of(Document)), rows)
        contents = [{"document": issued.id, "sealed": issued.sealed} for issued in changes.issued]
        session.execute(insert(table_of(Content)), contents)


def _try_upgrade(session: Session, upgrade: Upgrade) -> None:
    """The withdrawal becomes an amendment if it still waits; if it was sent, the new document stands on its own."""
    table = table_of(Mark)
    waiting = (
        update(table)
        .where(
            table.c.document == upgrade.document,
            table.c.state == MarkState.WAITING.value,
            table.c.action == MarkAction.WITHDRAW.value,
        )
        .values(
            action=MarkAction.AMEND.value,
            successor=upgrade.successor,
            reason=int(AmendReason.RESETTLED),
        )
    )
    if session.execute(waiting).rowcount == 1:  # type: ignore[attr-defined]
        upgrade.source.fate = Fate.SUPERSEDED


def _insert_marks(session: Session, changes: PageChanges) -> None:
    rows = [
        {
            "action": mark.action.value,
            "document": mark.document,
            "successor": mark.successor,
            "reason": mark.reason,
            "sealed": changes.sealed_marks[mark.document],
            "state": MarkState.WAITING.value,
            "attempt": 1,
            "decided_at": changes.at,
        }
        for mark in changes.ledger.plan.marks.values()
    ]
    if rows:
        session.execute(insert(table_of(Mark)), rows)


def _write_sources(session: Session, views: Collection[SourceView]) -> None:
    table = table_of(Source)
    new = [_source_row(view) for view in views if view.changed and not view.stored]
    if new:
        session.execute(insert(table), new)
    known = [
        {"which": view.key, **{k: v for k, v in _source_row(view).items() if k != "key"}}
        for view in views
        if view.changed and view.stored
    ]
    if known:
        session.connection().execute(update(table).where(table.c.key == bindparam("which")), known)


def _source_row(view: SourceView) -> dict[str, Any]:
    return {
        "key": view.key,
        "head": view.head,
        "revision": view.revision,
        "changed_at": view.changed_at,
        "fate": view.fate.value,
        "cancelled_at": view.cancelled_at,
        "cancel_reason": view.cancel_reason,
        "replaced": view.replaced,
    }


def _write_quarantine(session: Session, changes: PageChanges) -> None:
    """Open or repeat the faults of this page; a good row of a source resolves its open fault."""
    faults = {fault.key: fault for fault in changes.faults}
    known = _quarantined(session, [*faults, *(changes.good - faults.keys())])
    fresh = [_fault_row(fault, changes.at) for fault in faults.values() if fault.key not in known]
    if fresh:
        session.execute(insert(table_of(Quarantined)), fresh)
    for key, row in known.items():
        if key in faults:
            _repeat(row, faults[key], changes.at)
        elif row.state == QuarantineState.OPEN:
            row.state, row.last_seen = QuarantineState.RESOLVED, changes.at
        session.add(row)


def _quarantined(session: Session, keys: Sequence[str]) -> dict[str, Quarantined]:
    found: dict[str, Quarantined] = {}
    for part in chunks(keys):
        query = select(Quarantined).where(col(Quarantined.source).in_(part))
        found.update((row.source, row) for row in session.scalars(query))
    return found


def _repeat(row: Quarantined, fault: Fault, at: datetime) -> None:
    """The same source at fault again: counted; opened again unless a person discarded this very fault."""
    paths = _shown(fault.paths)
    if row.state != QuarantineState.DISCARDED or (row.reason, row.paths) != (fault.reason, paths):
        row.state = QuarantineState.OPEN
    row.reason, row.paths, row.last_seen, row.seen = fault.reason, paths, at, row.seen + 1


def _fault_row(fault: Fault, at: datetime) -> dict[str, Any]:
    return {
        "source": fault.key,
        "reason": fault.reason,
        "paths": _shown(fault.paths),
        "state": QuarantineState.OPEN.value,
        "seen": 1,
        "first_seen": at,
        "last_seen": at,
    }


def _shown(paths: Sequence[str]) -> str:
    return " ".join(paths)[:_SHOWN_PATHS]
