"""Queries of the log, by columns: its rows are hashed as they are stored, and a cached object would be a stale one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from backend.audit.line import Head
from backend.audit.models import AuditAnchor, AuditCheckpoint, AuditEvent, AuditHead, AuditPatientHead
from chain.db import chunks, insert_ignore, table_of

HEAD_ID = 1
Row = dict[str, Any]


def head(session: Session, *, lock: bool = False) -> Head | None:
    """The log's last line.

    Args:
        lock: keep it until the transaction ends (PostgreSQL; on SQLite writing transactions are serial anyway).
    """
    query = select(col(AuditHead.number), col(AuditHead.hash)).where(col(AuditHead.id) == HEAD_ID)
    row = session.execute(query.with_for_update() if lock else query).first()
    return Head(row[0], row[1]) if row else None


def move_head(session: Session, to: Head) -> None:
    change = update(AuditHead).where(col(AuditHead.id) == HEAD_ID).values(number=to.number, hash=to.hash)
    session.execute(change)


def patient_numbers(session: Session, patients: Collection[str]) -> dict[str, int]:
    """The last line number of each patient who has one."""
    return {
        patient: number
        for part in chunks(list(patients))
        for patient, number in session.execute(
            select(col(AuditPatientHead.patient), col(AuditPatientHead.number)).where(
                col(AuditPatientHead.patient).in_(part)
            )
        )
    }


def move_patient_heads(session: Session, numbers: Mapping[str, int]) -> None:
    if not numbers:
        return
    dialect = session.get_bind().dialect.name
    new = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table_of(AuditPatientHead))
    moved = new.on_conflict_do_update(index_elements=["patient"], set_={"number": new.excluded.number})
    rows = [{"patient": patient, "number": number, "pruned": 0} for patient, number in numbers.items()]
    session.connection().execute(moved, rows)


def add_lines(session: Session, lines: Sequence[Row]) -> None:
    session.connection().execute(insert(table_of(AuditEvent)), lines)


def lines_of(session: Session, patient: str, before: int | None, limit: int) -> Sequence[AuditEvent]:
    """A patient's lines, newest first, below patient number `before`."""
    query = select(AuditEvent).where(col(AuditEvent.patient) == patient)
    if before is not None:
        query = query.where(col(AuditEvent.patient_number) < before)
    newest_first = query.order_by(col(AuditEvent.patient_number).desc()).limit(limit)
    return session.execute(newest_first).scalars().all()


# --- anchoring


def add_anchor(session: Session, anchor: AuditAnchor) -> None:
    insert_ignore(session, AuditAnchor, [anchor.model_dump()])


def anchor(session: Session, commitment: bytes) -> AuditAnchor | None:
    query = select(AuditAnchor).where(col(AuditAnchor.commitment) == commitment)
    return session.execute(query.execution_options(populate_existing=True)).scalars().first()


def note_anchored(session: Session, commitment: bytes, where: Row) -> None:
    """Fill in where a commitment was anchored, once."""
    change = update(AuditAnchor).where(
        col(AuditAnchor.commitment) == commitment, col(AuditAnchor.root).is_(None)
    )
    session.execute(change.values(**where))


def last_anchored(session: Session) -> AuditAnchor | None:
    """The anchor of the newest head that is on chain."""
    query = select(AuditAnchor).where(col(AuditAnchor.root).is_not(None))
    newest = query.order_by(col(AuditAnchor.number).desc(), col(AuditAnchor.made_at).desc()).limit(1)
    return session.execute(newest).scalars().first()


# --- retention


def last_before(session: Session, cutoff: datetime) -> Head | None:
    """The last line of the whole oldest range of which no line is from `cutoff` or later."""
    kept = session.execute(
        select(func.min(col(AuditEvent.number))).where(col(AuditEvent.at) >= cutoff)
    ).scalar_one()
    old = select(col(AuditEvent.number), col(AuditEvent.hash))
    if kept is not None:
        old = old.where(col(AuditEvent.number) < kept)
    row = session.execute(old.order_by(col(AuditEvent.number).desc()).limit(1)).first()
    return Head(row[0], row[1]) if row else None


def range_until(session: Session, number: int) -> tuple[int, datetime]:
    """How many lines there are up to `number`, and the moment of the youngest of them."""
    query = select(func.count(), func.max(col(AuditEvent.at))).where(col(AuditEvent.number) <= number)
    count, until = session.execute(query).one()
    return count, until


def remove_until(session: Session, checkpoint: AuditCheckpoint) -> None:
    """Add the checkpoint, then remove the range: in this order, or the triggers refuse."""
    session.execute(insert(table_of(AuditCheckpoint)).values(checkpoint.model_dump()))
    events, heads = table_of(AuditEvent), table_of(AuditPatientHead)
    removed = (
        select(func.max(events.c.patient_number))
        .where(events.c.patient == heads.c.patient, events.c.number <= checkpoint.number)
        .scalar_subquery()
    )
    session.execute(update(heads).values(pruned=func.coalesce(removed, heads.c.pruned)))
    session.execute(delete(events).where(events.c.number <= checkpoint.number))
    session.execute(delete(AuditAnchor).where(col(AuditAnchor.number) < checkpoint.number))
