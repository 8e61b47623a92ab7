"""The inbox of the adapter hl7v2."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "oracle_hl7_inbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column("sender", sa.String(200), nullable=False),
        sa.Column("control_id", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("stream", sa.String(12), nullable=False),
        sa.Column("key", sa.String(60), nullable=True),
        sa.Column("refers", sa.String(60), nullable=True),
        sa.Column("patient", sa.String(64), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("reduced", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.UniqueConstraint("sender", "control_id", "digest", name="oracle_hl7_inbox_message"),
    )
    for name in ("key", "refers", "patient"):
        op.create_index(f"oracle_hl7_inbox_{name}", "oracle_hl7_inbox", ["stream", name])
    op.create_index("oracle_hl7_inbox_received", "oracle_hl7_inbox", ["received_at"])
    op.create_table(
        "oracle_hl7_counter",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("next", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("oracle_hl7_counter")
    op.drop_table("oracle_hl7_inbox")
