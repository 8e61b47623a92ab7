"""What a projection is, and the columns all its tables share.

Rows are only added, each with the block its event stood in; the present state is the newest row up to some
height. So a reorganisation is undone by deleting what lies above the fork, and a reader who may only see what
is settled asks for the state up to the settled height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import BigInteger, delete, insert
from sqlmodel import Field, Session, SQLModel, col, select

from chain.contracts.events import Event
from chain.db import UtcDateTime, table_of
from chain.deployment import Deployment


@dataclass(frozen=True)
class Occurrence:
    """One event and where it stands on the chain."""

    event: Event
    address: str
    block_number: int
    block_hash: bytes
    block_time: datetime
    transaction_hash: bytes
    log_index: int

    @property
    def place(self) -> dict[str, Any]:
        """The columns of `Place`."""
        return {
            "block_number": self.block_number,
            "log_index": self.log_index,
            "block_hash": self.block_hash,
            "block_time": self.block_time,
            "transaction_hash": self.transaction_hash,
        }


class Place(SQLModel):
    """Where a row's event stands; the key of every projected table."""

    block_number: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    block_hash: bytes
    block_time: datetime = Field(sa_type=UtcDateTime)
    transaction_hash: bytes


class Projection(Protocol):
    """Turns events into rows. Deterministic: the same events give the same rows."""

    @property
    def tables(self) -> Sequence[type[Place]]:
        """Its tables."""

    def addresses(self, deployment: Deployment) -> Sequence[str]:
        """The contracts whose events it wants."""

    def apply(self, session: Session, events: Sequence[Occurrence]) -> None:
        """Add the rows of some blocks' events, in order; events of other projections are among them."""

    def rewind(self, session: Session, fork: int) -> None:
        """Forget everything after block `fork`."""


def add_rows(session: Session, model: type[Place], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of one table."""
    if rows:
        session.connection().execute(insert(table_of(model)), list(rows))


def delete_above(session: Session, models: Sequence[type[Place]], fork: int) -> None:
    """Delete rows of blocks after `fork`."""
    for model in models:
        session.execute(delete(model).where(col(model.block_number) > fork))


_Row = TypeVar("_Row", bound=Place)


def newest(session: Session, model: type[_Row], upto: int, *conditions: Any) -> _Row | None:
    """The last row up to block `upto` that meets the conditions."""
    query = (
        select(model)
        .where(col(model.block_number) <= upto, *conditions)
        .order_by(col(model.block_number).desc(), col(model.log_index).desc())
        .limit(1)
    )
    return session.exec(query).first()
