"""Amendments and withdrawals: sent when the registry can take them, in an order that it accepts.

The registry wants both documents of an amendment anchored and active. So a mark waits until its documents are settled,
and marks go out in the order in which they were decided, which the sender's nonces keep: the amendment that leads to a
document was decided when that document was issued, so it comes before whatever ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.contracts.vocabulary import DocRef
from chain.db import Lease, reading, table_of, writing
from oracle.chain_face import ChainFace, Outcome, RefusedOnChain, Settled
from oracle.crash import crash_point
from oracle.models import Delivery, Document, Mark
from oracle.settling import delivery_row
from oracle.states import DeliveryEvent, DocumentState, MarkAction, MarkState
from oracle.trees import StoredTree, TreeCache

_AT_ONCE = 256
_SETTLED = (DocumentState.ANCHORED.value, DocumentState.DELIVERED.value, DocumentState.DROPPED.value)
LEAVES_DROPPED = "leaves dropped"
"""Error of a mark that came after the retention of its document's leaf list."""


@dataclass
class Marking:
    """Submits due marks and follows those submitted."""

    database: Engine
    chain: ChainFace
    clock: Clock
    owner: str
    patience: timedelta
    """How long a withdrawal waits for a correction that would make it an amendment."""
    lease: timedelta
    trees: TreeCache = field(default_factory=TreeCache)

    def submit(self) -> int:
        """Submit the marks that are due, a few hundred at the most. How many."""
        with reading(self.database) as session:
            if not self._due(session, 1):
                return 0
        with writing(self.database) as session:
            lease = Lease("oracle.marks", self.clock)
            if not lease.acquire(session, self.owner, self.lease):
                return 0
            marks = self._due(session, _AT_ONCE)
            wanted = {mark.batch for mark in marks} | {mark.new_batch for mark in marks if mark.new_batch}
            trees = self.trees.load(session, wanted)
            for mark in marks:
                self._submit(session, mark, trees)
            crash_point("marks.submitted")
        crash_point("marks.committed")
        return len(marks)

    def settle(self) -> int:
        """Look at every submitted mark once. How many settled."""
        settled = 0
        for mark, outcome in self._marks(MarkState.SUBMITTED):
            if isinstance(outcome, Settled):
                settled += self._settle(mark, outcome)
            elif isinstance(outcome, RefusedOnChain):
                settled += self._refused(mark, outcome)
        return settled

    def _refused(self, mark: Row[Any], outcome: RefusedOnChain) -> int:
        """Refused because it is so already (a restored database has forgotten that): settled. Else failed."""
        standing = self._standing(mark)
        if standing is not None:
            return self._settle(mark, standing)
        with writing(self.database) as session:
            _move(session, mark.id, MarkState.SUBMITTED, MarkState.FAILED, error=outcome.error[:200])
        return 0

    def _standing(self, mark: Row[Any]) -> Settled | None:
        """The end of this mark's document as it stands on chain, if it is the one the mark wants."""
        if mark.action == MarkAction.AMEND.value and mark.new_leaf is None:
            return None
        return self.chain.ended(mark.leaf, mark.new_leaf)

    def recheck(self) -> int:
        """Reopen marks whose settled block was replaced after all. How many."""
        lost = [
            mark
            for mark, outcome in self._marks(MarkState.SETTLED, newest=_AT_ONCE)
            if not isinstance(outcome, Settled)
            and not (isinstance(outcome, RefusedOnChain) and self._standing(mark))
        ]
        for mark in lost:
            with writing(self.database) as session:
                _move(session, mark.id, MarkState.SETTLED, MarkState.SUBMITTED)
        return len(lost)

    def _due(self, session: Session, limit: int) -> list[Row[Any]]:
        mark, now = table_of(Mark), self.clock()
        old, new = table_of(Document).alias("old"), table_of(Document).alias("new")
        waited = (mark.c.decided_at <= now - self.patience) | (mark.c.decided_at > now)  # the clock ran ahead
        query = (
            select(
                mark.c.id,
                mark.c.action,
                mark.c.attempt,
                mark.c.reason,
                old.c.leaf,
                old.c.batch,
                new.c.leaf.label("new_leaf"),
                new.c.batch.label("new_batch"),
            )
            .join(old, old.c.id == mark.c.document)
            .outerjoin(new, new.c.id == mark.c.successor)
            .where(mark.c.state == MarkState.WAITING.value, old.c.state.in_(_SETTLED))
            .where(mark.c.successor.is_(None) | new.c.state.in_(_SETTLED))
            .where(mark.c.successor.is_not(None) | waited)
            .order_by(mark.c.id)
            .limit(limit)
        )
        return list(session.execute(query).all())

    def _submit(self, session: Session, mark: Row[Any], trees: dict[int, StoredTree]) -> None:
        """Submit one mark, or fail it when the leaf list it needs is gone."""
        old = _leaf(trees.get(mark.batch), mark.leaf)
        new = _leaf(trees.get(mark.new_batch), mark.new_leaf) if mark.new_batch else None
        if old is None or (mark.action == MarkAction.AMEND.value and new is None):
            _move(session, mark.id, MarkState.WAITING, MarkState.FAILED, error=LEAVES_DROPPED)
            return
        _move(session, mark.id, MarkState.WAITING, MarkState.SUBMITTED, error=None)
        key = mark_key(mark.id, mark.attempt)
        if new is not None:
            self.chain.amend(session, old, new, mark.reason, key)
        else:
            self.chain.withdraw(session, old, mark.reason, key)

    def _marks(self, state: MarkState, newest: int | None = None) -> list[tuple[Row[Any], Outcome | None]]:
        """Marks in `state` with what the chain says of them."""
        table = table_of(Mark)
        old, new = table_of(Document).alias("old"), table_of(Document).alias("new")
        named = (old.c.document_id, old.c.leaf, new.c.leaf.label("new_leaf"))
        query = (
            select(table.c.id, table.c.action, table.c.attempt, table.c.document, *named)
            .join(old, old.c.id == table.c.document)
            .outerjoin(new, new.c.id == table.c.successor)
            .where(table.c.state == state.value)
        )
        query = (
            query.order_by(table.c.id) if newest is None else query.order_by(table.c.id.desc()).limit(newest)
        )
        with reading(self.database) as session:
            marks = session.execute(query).all()
            keys = [mark_key(mark.id, mark.attempt) for mark in marks]
            outcomes = self.chain.outcomes(session, keys) if keys else {}
        return [(mark, outcomes.get(key)) for mark, key in zip(marks, keys, strict=True)]

    def _settle(self, mark: Row[Any], outcome: Settled) -> int:
        now: datetime = self.clock()
        amended = mark.action == MarkAction.AMEND.value
        event = DeliveryEvent.SUPERSEDED if amended else DeliveryEvent.WITHDRAWN
        with writing(self.database) as session:
            values = {"settled_at": now, "tx": outcome.tx, "block": outcome.block, "marked_at": outcome.time}
            if not _move(session, mark.id, MarkState.SUBMITTED, MarkState.SETTLED, error=None, **values):
                return 0
            crash_point("marks.settled")
            table = table_of(Delivery)
            told = select(table.c.id).where(table.c.document == mark.document, table.c.event == event.value)
            if (
                session.execute(told).first() is None
            ):  # a block was replaced, and the mark settled once before
                session.execute(
                    insert(table).values(delivery_row(mark.document, mark.document_id, event, now))
                )
        return 1


def mark_key(mark: int, attempt: int) -> str:
    """The sender's key of a mark's transaction."""
    return f"mark:{mark}:{attempt}"


def _leaf(tree: StoredTree | None, leaf: bytes) -> DocRef | None:
    return None if tree is None else DocRef(tree.root, leaf, tuple(tree.path(leaf)))


def _move(session: Session, mark: int, found: MarkState, to: MarkState, **values: Any) -> bool:
    """Move a mark by conditional update. False if another process moved it first."""
    table = table_of(Mark)
    move = (
        update(table).where(table.c.id == mark, table.c.state == found.value).values(state=to.value, **values)
    )
    return bool(session.execute(move).rowcount == 1)  # type: ignore[attr-defined]
