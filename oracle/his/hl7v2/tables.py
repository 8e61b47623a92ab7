"""The adapter's tables in the oracle's database.

Content is sealed (`oracle.vault`); beside it stand only what must be looked up: the hospital's record numbers, times,
and patients as keyed hashes.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime

_ID = BigInteger().with_variant(Integer, "sqlite")


class Stream(StrEnum):
    """What a message is about."""

    VISIT = "visit"
    MERGE = "merge"
    SETTLEMENT = "settlement"
    IGNORED = "ignored"
    """Kept, but no document is made of it."""


class InboxMessage(SQLModel, table=True):
    """One message."""

    __tablename__ = "oracle_hl7_inbox"
    __table_args__ = (
        UniqueConstraint("sender", "control_id", "digest", name="oracle_hl7_inbox_message"),
        Index("oracle_hl7_inbox_key", "stream", "key"),
        Index("oracle_hl7_inbox_refers", "stream", "refers"),
        Index("oracle_hl7_inbox_patient", "stream", "patient"),
        Index("oracle_hl7_inbox_received", "received_at"),
    )

    id: int = Field(sa_column=Column(_ID, primary_key=True, autoincrement=False))
    """Order of arrival, without gaps."""
    sender: str = Field(sa_column=Column(String(200), nullable=False))
    """MSH-3 and MSH-4."""
    control_id: str = Field(sa_column=Column(String(200), nullable=False))
    digest: str = Field(sa_column=Column(String(64), nullable=False))
    """Of what follows the header, under the store key. A sender whose counter starts anew each day loses nothing."""
    type: str = Field(sa_column=Column(String(20), nullable=False))
    """MSH-9, such as ``ADT^A08``."""
    stream: Stream = Field(sa_column=Column(String(12), nullable=False))
    key: str | None = Field(default=None, sa_column=Column(String(60), nullable=True))
    """The hospital's number of the visit or of the cashier's act."""
    refers: str | None = Field(default=None, sa_column=Column(String(60), nullable=True))
    """Number of the act that this one mirrors, settles or settles anew."""
    patient: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    """The patient's number, hashed under the store key; of a merge, the number that ends."""
    at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    """When it happened, by the sender's clock."""
    received_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    size: int
    """Bytes of the message."""
    reduced: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    """`sealed` holds no message any more, but the few facts later messages may need, or nothing."""
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class InboxCounter(SQLModel, table=True):
    """One row (id 1): the number of the next message."""

    __tablename__ = "oracle_hl7_counter"

    id: int = Field(primary_key=True)
    next: int = Field(sa_column=Column(BigInteger, nullable=False))


HL7_TABLES: tuple[type[SQLModel], ...] = (InboxMessage, InboxCounter)
"""Every table of this adapter."""
