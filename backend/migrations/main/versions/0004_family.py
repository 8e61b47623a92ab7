"""Guardians and delegates, offers that wait for their code, notices to patients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0004"
down_revision = "0003"


def _person(name: str, *, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("identity_person.id"), nullable=nullable, index=True)


def upgrade() -> None:
    op.create_table(
        "family_tie",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person("actor_id"),
        sa.Column("relation", sa.String(), nullable=False),
        _person("grantor_id", nullable=True),
        sa.Column("hospital", sa.Integer()),
        sa.Column("patient", sa.String(), index=True),
        sa.Column("subject_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("papers", sa.String(), nullable=False),
        sa.Column("functions", sa.String(), nullable=False),
        sa.Column("consented_at", UtcDateTime()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("reason", sa.String()),
    )
    op.create_table(
        "family_offer",
        sa.Column("code_digest", sa.String(), primary_key=True),
        _person("grantor_id"),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("functions", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
    )
    op.create_table(
        "family_notice",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tie_id", sa.Uuid(), sa.ForeignKey("family_tie.id"), nullable=False, index=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("person_id", sa.Uuid(), index=True),
        sa.Column("hospital", sa.Integer()),
        sa.Column("patient", sa.String(), index=True),
    )


def downgrade() -> None:
    for name in ("notice", "offer", "tie"):
        op.drop_table(f"family_{name}")
