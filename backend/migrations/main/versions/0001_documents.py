"""Documents, their sealed content, proofs, deliveries and share links."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0001"
down_revision = None


def _document_key(*, primary_key: bool = False, index: bool = False) -> sa.Column[UUID]:
    owner = sa.ForeignKey("document.id")
    return sa.Column(
        "document_id", sa.Uuid(), owner, nullable=False, primary_key=primary_key, index=index or None
    )


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("vct", sa.String(), nullable=False),
        sa.Column("issuer", sa.Integer(), nullable=False, index=True),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("patient_index", sa.String(), nullable=False, index=True),
        sa.Column("leaf", sa.String(), nullable=False, index=True),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("transaction", sa.String(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("anchored_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False, index=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Integer()),
        sa.Column("superseded_by", sa.Uuid()),
        sa.Column("erased_at", UtcDateTime()),
    )
    op.create_table(
        "document_content",
        _document_key(primary_key=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "document_proof",
        _document_key(primary_key=True),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "document_delivery",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "document_share_link",
        sa.Column("token_hash", sa.String(), primary_key=True),
        _document_key(index=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
    )


def downgrade() -> None:
    for table in (
        "document_share_link",
        "document_delivery",
        "document_proof",
        "document_content",
        "document",
    ):
        op.drop_table(table)
