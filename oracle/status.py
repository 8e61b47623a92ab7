"""How the pipeline stands, from the database and one look at the chain: for a person, for metrics, for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, select
from sqlmodel import Session

from chain.clock import Clock
from chain.db import reading, table_of
from chain.finality import Finality
from chain.sender import OutboxRow
from oracle.batching import anchor_key
from oracle.models import Batch, Delivery, Document, Intake, Mark, Quarantined
from oracle.states import BatchState, DeliveryState, DocumentState, MarkState, QuarantineState


@dataclass(frozen=True)
class Status:
    """One look. Ages and lags in seconds; None where there is nothing to measure."""

    at: datetime
    rows_read: int
    last_read: datetime | None
    documents: Mapping[str, int]
    batches: Mapping[str, int]
    marks: Mapping[str, int]
    deliveries: Mapping[str, int]
    quarantine: Mapping[str, int]
    oldest_waiting: float | None
    """Of the oldest document not yet anchored, since it was read."""
    delivery_lag: float | None
    """Of the oldest delivery not yet answered, since it was due first."""
    last_anchored_block: int | None
    last_anchored_at: datetime | None
    finality: str | None
    """How final the newest settled batch is: settled or strong."""

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in asdict(self).items()
        }


def look(database: Engine, clock: Clock) -> Status:
    """Count everything once."""
    now = clock()
    with reading(database) as session:
        intake = session.get(Intake, 1)
        block, anchored_at, finality = _last_anchored(session)
        return Status(
            at=now,
            rows_read=intake.rows_read if intake else 0,
            last_read=intake.read_at if intake else None,
            documents=_counts(session, Document, DocumentState),
            batches=_counts(session, Batch, BatchState),
            marks=_counts(session, Mark, MarkState),
            deliveries=_counts(session, Delivery, DeliveryState),
            quarantine=_counts(session, Quarantined, QuarantineState),
            oldest_waiting=_age(now, _oldest_waiting(session)),
            delivery_lag=_age(now, _oldest_delivery(session)),
            last_anchored_block=block,
            last_anchored_at=anchored_at,
            finality=finality,
        )


def _counts(session: Session, model: Any, states: Any) -> dict[str, int]:
    state = table_of(model).c.state
    query = select(state, func.count()).group_by(state)
    found = {str(row[0]): int(row[1]) for row in session.execute(query)}
    return {each.value: found.get(each.value, 0) for each in states}


def _oldest_waiting(session: Session) -> datetime | None:
    """When the first of those not anchored was read: the lowest number of each state is one look at the index."""
    table = table_of(Document)
    waiting = (DocumentState.HELD.value, DocumentState.READY.value, DocumentState.BATCHED.value)
    lowest = [
        session.execute(select(func.min(table.c.id)).where(table.c.state == state)).scalar()
        for state in waiting
    ]
    numbers = [number for number in lowest if number is not None]
    if not numbers:
        return None
    found: datetime | None = session.execute(
        select(table.c.read_at).where(table.c.id == min(numbers))
    ).scalar_one_or_none()
    return found


def _oldest_delivery(session: Session) -> datetime | None:
    table = table_of(Delivery)
    query = select(func.min(table.c.created_at)).where(table.c.state == DeliveryState.WAITING.value)
    found: datetime | None = session.execute(query).scalar_one_or_none()
    return found


def _last_anchored(session: Session) -> tuple[int | None, datetime | None, str | None]:
    """Block, its time and finality of the newest settled batch."""
    table, outbox = table_of(Batch), table_of(OutboxRow)
    query = (
        select(table.c.id, table.c.attempt, table.c.block, table.c.anchored_at)
        .where(table.c.state == BatchState.SETTLED.value)
        .order_by(table.c.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    if row is None:
        return None, None, None
    sent = select(outbox.c.finality).where(outbox.c.key == anchor_key(row.id, row.attempt))
    finality = session.execute(sent).scalar()
    return row.block, row.anchored_at, None if finality is None else Finality(finality).name.lower()


def _age(now: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())
