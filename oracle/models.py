"""Tables of the oracle. What each state means stands in `oracle.states`; who writes them, in each module.

Personal data is in `sealed` columns only (`oracle.vault`), and is destroyed some days after delivery. Source keys
are the hospital's own record numbers. Hot paths read and write these tables with SQLAlchemy Core in bulk.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime
from oracle.states import (
    AuditHeadState,
    BatchState,
    DeliveryEvent,
    DeliveryState,
    DocumentState,
    Fate,
    MarkAction,
    MarkState,
    QuarantineState,
)

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows itself only in INTEGER columns


def _text(length: int, **options: Any) -> Column[str]:
    return Column(String(length), nullable=options.pop("nullable", False), **options)


def _time(**options: Any) -> Column[datetime]:
    return Column(UtcDateTime(), nullable=options.pop("nullable", False), **options)


class Intake(SQLModel, table=True):
    """One row (id 1): the turn counter that makes each intake transaction valid once, and the next numbers."""

    __tablename__ = "oracle_intake"

    id: int = Field(primary_key=True)
    turn: int = Field(sa_column=Column(BigInteger, nullable=False))
    next_document: int = Field(sa_column=Column(BigInteger, nullable=False))
    rows_read: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Documents and rejects taken from the hospital system so far, duplicates included."""
    read_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Cursor(SQLModel, table=True):
    """How far one adapter has been read; opaque, the adapter's own words."""

    __tablename__ = "oracle_cursors"

    adapter: str = Field(sa_column=_text(64, primary_key=True))
    position: str = Field(sa_column=Column(String, nullable=False))


class Source(SQLModel, table=True):
    """What is known of one hospital document, whatever its versions."""

    __tablename__ = "oracle_sources"

    key: str = Field(sa_column=_text(400, primary_key=True))
    """The hospital's lasting name of the document (`HisDocument.source_key`)."""
    head: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Newest issued version (document id); nothing was issued yet when empty."""
    revision: str | None = Field(default=None, sa_column=_text(64, nullable=True))
    changed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    fate: Fate = Field(default=Fate.NONE, sa_column=_text(12))
    cancelled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    cancel_reason: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
    replaced: bool = Field(default=False)
    """A correction of it by another source arrived, before or after it did."""


class Document(SQLModel, table=True):
    """One issued version of a hospital document."""

    __tablename__ = "oracle_documents"
    __table_args__ = (Index("oracle_documents_state", "state", "id"),)

    id: int = Field(sa_column=Column(_ID, primary_key=True, autoincrement=False))
    """Order of intake."""
    document_id: str = Field(sa_column=_text(36))
    """Random UUID: the document's name outside the oracle."""
    source: str = Field(sa_column=_text(400))
    revision: str = Field(sa_column=_text(64))
    changed_at: datetime = Field(sa_column=_time())
    read_at: datetime = Field(sa_column=_time())
    vct: str = Field(sa_column=_text(100))
    kid: str = Field(sa_column=_text(43))
    leaf: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    state: DocumentState = Field(sa_column=_text(12))
    batch: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    delivered_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Content(SQLModel, table=True):
    """What a document says, and whose it is. A table of its own: rows this large are written once and deleted."""

    __tablename__ = "oracle_contents"

    document: int = Field(sa_column=Column(_ID, primary_key=True, autoincrement=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Patient number and credential, encrypted."""


class Batch(SQLModel, table=True):
    """Documents anchored by one transaction."""

    __tablename__ = "oracle_batches"
    __table_args__ = (Index("oracle_batches_state", "state"),)

    id: int | None = Field(default=None, sa_column=Column(_ID, primary_key=True, autoincrement=True))
    root: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    depth: int
    size: int
    """Documents in it; padding and the head of the log of accesses are not counted."""
    leaves: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The sorted, padded leaves, 32 bytes each; dropped with the last document's right to be marked."""
    state: BatchState = Field(sa_column=_text(12))
    attempt: int = 1
    """Part of the sender's key: a refused anchoring is submitted again under the next one."""
    retry_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    error: str | None = Field(default=None, sa_column=_text(200, nullable=True))
    fixed_at: datetime = Field(sa_column=_time())
    settled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    tx: str | None = Field(default=None, sa_column=_text(66, nullable=True))
    block: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    block_hash: str | None = Field(default=None, sa_column=_text(66, nullable=True))
    anchored_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """The block's time."""


class AuditHead(SQLModel, table=True):
    """A commitment to the head of the backend's log of accesses, on its way into a batch."""

    __tablename__ = "oracle_audit_heads"
    __table_args__ = (Index("oracle_audit_heads_state", "state", "id"),)

    id: int | None = Field(default=None, sa_column=Column(_ID, primary_key=True, autoincrement=True))
    commitment: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    state: AuditHeadState = Field(sa_column=_text(12))
    batch: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    waiting_since: datetime = Field(sa_column=_time())
    """When the first head was there that this one took the place of while it waited."""


class Mark(SQLModel, table=True):
    """One document to be amended or withdrawn on chain."""

    __tablename__ = "oracle_marks"
    __table_args__ = (Index("oracle_marks_state", "state", "id"),)

    id: int | None = Field(default=None, sa_column=Column(_ID, primary_key=True, autoincrement=True))
    action: MarkAction = Field(sa_column=_text(12))
    document: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    """The document that ends (id). One mark each, so a document ends once."""
    successor: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    reason: int
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """Patient number, encrypted."""
    state: MarkState = Field(sa_column=_text(12))
    attempt: int = 1
    error: str | None = Field(default=None, sa_column=_text(200, nullable=True))
    decided_at: datetime = Field(sa_column=_time())
    settled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    tx: str | None = Field(default=None, sa_column=_text(66, nullable=True))
    block: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    marked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    """The block's time."""


class Delivery(SQLModel, table=True):
    """One event for the backend."""

    __tablename__ = "oracle_deliveries"
    __table_args__ = (
        Index("oracle_deliveries_state", "state", "next_at", "id"),
        Index("oracle_deliveries_document", "document"),
    )

    id: int | None = Field(default=None, sa_column=Column(_ID, primary_key=True, autoincrement=True))
    delivery_id: str = Field(sa_column=_text(36))
    event: DeliveryEvent = Field(sa_column=_text(12))
    document: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: DeliveryState = Field(sa_column=_text(12))
    attempts: int = 0
    """Times the backend failed over a request that held it."""
    next_at: datetime = Field(sa_column=_time())
    """Not to be sent before; while a process sends it, the moment at which another may."""
    error: str | None = Field(default=None, sa_column=_text(100, nullable=True))
    created_at: datetime = Field(sa_column=_time())
    answered_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class Quarantined(SQLModel, table=True):
    """A hospital row that could not become a document: its key and why, never what it says."""

    __tablename__ = "oracle_quarantine"

    id: int | None = Field(default=None, sa_column=Column(_ID, primary_key=True, autoincrement=True))
    source: str = Field(sa_column=_text(400, unique=True))
    reason: str = Field(sa_column=_text(100))
    paths: str = Field(default="", sa_column=_text(500))
    """Names of the fields at fault, separated by blanks; no values."""
    state: QuarantineState = Field(sa_column=_text(12))
    seen: int = 1
    first_seen: datetime = Field(sa_column=_time())
    last_seen: datetime = Field(sa_column=_time())


ORACLE_TABLES: tuple[type[SQLModel], ...] = (
    Intake,
    Cursor,
    Source,
    Document,
    Content,
    Batch,
    AuditHead,
    Mark,
    Delivery,
    Quarantined,
)
"""Every table of this module, in the order of their creation."""
