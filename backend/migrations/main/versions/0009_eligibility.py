"""Identity and eligibility at the visit: patients, checks, look-ups, letters, confirmations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0009"
down_revision = "0008"


def _id() -> sa.Column:  # type: ignore[type-arg]
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _moment(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, UtcDateTime(), nullable=nullable, index=index or None)


def _day(name: str, *, nullable: bool = False, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Date(), nullable=nullable, index=index or None)


def _text(name: str, *, index: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(), nullable=False, index=index or None)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _patient() -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(
        "patient_id", sa.Uuid(), sa.ForeignKey("eligibility_patient.id"), nullable=False, index=True
    )


def upgrade() -> None:
    op.create_table(
        "eligibility_patient",
        _id(),
        sa.Column("hospital", sa.Integer(), nullable=False),
        _text("patient"),
        _bytes("nonce"),
        _bytes("content"),
        _moment("created_at"),
        sa.UniqueConstraint("hospital", "patient"),
    )
    _identity()
    _cover()


def _identity() -> None:
    op.create_table(
        "eligibility_identity_check",
        _id(),
        _patient(),
        _moment("checked_at"),
        _text("how"),
        _text("by_kind"),
        _text("by"),
    )
    op.create_table(
        "eligibility_identity_exception",
        _id(),
        _patient(),
        _day("day"),
        _text("exempt"),
        _moment("noted_at"),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.UniqueConstraint("patient_id", "day", "exempt"),
    )
    op.create_table(
        "eligibility_identity_owed",
        _id(),
        _patient(),
        _day("visit_day"),
        _day("due_on", index=True),
        _moment("noted_at"),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("shown_by", sa.Uuid(), sa.ForeignKey("eligibility_identity_check.id"), nullable=True),
        sa.UniqueConstraint("patient_id", "visit_day"),
    )


def _cover() -> None:
    op.create_table(
        "eligibility_look_up",
        _id(),
        _patient(),
        _day("day"),
        _moment("asked_at", index=True),
        _text("by_kind"),
        _text("by"),
        sa.Column("certain", sa.Boolean(), nullable=False),
        _moment("stale_at", nullable=True),
        _bytes("nonce"),
        _bytes("content"),
    )
    op.create_table(
        "eligibility_letter",
        _id(),
        _patient(),
        _day("issued_on"),
        _day("last_day"),
        _day("booked_on", nullable=True),
        _day("handed_in_on", nullable=True),
        _day("used_on", nullable=True),
        _day("ended_on", nullable=True),
        _moment("noted_at", index=True),
        _text("by_kind"),
        _text("by"),
        _bytes("nonce"),
        _bytes("content"),
        _bytes("picture_nonce", nullable=True),
        _bytes("picture", nullable=True),
    )
    op.create_table(
        "eligibility_visit",
        _id(),
        _patient(),
        _text("visit"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _day("day"),
        _text("state", index=True),
        _moment("asked_at"),
        _moment("settled_at", nullable=True),
        _text("by_kind"),
        _text("by"),
        _bytes("nonce"),
        _bytes("content"),
        sa.UniqueConstraint("patient_id", "visit", "attempt"),
    )


def downgrade() -> None:
    tables = (
        "visit",
        "letter",
        "look_up",
        "identity_owed",
        "identity_exception",
        "identity_check",
        "patient",
    )
    for name in tables:
        op.drop_table(f"eligibility_{name}")
