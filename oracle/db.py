"""The oracle's database: one for the pipeline and the sender's outbox, so that both move in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from chain import migrations
from oracle.errors import SchemaOutdated

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
VERSION_TABLE = "oracle_version"


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables to `revision` ("base": drop them)."""
    migrations.migrate(engine, MIGRATIONS, revision)


def require_current(engine: Engine) -> None:
    """Raises SchemaOutdated unless the tables are those of this version."""
    needed = ScriptDirectory.from_config(migrations.config_for(MIGRATIONS)).get_current_head()
    with engine.connect() as connection:
        found = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE}
        ).get_current_revision()
    if found != needed:
        raise SchemaOutdated(found, str(needed))
