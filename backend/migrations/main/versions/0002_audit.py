"""The log of accesses: lines, heads, checkpoints, anchors, and the triggers that keep lines as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.migrations.main import audit_triggers
from chain.db import UtcDateTime

revision = "0002"
down_revision = "0001"

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _bytes(name: str, length: int) -> tuple[sa.Column[bytes], sa.CheckConstraint]:
    return sa.Column(name, sa.LargeBinary(), nullable=False), sa.CheckConstraint(f"length({name}) = {length}")


def upgrade() -> None:
    _lines()
    _heads()
    _commitments()
    audit_triggers.create(op)


def _lines() -> None:
    op.create_table(
        "audit_event",
        sa.Column("number", _COUNT, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime(), nullable=False, index=True),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("patient", sa.String()),
        sa.Column("patient_number", _COUNT),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        *_bytes("salt", 16),
        *_bytes("previous", 32),
        *_bytes("hash", 32),
        sa.CheckConstraint("number > 0"),
        sa.CheckConstraint("(patient IS NULL) = (patient_number IS NULL)"),
    )
    op.create_index("ix_audit_event_patient", "audit_event", ["patient", "patient_number"], unique=True)


def _heads() -> None:
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", _COUNT, nullable=False),
        *_bytes("hash", 32),
        sa.CheckConstraint("id = 1"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "hash": bytes(32)}])
    op.create_table(
        "audit_patient_head",
        sa.Column("patient", sa.String(), primary_key=True),
        sa.Column("number", _COUNT, nullable=False),
        sa.Column("pruned", _COUNT, nullable=False),
        sa.CheckConstraint("pruned <= number"),
    )


def _commitments() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", _COUNT, primary_key=True, autoincrement=False),
        *_bytes("hash", 32),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("count", _COUNT, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
    )
    op.create_table(
        "audit_anchor",
        sa.Column("commitment", sa.LargeBinary(), primary_key=True),
        sa.Column("number", _COUNT, nullable=False, index=True),
        *_bytes("salt", 16),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("issuer", sa.Integer()),
        sa.Column("root", sa.LargeBinary()),
        sa.Column("path", sa.LargeBinary()),
        sa.Column("block", _COUNT),
        sa.CheckConstraint("length(commitment) = 32"),
    )


def downgrade() -> None:
    audit_triggers.drop(op)
    for table in ("audit_anchor", "audit_checkpoint", "audit_patient_head", "audit_head", "audit_event"):
        op.drop_table(table)
