"""The pipeline's tables and the sender's outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0001"
down_revision = None

_BIG = sa.BigInteger()
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, _BIG, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _bytes(name: str, *, length: int | None = None, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length), nullable=nullable)


def _numbered(*, auto: bool) -> sa.Column[int]:
    return sa.Column("id", _ID, primary_key=True, autoincrement=auto)


def upgrade() -> None:
    _reading()
    _documents()
    _marks()
    _deliveries()
    _sender()


def downgrade() -> None:
    for table in (
        "sender_foreign",
        "sender_attempts",
        "sender_outbox",
        "sender_accounts",
        "chain_leases",
        "oracle_quarantine",
        "oracle_deliveries",
        "oracle_marks",
        "oracle_batches",
        "oracle_contents",
        "oracle_documents",
        "oracle_sources",
        "oracle_cursors",
        "oracle_intake",
    ):
        op.drop_table(table)


def _reading() -> None:
    op.create_table(
        "oracle_intake",
        sa.Column("id", sa.Integer(), primary_key=True),
        _big("turn"),
        _big("next_document"),
        _big("rows_read"),
        _time("read_at", nullable=True),
    )
    op.create_table(
        "oracle_cursors",
        sa.Column("adapter", sa.String(64), primary_key=True),
        sa.Column("position", sa.String(), nullable=False),
    )
    op.create_table(
        "oracle_sources",
        sa.Column("key", sa.String(400), primary_key=True),
        _big("head", nullable=True),
        _text("revision", 64, nullable=True),
        _time("changed_at", nullable=True),
        _text("fate", 12),
        _time("cancelled_at", nullable=True),
        _number("cancel_reason", nullable=True),
        sa.Column("replaced", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "oracle_quarantine",
        _numbered(auto=True),
        sa.Column("source", sa.String(400), nullable=False, unique=True),
        _text("reason", 100),
        _text("paths", 500),
        _text("state", 12),
        _number("seen"),
        _time("first_seen"),
        _time("last_seen"),
    )


def _documents() -> None:
    op.create_table(
        "oracle_documents",
        _numbered(auto=False),
        _text("document_id", 36),
        _text("source", 400),
        _text("revision", 64),
        _time("changed_at"),
        _time("read_at"),
        _text("vct", 100),
        _text("kid", 43),
        _bytes("leaf", length=32),
        _text("state", 12),
        _big("batch", nullable=True),
        _time("delivered_at", nullable=True),
    )
    op.create_index("ix_oracle_documents_batch", "oracle_documents", ["batch"])
    op.create_index("oracle_documents_state", "oracle_documents", ["state", "id"])
    op.create_table(
        "oracle_contents",
        sa.Column("document", _ID, primary_key=True, autoincrement=False),
        _bytes("sealed"),
    )
    op.create_table(
        "oracle_batches",
        _numbered(auto=True),
        sa.Column("root", sa.LargeBinary(32), nullable=False, unique=True),
        _number("depth"),
        _number("size"),
        _bytes("leaves", nullable=True),
        _text("state", 12),
        _number("attempt"),
        _time("retry_at", nullable=True),
        _text("error", 200, nullable=True),
        _time("fixed_at"),
        _time("settled_at", nullable=True),
        _text("tx", 66, nullable=True),
        _big("block", nullable=True),
        _text("block_hash", 66, nullable=True),
        _time("anchored_at", nullable=True),
    )
    op.create_index("oracle_batches_state", "oracle_batches", ["state"])


def _marks() -> None:
    op.create_table(
        "oracle_marks",
        _numbered(auto=True),
        _text("action", 12),
        sa.Column("document", _BIG, nullable=False, unique=True),
        _big("successor", nullable=True),
        _number("reason"),
        _bytes("sealed", nullable=True),
        _text("state", 12),
        _number("attempt"),
        _text("error", 200, nullable=True),
        _time("decided_at"),
        _time("settled_at", nullable=True),
        _text("tx", 66, nullable=True),
        _big("block", nullable=True),
        _time("marked_at", nullable=True),
    )
    op.create_index("ix_oracle_marks_successor", "oracle_marks", ["successor"])
    op.create_index("oracle_marks_state", "oracle_marks", ["state", "id"])


def _deliveries() -> None:
    op.create_table(
        "oracle_deliveries",
        _numbered(auto=True),
        _text("delivery_id", 36),
        _text("event", 12),
        _big("document"),
        _text("state", 12),
        _number("attempts"),
        _time("next_at"),
        _text("error", 100, nullable=True),
        _time("created_at"),
        _time("answered_at", nullable=True),
    )
    op.create_index("oracle_deliveries_state", "oracle_deliveries", ["state", "next_at", "id"])
    op.create_index("oracle_deliveries_document", "oracle_deliveries", ["document"])


def _sender() -> None:
    """As chain/sender/tables.py and chain/db.py have them."""
    op.create_table(
        "chain_leases",
        sa.Column("name", sa.String(200), primary_key=True),
        _text("owner", 200),
        _time("until"),
        _number("term"),
    )
    op.create_table(
        "sender_accounts",
        sa.Column("chain_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("address", sa.String(42), primary_key=True),
        _big("next_nonce"),
        _big("floor"),
        _big("clean_block"),
    )
    op.create_table(
        "sender_outbox",
        sa.Column("id", sa.Integer(), primary_key=True),
        _big("chain_id"),
        _text("sender", 42),
        _text("key", 200),
        _big("nonce"),
        sa.Column("recipient", sa.String(), nullable=False),
        _bytes("data"),
        _number("gas_limit", nullable=True),
        _bytes("payload_hash"),
        _text("state", 10),
        _time("created_at"),
        _big("sent_block", nullable=True),
        _bytes("transaction_hash", nullable=True),
        _big("block_number", nullable=True),
        _bytes("block_hash", nullable=True),
        _time("block_time", nullable=True),
        _number("finality"),
        sa.Column("reverted", sa.Boolean(), nullable=False),
        _text("error_name", 100, nullable=True),
        _bytes("error_data", nullable=True),
        sa.UniqueConstraint("chain_id", "sender", "key"),
        sa.UniqueConstraint("chain_id", "sender", "nonce"),
    )
    op.create_index("ix_sender_outbox_payload", "sender_outbox", ["chain_id", "sender", "payload_hash"])
    op.create_table(
        "sender_attempts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("outbox_id", sa.Integer(), sa.ForeignKey("sender_outbox.id"), nullable=False),
        _big("nonce"),
        _text("kind", 8),
        _bytes("hash"),
        _bytes("raw", nullable=True),
        _big("max_fee"),
        _big("tip"),
    )
    op.create_index("ix_sender_attempts_outbox", "sender_attempts", ["outbox_id", "nonce"])
    op.create_index("ix_sender_attempts_hash", "sender_attempts", ["hash"])
    op.create_table(
        "sender_foreign",
        sa.Column("chain_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("sender", sa.String(42), primary_key=True),
        sa.Column("nonce", _BIG, primary_key=True, autoincrement=False),
        _bytes("hash"),
        _bytes("payload_hash"),
        _big("block_number"),
        _bytes("block_hash"),
    )
    op.create_index("ix_sender_foreign_payload_hash", "sender_foreign", ["payload_hash"])
