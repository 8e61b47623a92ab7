"""When the staff last proved to be there, and what each of their ceremonies is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chain.db import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("DELETE FROM staff_ceremony")  # they last five minutes; none says what it is for
    with op.batch_alter_table("staff_ceremony") as table:
        table.add_column(sa.Column("purpose", sa.String(), nullable=False))
    with op.batch_alter_table("staff_session") as table:
        table.add_column(sa.Column("proven_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM staff_ceremony")
    with op.batch_alter_table("staff_session") as table:
        table.drop_column("proven_at")
    with op.batch_alter_table("staff_ceremony") as table:
        table.drop_column("purpose")
