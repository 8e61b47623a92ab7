"""Heads of the backend's log of accesses, on their way into batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "oracle_audit_heads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("commitment", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("batch", sa.BigInteger()),
        sa.Column("waiting_since", UtcDateTime(), nullable=False),
    )
    op.create_index("oracle_audit_heads_state", "oracle_audit_heads", ["state", "id"])


def downgrade() -> None:
    op.drop_table("oracle_audit_heads")
