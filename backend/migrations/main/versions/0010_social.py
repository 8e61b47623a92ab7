"""Accounts elsewhere that let persons in, attempts to sign in with one, and sessions that are not proven."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "identity_social_link",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("person_id", sa.Uuid(), sa.ForeignKey("identity_person.id"), nullable=False, index=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("account_index", sa.String(), nullable=False, unique=True),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.UniqueConstraint("person_id", "provider"),
    )
    op.create_table(
        "identity_social_attempt",
        sa.Column("state_digest", sa.String(), primary_key=True),
        sa.Column("id", sa.Uuid(), nullable=False, unique=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False, index=True),
        sa.Column("used_at", UtcDateTime()),
        sa.Column("account_index", sa.String()),
    )
    with op.batch_alter_table("identity_session") as table:
        table.alter_column("proven_at", existing_type=UtcDateTime(), nullable=True)


def downgrade() -> None:
    # A session that proved nothing is told apart from one that proved long ago by nothing but the missing moment.
    ended = (
        "UPDATE identity_session SET proven_at = created_at, ended_at = created_at WHERE proven_at IS NULL"
    )
    op.execute(sa.text(ended))
    with op.batch_alter_table("identity_session") as table:
        table.alter_column("proven_at", existing_type=UtcDateTime(), nullable=False)
    op.drop_table("identity_social_attempt")
    op.drop_table("identity_social_link")
