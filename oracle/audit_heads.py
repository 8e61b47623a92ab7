"""Heads of the backend's log of accesses, carried to the chain: each batch takes one along as a leaf of its own.

The backend gives a salted commitment to the head of its log, which tells nothing of the log; a batch that is formed
takes the newest one; once it is settled the backend is told where it stands. So no recorded access at or before an
anchored head can be changed or removed unseen, not even by who runs the backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Engine, Row, Select, func, insert, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.db import reading, table_of, writing
from chain.merkle import leaf_of
from oracle.crash import crash_point
from oracle.models import AuditHead, Batch
from oracle.states import AuditHeadState, BatchState
from oracle.trees import unpack_tree

ALONE_AFTER = timedelta(minutes=10)
"""A head that found no batch for so long goes in one of its own: accesses go on when no receipt is written."""
_TOLD_AT_ONCE = 64


@dataclass(frozen=True)
class AnchoredHead:
    """A commitment that is on chain: the path from its leaf to the batch's root, and the block."""

    commitment: bytes
    root: bytes
    path: Sequence[bytes]
    block: int

    def as_json(self) -> dict[str, Any]:
        """As the backend is told."""
        return {
            "commitment": self.commitment.hex(),
            "root": self.root.hex(),
            "path": [node.hex() for node in self.path],
            "block": self.block,
        }


class HeadExchange(Protocol):
    """Where heads come from."""

    def exchange_heads(self, issuer: int, anchored: Sequence[AnchoredHead]) -> bytes:
        """Tell what was anchored; a new commitment (32 bytes). Raises DeliveryUnavailable."""


@dataclass
class AuditHeads:
    """Fetches commitments and tells what became of them.

    every: the shortest pause between two requests. fresh: a head that waits for longer is fetched anew, so that what a
    batch takes along covers what happened until shortly before.
    """

    database: Engine
    backend: HeadExchange
    clock: Clock
    issuer: int
    every: timedelta = timedelta(seconds=1)
    fresh: timedelta = timedelta(seconds=20)
    _asked_at: datetime | None = field(default=None, init=False)

    def step(self) -> bool:
        """Tell what settled, and have one commitment waiting for the next batch. Raises DeliveryUnavailable."""
        with reading(self.database) as session:
            settled = _settled(session)
            waits = session.execute(_waiting_query()).first() is not None
        if not settled and not self._has_paused(self.fresh if waits else self.every):
            return False
        told = [_anchored(row) for row in settled]
        self._asked_at = self.clock()
        commitment = self.backend.exchange_heads(self.issuer, told)
        crash_point("heads.answered")
        with writing(self.database) as session:
            self._record(session, [row.id for row in settled], commitment)
        crash_point("heads.committed")
        return bool(settled)

    def _has_paused(self, pause: timedelta) -> bool:
        """Whether the last request is long enough ago; after one in the future the clock ran ahead."""
        return self._asked_at is None or abs(self.clock() - self._asked_at) >= pause

    def _record(self, session: Session, told: Sequence[int], commitment: bytes) -> None:
        table = table_of(AuditHead)
        change = update(table).where(table.c.id.in_(told))
        session.execute(change.values(state=AuditHeadState.TOLD.value))
        waiting = update(table).where(table.c.state == AuditHeadState.WAITING.value)
        if session.execute(waiting.values(commitment=commitment)).rowcount:  # type: ignore[attr-defined]
            return  # it covers the one before it, and has waited for as long
        row = {
            "commitment": commitment,
            "state": AuditHeadState.WAITING.value,
            "waiting_since": self.clock(),
        }
        session.execute(insert(table).values(row))


def hold_head(session: Session) -> Row[Any] | None:
    """The waiting head, with its commitment, held until the transaction ends: a fresher one then waits beside it."""
    return session.execute(_waiting_query().with_for_update()).first()


def give_head(session: Session, head: Row[Any], batch: int) -> None:
    """The head that `hold_head` gave goes with this batch."""
    table = table_of(AuditHead)
    change = update(table).where(table.c.id == head.id)
    session.execute(change.values(state=AuditHeadState.BATCHED.value, batch=batch))


def is_overdue(session: Session, now: datetime) -> bool:
    """Whether a head has waited for so long that it needs no document to go with it."""
    table = table_of(AuditHead)
    query = select(func.min(table.c.waiting_since)).where(table.c.state == AuditHeadState.WAITING.value)
    oldest: datetime | None = session.execute(query).scalar()
    return oldest is not None and abs(now - oldest) >= ALONE_AFTER


def _waiting_query() -> Select[Any]:
    """There is one at the most."""
    table = table_of(AuditHead)
    query = select(table.c.id, table.c.commitment).where(table.c.state == AuditHeadState.WAITING.value)
    return query.order_by(table.c.id)


def _settled(session: Session) -> list[Row[Any]]:
    """Heads whose batch has settled and of which the backend was not told."""
    table, batch = table_of(AuditHead), table_of(Batch)
    query = (
        select(table.c.id, table.c.commitment, batch.c.root, batch.c.leaves, batch.c.block)
        .join(batch, batch.c.id == table.c.batch)
        .where(
            table.c.state == AuditHeadState.BATCHED.value,
            batch.c.state == BatchState.SETTLED.value,
            batch.c.leaves.is_not(None),
        )
        .order_by(table.c.id)
        .limit(_TOLD_AT_ONCE)
    )
    return list(session.execute(query).all())


def _anchored(row: Row[Any]) -> AnchoredHead:
    path = unpack_tree(row.leaves).path(leaf_of(row.commitment))
    return AnchoredHead(row.commitment, row.root, path, row.block)
