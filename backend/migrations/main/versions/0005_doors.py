"""Institutions' clients with their keys and tokens; the staff with theirs, and emergency accesses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0005"
down_revision = "0004"


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, UtcDateTime(), nullable=nullable, index=index or None)


def _text(name: str, *, key: bool = False, unique: bool = False, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(), primary_key=key, unique=unique or None, nullable=nullable)


def _of(table: str, column: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(column, sa.Uuid(), sa.ForeignKey(f"{table}.id"), nullable=False, index=True)


def upgrade() -> None:
    _clients()
    _staff()


def _clients() -> None:
    op.create_table(
        "clients_client",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("institution", sa.Integer(), nullable=False),
        _text("name"),
        _text("scopes"),
        _text("state"),
        _moment("created_at"),
    )
    op.create_table(
        "clients_key",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _of("clients_client", "client_id"),
        _text("kid"),
        _text("algorithm"),
        sa.Column("jwk", sa.JSON(), nullable=False),
        _moment("added_at"),
        sa.UniqueConstraint("client_id", "kid"),
    )
    op.create_table(
        "clients_assertion",
        _text("digest", key=True),
        _text("taken_by"),
        _moment("expires_at", index=True),
    )
    op.create_table(
        "clients_token",
        _text("digest", key=True),
        _of("clients_client", "client_id"),
        _text("scopes"),
        _moment("expires_at", index=True),
    )
    op.create_table(
        "clients_attempts",
        _text("key", key=True),
        _moment("minute", index=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )


def _staff() -> None:
    op.create_table(
        "staff_member",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("number_index", unique=True),
        sa.Column("hospital", sa.Integer(), nullable=False),
        _text("role"),
        _text("state"),
        _moment("created_at"),
        _text("code_digest", unique=True, nullable=True),
        _moment("code_expires_at", nullable=True),
    )
    op.create_table(
        "staff_passkey",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _of("staff_member", "staff_id"),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _moment("removed_at", nullable=True),
    )
    op.create_table(
        "staff_ceremony",
        _text("challenge_digest", key=True),
        sa.Column("staff_id", sa.Uuid()),
        _moment("expires_at", index=True),
        _moment("used_at", nullable=True),
    )
    op.create_table(
        "staff_session",
        _text("token_digest", key=True),
        _of("staff_member", "staff_id"),
        sa.Column("enrolling", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _moment("seen_at"),
        _moment("ended_at", nullable=True),
    )
    op.create_table(
        "staff_broken_glass",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _of("staff_member", "staff_id"),
        sa.Column("hospital", sa.Integer(), nullable=False),
        _text("patient"),
        _text("reason"),
        _moment("opened_at", index=True),
        _moment("expires_at"),
        _moment("reviewed_at", nullable=True),
        sa.Column("reviewed_by", sa.Uuid()),
        sa.Column("justified", sa.Boolean()),
    )


def downgrade() -> None:
    for name in ("broken_glass", "session", "ceremony", "passkey", "member"):
        op.drop_table(f"staff_{name}")
    for name in ("attempts", "token", "assertion", "key", "client"):
        op.drop_table(f"clients_{name}")
