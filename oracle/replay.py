"""What a person can set going again: refused deliveries, failed marks, batches waiting for their pause, reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, update

from chain.clock import Clock
from chain.db import table_of, writing
from oracle.models import Batch, Cursor, Delivery, Mark
from oracle.states import BatchState, DeliveryState, MarkState


@dataclass(frozen=True)
class Replayed:
    """How many of each were set going again."""

    deliveries: int
    marks: int
    batches: int


def replay(database: Engine, clock: Clock) -> Replayed:
    """Everything that was refused or failed is due again. Idempotent at the other end, so nothing doubles."""
    now, delivery, mark, batch = clock(), table_of(Delivery), table_of(Mark), table_of(Batch)
    again = (
        update(delivery)
        .where(delivery.c.state == DeliveryState.REFUSED.value)
        .values(state=DeliveryState.WAITING.value, next_at=now, attempts=0, answered_at=None)
    )
    marks = (
        update(mark)
        .where(mark.c.state == MarkState.FAILED.value)
        .values(state=MarkState.WAITING.value, attempt=mark.c.attempt + 1, error=None)
    )
    batches = update(batch).where(batch.c.state == BatchState.FAILED.value).values(retry_at=now)
    with writing(database) as session:
        counts = [_rows(session.execute(statement)) for statement in (again, marks, batches)]
    return Replayed(*counts)


def read_from_start(database: Engine, adapter: str) -> None:
    """Forget how far the adapter was read. Everything comes again; what is known already leads to nothing new."""
    table = table_of(Cursor)
    with writing(database) as session:
        session.execute(delete(table).where(table.c.adapter == adapter))


def _rows(result: Any) -> int:
    return int(result.rowcount)
