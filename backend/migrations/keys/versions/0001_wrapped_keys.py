"""Wrapped document keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "vault_wrapped_key",
        sa.Column("document_id", sa.Uuid(), primary_key=True),
        sa.Column("wrapped_by", sa.String(), nullable=False, index=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("vault_wrapped_key")
