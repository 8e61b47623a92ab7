"""Watches the anchorings: a settled batch makes its documents anchored and their deliveries due, at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.db import reading, table_of, writing
from oracle.batching import anchor_key
from oracle.chain_face import ChainFace, Outcome, RefusedOnChain, Settled
from oracle.crash import crash_point
from oracle.issue_keys import delivery_name
from oracle.models import Batch, Delivery, Document
from oracle.states import BatchState, DeliveryEvent, DeliveryState, DocumentState

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_RECHECKED = 64
"""Newest settled batches that are looked at again."""


@dataclass(frozen=True)
class Settling:
    """Moves batches from FIXED to SETTLED or FAILED, and failed ones back after a pause."""

    database: Engine
    chain: ChainFace
    clock: Clock

    def step(self) -> list[float]:
        """Look at every open batch once. For each that settled: seconds since its oldest document was read."""
        self._resubmit()
        fixed = self._batches(BatchState.FIXED)
        crash_point("settle.known")
        settled: list[float] = []
        for batch, outcome in fixed:
            if isinstance(outcome, Settled):
                settled.extend(self._settle(batch, outcome))
            elif isinstance(outcome, RefusedOnChain):
                standing = self._standing(batch, outcome)
                if standing is None:
                    self._fail(batch, outcome.error)
                else:
                    settled.extend(self._settle(batch, standing))
        return settled

    def _standing(self, batch: Row[Any], refused: RefusedOnChain) -> Settled | None:
        """The anchoring of the same root that was there first: another operator of this institution, or a past of
        ours that a restored database has forgotten."""
        return self.chain.anchored(batch.root) if refused.error == "AlreadyAnchored" else None

    def recheck(self) -> int:
        """Reopen batches whose settled block was replaced after all (an alarm of the sender's). How many.

        Their documents keep their state: what was delivered stays delivered, and is proven anew from the chain.
        """
        lost = [
            batch
            for batch, outcome in self._batches(BatchState.SETTLED, newest=_RECHECKED)
            if not isinstance(outcome, Settled)
            and not (isinstance(outcome, RefusedOnChain) and self._standing(batch, outcome))
        ]
        for batch in lost:
            with writing(self.database) as session:
                _move(session, batch.id, BatchState.SETTLED, BatchState.FIXED)
        return len(lost)

    def _batches(self, state: BatchState, newest: int | None = None) -> list[tuple[Row[Any], Outcome | None]]:
        """Batches in `state` with what the chain says of them."""
        table = table_of(Batch)
        query = select(table.c.id, table.c.attempt, table.c.root).where(table.c.state == state.value)
        query = (
            query.order_by(table.c.id) if newest is None else query.order_by(table.c.id.desc()).limit(newest)
        )
        with reading(self.database) as session:
            batches = list(session.execute(query).all())
            keys = [anchor_key(batch.id, batch.attempt) for batch in batches]
            outcomes = self.chain.outcomes(session, keys) if keys else {}
        return [(batch, outcomes.get(key)) for batch, key in zip(batches, keys, strict=True)]

    def _settle(self, batch: Row[Any], outcome: Settled) -> list[float]:
        """One transaction: the batch, its documents, their deliveries. Empty if another process was first."""
        now = self.clock()
        with writing(self.database) as session:
            values = {
                "settled_at": now,
                "tx": outcome.tx,
                "block": outcome.block,
                "block_hash": outcome.block_hash,
                "anchored_at": outcome.time,
                "error": None,
            }
            if not _move(session, batch.id, BatchState.FIXED, BatchState.SETTLED, **values):
                return []
            crash_point("settle.batch")
            read_at = self._deliveries(session, batch.id, now)
            crash_point("settle.deliveries")
        crash_point("settle.committed")
        return [] if read_at is None else [(now - read_at).total_seconds()]

    def _deliveries(self, session: Session, batch: int, now: datetime) -> datetime | None:
        """The members are anchored and to be delivered; nothing is left to do if the batch had settled before.

        When the oldest of them was read.
        """
        documents = table_of(Document)
        here = (documents.c.batch == batch) & (documents.c.state == DocumentState.BATCHED.value)
        columns = (documents.c.id, documents.c.document_id, documents.c.read_at)
        query = select(*columns).where(here).order_by(documents.c.id)
        members = session.execute(query).all()
        if not members:
            return None
        rows = [delivery_row(member.id, member.document_id, DeliveryEvent.ISSUED, now) for member in members]
        session.execute(insert(table_of(Delivery)), rows)
        session.execute(update(documents).where(here).values(state=DocumentState.ANCHORED.value))
        oldest: datetime = min(member.read_at for member in members)
        return oldest

    def _fail(self, batch: Row[Any], error: str) -> None:
        """Refused on chain, for instance while the institution is suspended: again later, under a new key."""
        pause = min(_FIRST_PAUSE * 2 ** min(batch.attempt - 1, 12), _LONGEST_PAUSE)
        with writing(self.database) as session:
            retry_at = self.clock() + pause
            _move(
                session, batch.id, BatchState.FIXED, BatchState.FAILED, error=error[:200], retry_at=retry_at
            )

    def _resubmit(self) -> None:
        """Failed batches whose pause is over go out again: same root, so it cannot be anchored twice."""
        table, now = table_of(Batch), self.clock()
        over = (table.c.retry_at <= now) | (table.c.retry_at > now + _LONGEST_PAUSE)  # the clock ran ahead
        due = select(table.c.id, table.c.attempt, table.c.root, table.c.depth).where(
            table.c.state == BatchState.FAILED.value, over
        )
        with reading(self.database) as session:
            batches = session.execute(due).all()
        for batch in batches:
            attempt = batch.attempt + 1
            with writing(self.database) as session:
                if _move(
                    session, batch.id, BatchState.FAILED, BatchState.FIXED, attempt=attempt, retry_at=None
                ):
                    self.chain.anchor(session, batch.root, batch.depth, anchor_key(batch.id, attempt))


def _move(session: Session, batch: int, found: BatchState, to: BatchState, **values: Any) -> bool:
    """Move a batch by conditional update. False if another process moved it first."""
    table = table_of(Batch)
    move = (
        update(table)
        .where(table.c.id == batch, table.c.state == found.value)
        .values(state=to.value, **values)
    )
    return bool(session.execute(move).rowcount == 1)  # type: ignore[attr-defined]


def delivery_row(document: int, document_id: str, event: DeliveryEvent, now: datetime) -> dict[str, Any]:
    """A delivery that is due at once."""
    return {
        "delivery_id": delivery_name(document_id, event.value),
        "event": event.value,
        "document": document,
        "state": DeliveryState.WAITING.value,
        "attempts": 0,
        "next_at": now,
        "created_at": now,
    }
