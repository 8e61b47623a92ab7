"""Documents: batches, and what became of the documents in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, Session, col

from chain.contracts.events import Amended, Anchored, Annulled, Event, Reaffirmed, Withdrawn
from chain.contracts.vocabulary import DocumentState
from chain.deployment import Deployment
from chain.follower.projections.base import Occurrence, Place, add_rows, delete_above, newest


class BatchRow(Place, table=True):
    """An anchored batch; `block_time` is when."""

    __tablename__ = "follower_batches"
    __table_args__ = (Index("ix_follower_batches", "issuer", "root"),)

    issuer: int = Field(sa_type=BigInteger)
    root: bytes
    depth: int


class ReaffirmationRow(Place, table=True):
    """The issuer vouched again for a batch."""

    __tablename__ = "follower_reaffirmations"
    __table_args__ = (Index("ix_follower_reaffirmations", "issuer", "root"),)

    issuer: int = Field(sa_type=BigInteger)
    root: bytes


class MarkRow(Place, table=True):
    """A change of one document. `state` is a DocumentState; `successor_leaf` if superseded."""

    __tablename__ = "follower_marks"
    __table_args__ = (Index("ix_follower_marks", "issuer", "leaf"),)

    issuer: int = Field(sa_type=BigInteger)
    leaf: bytes
    state: int
    reason: int
    successor_leaf: bytes | None


class DocumentsProjection:
    """Anchored, Reaffirmed, Amended, Withdrawn, Annulled."""

    tables: Sequence[type[Place]] = (BatchRow, ReaffirmationRow, MarkRow)

    def addresses(self, deployment: Deployment) -> Sequence[str]:
        """The document registry."""
        return (deployment.address("DocumentRegistry"),)

    def apply(self, session: Session, events: Sequence[Occurrence]) -> None:
        """One row for each event."""
        rows: dict[type[Place], list[dict[str, Any]]] = {}
        for occurrence in events:
            found = _row(occurrence.event)
            if found is not None:
                model, columns = found
                rows.setdefault(model, []).append({**occurrence.place, **columns})
        for model, made in rows.items():
            add_rows(session, model, made)

    def rewind(self, session: Session, fork: int) -> None:
        """Forget everything after block `fork`."""
        delete_above(session, self.tables, fork)


def _row(event: Event) -> tuple[type[Place], dict[str, Any]] | None:
    match event:
        case Anchored(issuer, root, depth):
            return BatchRow, {"issuer": issuer, "root": root, "depth": depth}
        case Reaffirmed(issuer, root):
            return ReaffirmationRow, {"issuer": issuer, "root": root}
        case Amended(issuer, leaf, successor, reason):
            return MarkRow, _mark(issuer, leaf, DocumentState.SUPERSEDED, reason, successor)
        case Withdrawn(issuer, leaf, reason):
            return MarkRow, _mark(issuer, leaf, DocumentState.WITHDRAWN, reason, None)
        case Annulled(issuer, leaf):
            return MarkRow, _mark(issuer, leaf, DocumentState.ACTIVE, 0, None)
    return None


def _mark(
    issuer: int, leaf: bytes, state: DocumentState, reason: int, successor: bytes | None
) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "leaf": leaf,
        "state": int(state),
        "reason": reason,
        "successor_leaf": successor,
    }


def batch(session: Session, issuer: int, root: bytes, *, upto: int) -> BatchRow | None:
    """The batch under a root, as of block `upto` (see `Follower.height`)."""
    return newest(session, BatchRow, upto, col(BatchRow.issuer) == issuer, col(BatchRow.root) == root)


def reaffirmed(session: Session, issuer: int, root: bytes, *, upto: int) -> ReaffirmationRow | None:
    """The last reaffirmation of a batch, as of block `upto`."""
    model = ReaffirmationRow
    return newest(session, model, upto, col(model.issuer) == issuer, col(model.root) == root)


def mark(session: Session, issuer: int, leaf: bytes, *, upto: int) -> MarkRow | None:
    """The last change of a document, as of block `upto`; None: nothing happened since it was anchored."""
    return newest(session, MarkRow, upto, col(MarkRow.issuer) == issuer, col(MarkRow.leaf) == leaf)
