"""Persons, their registrations at hospitals, consents, passkeys, ceremonies and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0003"
down_revision = "0002"


def _person(*, nullable: bool = False, index: bool = True) -> sa.Column:  # type: ignore[type-arg]
    owner = sa.ForeignKey("identity_person.id")
    return sa.Column("person_id", sa.Uuid(), owner, nullable=nullable, index=index or None)


def upgrade() -> None:
    op.create_table(
        "identity_person",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("identity_index", sa.String(), unique=True),
        sa.Column("profile_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.Column("identity_checked_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
    )
    op.create_table(
        "identity_registration",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person(),
        sa.Column("hospital", sa.Integer(), nullable=False),
        sa.Column("patient", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("bound_at", UtcDateTime()),
        sa.UniqueConstraint("person_id", "hospital"),
        sa.UniqueConstraint("hospital", "patient"),
    )
    op.create_table(
        "identity_consent",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("text_digest", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime()),
    )
    op.create_table(
        "identity_passkey",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person(),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.Column("removed_at", UtcDateTime()),
    )
    op.create_table(
        "identity_ceremony",
        sa.Column("challenge_digest", sa.String(), primary_key=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("expires_at", UtcDateTime(), nullable=False, index=True),
        sa.Column("used_at", UtcDateTime()),
    )
    op.create_table(
        "identity_session",
        sa.Column("token_digest", sa.String(), primary_key=True),
        sa.Column("id", sa.Uuid(), nullable=False, unique=True),
        _person(),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("proven_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
    )
    op.create_table(
        "identity_verification",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False, index=True),
        sa.Column("used_at", UtcDateTime()),
        sa.Column("consents", sa.String(), nullable=False),
        sa.Column("hospitals", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("identity_verification")
    for name in ("session", "ceremony", "passkey", "consent", "registration", "person"):
        op.drop_table(f"identity_{name}")
