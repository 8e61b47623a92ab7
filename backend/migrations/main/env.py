"""Alembic's entry for the documents' database; the connection comes from `backend.db.migrate`."""

from __future__ import annotations

from alembic import context

from backend.tables import MAIN

NAMES = {table.name for table in MAIN}

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=MAIN[0].metadata,
    include_object=lambda thing, name, kind, *_: kind != "table" or name in NAMES,
    render_as_batch=True,
    version_table="backend_version",
)
context.run_migrations()
