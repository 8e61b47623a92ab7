"""Counts of token requests move to the limits, whose keys tell of no address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.drop_table("clients_attempts")


def downgrade() -> None:
    op.create_table(
        "clients_attempts",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("minute", UtcDateTime(), nullable=False, index=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
