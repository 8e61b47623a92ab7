"""Registration in all its forms: merged accounts, linked numbers, foreigners' papers, newborns, notices, links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0006"
down_revision = "0005"


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, UtcDateTime(), nullable=nullable, index=index or None)


def _text(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(), nullable=nullable, index=index or None)


def _person(name: str = "person_id", *, key: bool = False) -> sa.Column:  # type: ignore[type-arg]
    owner = sa.ForeignKey("identity_person.id")
    return sa.Column(name, sa.Uuid(), owner, primary_key=key, nullable=False, index=None if key else True)


def _sealed() -> list[sa.Column]:  # type: ignore[type-arg]
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("nonce", "sealed")]


def upgrade() -> None:
    op.add_column("identity_person", sa.Column("merged_into", sa.Uuid()))
    _accounts()
    op.create_table(
        "identity_foreign_paper",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person(),
        _text("kind"),
        _text("number_index", index=True),
        *_sealed(),
        _moment("created_at"),
        _moment("seen_at", nullable=True),
        sa.Column("seen_by", sa.Uuid()),
    )
    op.create_table(
        "identity_newborn",
        _person(key=True),
        sa.Column("tie_id", sa.Uuid(), nullable=False),
        _moment("registered_at"),
        sa.Column("registered_by", sa.Uuid(), nullable=False),
        _moment("named_at", nullable=True),
    )
    op.create_table(
        "identity_entry_code",
        sa.Column("code_digest", sa.String(), primary_key=True),
        _person(),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
    )
    op.create_table(
        "identity_continuation",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("token_digest", sa.String(), nullable=False, unique=True),
        _text("page"),
        _text("verification_id", nullable=True),
        _text("holder", nullable=True, index=True),
        *_sealed(),
        _moment("expires_at", index=True),
        _moment("used_at", nullable=True),
    )


def _accounts() -> None:
    op.create_table(
        "identity_number_link",
        sa.Column("hospital", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("former", sa.String(), primary_key=True),
        _text("present", index=True),
        _moment("since"),
        _text("reason"),
    )
    op.create_table(
        "identity_merge",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person("away_id"),
        _person("kept_id"),
        _moment("found_at"),
        _moment("expires_at", nullable=True),
        _moment("done_at", nullable=True),
        sa.Column("decided_by", sa.Uuid()),
        _text("reason"),
    )
    op.create_table(
        "identity_notice",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _person(),
        _text("kind"),
        _moment("at"),
        sa.Column("session_id", sa.Uuid()),
        _moment("read_at", nullable=True),
    )


def downgrade() -> None:
    for name in ("entry_code", "continuation", "newborn", "foreign_paper", "notice", "merge", "number_link"):
        op.drop_table(f"identity_{name}")
    op.drop_column("identity_person", "merged_into")
