"""Devices: their keys, pairing codes, used proofs, and what was refused lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0008"
down_revision = "0007"


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, UtcDateTime(), nullable=nullable, index=index or None)


def _text(name: str, *, key: bool = False, unique: bool = False, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(), primary_key=key, unique=unique or None, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "devices_device",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("hospital", sa.Integer(), nullable=False, index=True),
        _text("kind"),
        _text("name"),
        _text("place"),
        _text("state"),
        _moment("paired_at"),
        _moment("seen_at"),
        _text("version", nullable=True),
        _text("paper", nullable=True),
        _text("condition", nullable=True),
        sa.Column("clock_offset", sa.Integer()),
        _moment("revoked_at", nullable=True),
        _text("revoked_for", nullable=True),
    )
    op.create_table(
        "devices_key",
        _text("thumbprint", key=True),
        sa.Column("device_id", sa.Uuid(), sa.ForeignKey("devices_device.id"), nullable=False, index=True),
        sa.Column("jwk", sa.JSON(), nullable=False),
        _moment("added_at"),
        _moment("ended_at", nullable=True),
    )
    op.create_table(
        "devices_code",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("handle", unique=True, nullable=True),
        _text("digest", unique=True),
        sa.Column("hospital", sa.Integer(), nullable=False),
        _text("kind"),
        _text("name"),
        _text("place"),
        sa.Column("made_by", sa.Uuid()),
        _moment("made_at"),
        _moment("expires_at", index=True),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        _moment("ended_at", nullable=True),
        sa.Column("device_id", sa.Uuid()),
    )
    op.create_table(
        "devices_proof",
        _text("digest", key=True),
        _text("taken_by"),
        _moment("expires_at", index=True),
    )
    op.create_table(
        "devices_refusal",
        _text("key", key=True),
        _moment("minute", index=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for name in ("refusal", "proof", "code", "key", "device"):
        op.drop_table(f"devices_{name}")
