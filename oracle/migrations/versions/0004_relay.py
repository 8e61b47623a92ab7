"""The log of relay requests: rows are only added, and removed no sooner than after two years (730 days)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0004"
down_revision = "0003"

_POSTGRESQL = """
CREATE FUNCTION relay_request_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '730 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'relay_request: a row stays as it is for two years';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "relay_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("jti", sa.String(64), nullable=True, unique=True),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(64), nullable=True),
    )
    op.create_index("ix_relay_request_at", "relay_request", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL)
        op.execute(
            "CREATE TRIGGER relay_request_stays BEFORE UPDATE OR DELETE ON relay_request "
            "FOR EACH ROW EXECUTE FUNCTION relay_request_stays()"
        )
        op.execute(
            "CREATE TRIGGER relay_request_whole BEFORE TRUNCATE ON relay_request "
            "FOR EACH STATEMENT EXECUTE FUNCTION relay_request_stays()"
        )
    else:
        refused = "BEGIN SELECT RAISE(ABORT, 'relay_request: a row stays as it is for two years'); END"
        op.execute(f"CREATE TRIGGER relay_request_stays BEFORE UPDATE ON relay_request {refused}")
        op.execute(
            "CREATE TRIGGER relay_request_kept BEFORE DELETE ON relay_request "
            f"WHEN OLD.at >= datetime('now', '-730 days') {refused}"
        )


def downgrade() -> None:
    op.drop_table("relay_request")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION relay_request_stays()")
