"""Destroys what is no longer needed: content some days after the backend acknowledged it, leaf lists much later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, exists, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.db import chunks, table_of, writing
from oracle.crash import crash_point
from oracle.his.optional import Keeping
from oracle.models import Batch, Content, Delivery, Document, Mark
from oracle.states import BatchState, DeliveryState, DocumentState

_AT_ONCE = 2_000


@dataclass(frozen=True)
class CleanupReport:
    """One pass: documents whose content and batches whose leaves were dropped."""

    documents: int
    batches: int


@dataclass(frozen=True)
class Cleanup:
    """Drops content `content` after delivery and leaf lists `leaves` after the batch settled."""

    database: Engine
    clock: Clock
    content: timedelta
    leaves: timedelta
    inbox: Keeping | None = None
    """What the hospital sent; kept as long as the documents: content `content` after it came, facts `leaves`."""

    def step(self) -> CleanupReport:
        """Drop what is due, in small transactions; a kill between two loses nothing."""
        now = self.clock()
        documents = 0
        while dropped := self._drop_content(now - self.content):
            documents += dropped
            crash_point("cleanup.content")
        if self.inbox is not None:
            self.inbox.forget(now - self.content, now - self.leaves)
        return CleanupReport(documents, self._drop_leaves(now - self.leaves))

    def _drop_content(self, until: datetime) -> int:
        """Credential, salts and patient numbers of documents acknowledged before `until`."""
        table, content = table_of(Document), table_of(Content)
        due = (
            select(table.c.id)
            .where(table.c.state == DocumentState.DELIVERED.value, table.c.delivered_at <= until)
            .order_by(table.c.id)
            .limit(_AT_ONCE)
        )
        with writing(self.database) as session:
            numbers = [number for (number,) in session.execute(due)]
            for part in chunks(numbers):
                session.execute(
                    update(table)
                    .where(table.c.id.in_(part), table.c.state == DocumentState.DELIVERED.value)
                    .values(state=DocumentState.DROPPED.value)
                )
                session.execute(delete(content).where(content.c.document.in_(part)))
            _drop_marks(session, until)
        return len(numbers)

    def _drop_leaves(self, until: datetime) -> int:
        """Leaf lists of batches settled before `until` whose every document is dropped."""
        batch, document = table_of(Batch), table_of(Document)
        needed = exists(
            select(document.c.id).where(
                document.c.batch == batch.c.id, document.c.state != DocumentState.DROPPED.value
            )
        )
        old = (
            update(batch)
            .where(batch.c.state == BatchState.SETTLED.value, batch.c.settled_at <= until)
            .where(batch.c.leaves.is_not(None), ~needed)
            .values(leaves=None)
        )
        with writing(self.database) as session:
            result: Any = session.execute(old)
            return int(result.rowcount)


def _drop_marks(session: Session, until: datetime) -> None:
    """Patient numbers of marks whose delivery was acknowledged before `until`."""
    mark, delivery = table_of(Mark), table_of(Delivery)
    told = exists(
        select(delivery.c.id).where(
            delivery.c.document == mark.c.document,
            delivery.c.event.in_(["superseded", "withdrawn"]),
            delivery.c.state == DeliveryState.ACCEPTED.value,
            delivery.c.answered_at <= until,
        )
    )
    session.execute(update(mark).where(mark.c.sealed.is_not(None), told).values(sealed=None))
