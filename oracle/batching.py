"""Batches: which documents one anchoring transaction covers, fixed in the transaction that submits it.

Each takes the newest head of the backend's log of accesses along (`oracle.audit_heads`), if one is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, Row, Select, exists, func, insert, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.db import Lease, reading, table_of, writing
from chain.merkle import MerkleTree, leaf_of
from oracle.audit_heads import give_head, hold_head, is_overdue
from oracle.chain_face import ChainFace
from oracle.crash import crash_point
from oracle.models import Batch, Document, Mark
from oracle.states import BatchState, DocumentState
from oracle.trees import pack_leaves

OPEN_BATCHES = 32
"""Batches not settled at which no more are formed: while the chain is down, documents gather into full ones."""


@dataclass(frozen=True)
class Batching:
    """Forms batches of at most `size` documents, or of what is there when the oldest has waited `interval`."""

    database: Engine
    chain: ChainFace
    clock: Clock
    owner: str
    size: int
    interval: timedelta
    lease: timedelta

    def step(self) -> int | None:
        """Form one batch if one is due. Its number, or None."""
        if not self._is_due():
            return None
        with writing(self.database) as session:
            if not Lease("oracle.batching", self.clock).acquire(session, self.owner, self.lease):
                return None
            release_held(session)
            if not self._closes(session):
                return None
            members = session.execute(self._ready()).all()
            crash_point("batch.chosen")
            number = self._fix(session, members)
            crash_point("batch.fixed")
        crash_point("batch.committed")
        return number

    def _is_due(self) -> bool:
        """A look without the write lock: a batch closes, or something held may be released."""
        with reading(self.database) as session:
            if _count_open(session) >= OPEN_BATCHES:
                return False
            return self._closes(session) or _any_releasable(session)

    def _closes(self, session: Session) -> bool:
        """Whether what is ready fills a batch, or its oldest has waited long enough.

        One read in the future was read under a clock that ran ahead: nobody knows for how long it has waited.
        """
        ready = self._ready().subquery()
        count, oldest = session.execute(
            select(func.count(), func.min(ready.c.read_at)).select_from(ready)
        ).one()
        if not count:
            return is_overdue(session, self.clock())
        waited = self.clock() - oldest
        return bool(count >= self.size or waited >= self.interval or waited < timedelta(0))

    def _ready(self) -> Select[Any]:
        """The documents of the next batch."""
        table = table_of(Document)
        return (
            select(table.c.id, table.c.leaf, table.c.read_at)
            .where(table.c.state == DocumentState.READY.value)
            .order_by(table.c.id)
            .limit(self.size)
        )

    def _fix(self, session: Session, members: Sequence[Row[Any]]) -> int:
        """Write the batch, take its members, submit its anchoring."""
        head = hold_head(session)
        leaves = [row.leaf for row in members]
        if head is not None:
            leaves.append(leaf_of(head.commitment))
        tree = MerkleTree.build(leaves)
        values = {
            "root": tree.root,
            "depth": tree.depth,
            "size": len(members),
            "leaves": pack_leaves(tree),
            "state": BatchState.FIXED.value,
            "attempt": 1,
            "fixed_at": self.clock(),
        }
        inserted = session.execute(insert(table_of(Batch)).values(values))
        number = int(inserted.inserted_primary_key[0])  # type: ignore[attr-defined]
        if head is not None:
            give_head(session, head, number)
        if members:
            _take(session, members, number)
        crash_point("batch.taken")
        self.chain.anchor(session, tree.root, tree.depth, anchor_key(number, 1))
        return number


def _take(session: Session, members: Sequence[Row[Any]], number: int) -> None:
    table = table_of(Document)
    taken = (
        update(table)
        .where(table.c.state == DocumentState.READY.value, table.c.id <= members[-1].id)
        .values(state=DocumentState.BATCHED.value, batch=number)
    )
    count = session.execute(taken).rowcount  # type: ignore[attr-defined]
    assert count == len(members), "the lease keeps the ready documents as they were read"


def anchor_key(batch: int, attempt: int) -> str:
    """The sender's key of a batch's anchoring."""
    return f"anchor:{batch}:{attempt}"


def release_held(session: Session) -> None:
    """Held documents whose every predecessor is settled become ready: their block will be a later one."""
    table = table_of(Document)
    held = table.c.state == DocumentState.HELD.value
    session.execute(update(table).where(held, ~_waits()).values(state=DocumentState.READY.value))


def _any_releasable(session: Session) -> bool:
    table = table_of(Document)
    query = select(table.c.id).where(table.c.state == DocumentState.HELD.value, ~_waits()).limit(1)
    return session.execute(query).first() is not None


def _waits() -> Any:
    """Whether a document amends one that is not settled yet."""
    mark, old = table_of(Mark), table_of(Document).alias("old")
    unsettled = old.c.state.in_(
        [DocumentState.HELD.value, DocumentState.READY.value, DocumentState.BATCHED.value]
    )
    return exists(
        select(mark.c.id)
        .join(old, old.c.id == mark.c.document)
        .where(mark.c.successor == table_of(Document).c.id, unsettled)
    )


def _count_open(session: Session) -> int:
    table = table_of(Batch)
    query = select(func.count()).where(table.c.state.in_([BatchState.FIXED.value, BatchState.FAILED.value]))
    return int(session.execute(query).scalar_one())
