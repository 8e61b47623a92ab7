"""The migrated schema is the models' schema, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from chain.db import make_engine, table_of
from chain.sender.tables import TABLES as SENDER_TABLES
from oracle.db import VERSION_TABLE, migrate, require_current
from oracle.errors import SchemaOutdated
from oracle.his.hl7v2.tables import HL7_TABLES
from oracle.models import ORACLE_TABLES
from oracle.relay.models import RELAY_TABLES

OWN = {table_of(model).name for model in (*ORACLE_TABLES, *SENDER_TABLES, *HL7_TABLES, *RELAY_TABLES)}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path}/oracle.sqlite3")
    else:
        fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
        engine = make_engine(fresh())
    yield engine
    engine.dispose()


def ours(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    return kind != "table" or name in OWN


def test_an_old_database_is_refused_with_what_to_do(database: Engine) -> None:
    with pytest.raises(SchemaOutdated, match="migrate"):
        require_current(database)


def test_migrations_make_exactly_the_models_tables(database: Engine) -> None:
    migrate(database)
    require_current(database)
    with database.connect() as connection:
        options = {"version_table": VERSION_TABLE, "include_object": ours, "compare_type": False}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, table_of(ORACLE_TABLES[0]).metadata) == []
    assert set(inspect(database).get_table_names()) >= OWN


def test_they_can_be_taken_back_and_done_again(database: Engine) -> None:
    migrate(database)
    migrate(database, "base")
    assert not OWN & set(inspect(database).get_table_names())
    migrate(database)
    migrate(database)
    require_current(database)
