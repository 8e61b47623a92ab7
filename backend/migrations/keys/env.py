"""Alembic's entry for the database of wrapped keys; the connection comes from `backend.db.migrate`."""

from __future__ import annotations

from alembic import context

from backend.vault.models import KeysBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=KeysBase.metadata,
    render_as_batch=True,
    version_table="backend_keys_version",
)
context.run_migrations()
