"""The sender's tables. One account has one line of nonces; a row of the outbox holds one of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import Engine as Database
from sqlmodel import Field, SQLModel

from chain.db import LeaseRow, UtcDateTime, table_of


class AccountRow(SQLModel, table=True):
    """One sending account. Updating it reserves nonces, in the same transaction as the rows that get them."""

    __tablename__ = "sender_accounts"

    chain_id: int = Field(primary_key=True, sa_type=BigInteger)
    address: str = Field(primary_key=True, max_length=42)
    next_nonce: int = Field(default=0, sa_type=BigInteger)
    floor: int = Field(default=0, sa_type=BigInteger)
    """Every nonce below is final: mined, strong, and nothing to watch."""
    clean_block: int = Field(default=-1, sa_type=BigInteger)
    """Every transaction of the account up to this block is in the outbox or in `sender_foreign`."""


class OutboxRow(SQLModel, table=True):
    """One transaction to be mined once. States: chain/sender/state.py."""

    __tablename__ = "sender_outbox"
    __table_args__ = (
        UniqueConstraint("chain_id", "sender", "key"),
        UniqueConstraint("chain_id", "sender", "nonce"),
        Index("ix_sender_outbox_payload", "chain_id", "sender", "payload_hash"),
    )

    id: int | None = Field(default=None, primary_key=True)
    chain_id: int = Field(sa_type=BigInteger)
    sender: str = Field(max_length=42)
    key: str = Field(max_length=200)
    """Idempotency key, given by the submitter."""
    nonce: int = Field(sa_type=BigInteger)
    to: str = Field(sa_column=Column("recipient", String(42), nullable=False))
    data: bytes
    gas_limit: int | None
    """None: estimated when signed."""
    payload_hash: bytes
    """Keccak-256 of recipient and data: what a transaction found on the chain is recognised by."""
    state: str = Field(max_length=10)
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_block: int | None = Field(default=None, sa_type=BigInteger)
    """Head when a node first took the newest attempt; None: it must (still, or again) be sent."""
    transaction_hash: bytes | None = None
    """Of the attempt that was mined, else of the newest."""
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    block_hash: bytes | None = None
    block_time: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finality: int = 0
    reverted: bool = False
    """Mined, and changed nothing: it reverted, or a no-op took its nonce."""
    error_name: str | None = Field(default=None, max_length=100)
    error_data: bytes | None = None


class AttemptRow(SQLModel, table=True):
    """One signed transaction for a row. Stored before it is sent; several compete for one nonce."""

    __tablename__ = "sender_attempts"
    __table_args__ = (Index("ix_sender_attempts_outbox", "outbox_id", "nonce"),)

    id: int | None = Field(default=None, primary_key=True)
    outbox_id: int = Field(sa_column=Column(ForeignKey("sender_outbox.id"), nullable=False))
    nonce: int = Field(sa_type=BigInteger)
    """Attempts at an earlier nonce of the row are dead: somebody else's transaction took it for good."""
    kind: str = Field(max_length=8)
    hash: bytes = Field(index=True)
    raw: bytes | None = None
    """The signed bytes; None for one found on the chain, which needs no sending."""
    max_fee: int = Field(default=0, sa_type=BigInteger)
    tip: int = Field(default=0, sa_type=BigInteger)


class ForeignRow(SQLModel, table=True):
    """A settled transaction of the account that the outbox does not know, e.g. sent after the restored backup.

    A later submission of the same payload takes it over instead of sending it twice.
    """

    __tablename__ = "sender_foreign"

    chain_id: int = Field(primary_key=True, sa_type=BigInteger)
    sender: str = Field(primary_key=True, max_length=42)
    nonce: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes
    payload_hash: bytes = Field(index=True)
    block_number: int = Field(sa_type=BigInteger)
    block_hash: bytes


TABLES = (LeaseRow, AccountRow, OutboxRow, AttemptRow, ForeignRow)


def create_tables(database: Database) -> None:
    """Create what is missing (tests, tools; deployed processes use their migrations)."""
    SQLModel.metadata.create_all(database, tables=[table_of(model) for model in TABLES])
