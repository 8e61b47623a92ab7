"""The migrated schemas are the models' schemas, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect

from backend.db import migrate
from backend.tables import MAIN
from backend.vault.models import KeysBase
from chain.db import make_engine

HISTORIES: dict[str, tuple[MetaData, set[str], str]] = {
    "main": (MAIN[0].metadata, {table.name for table in MAIN}, "backend_version"),
    "keys": (KeysBase.metadata, set(KeysBase.metadata.tables), "backend_keys_version"),
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param == "sqlite":
        return make_engine(f"sqlite:///{tmp_path}/backend.sqlite3")
    fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
    return make_engine(fresh())


@pytest.mark.parametrize("history", HISTORIES)
def test_migrations_make_exactly_the_models_tables(database: Engine, history: str) -> None:
    metadata, own, version_table = HISTORIES[history]

    def ours(thing: Any, name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or name in own

    migrate(database, history)
    with database.connect() as connection:
        options = {"version_table": version_table, "include_object": ours, "compare_type": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    assert set(inspect(database).get_table_names()) >= own
    database.dispose()


@pytest.mark.parametrize("history", HISTORIES)
def test_they_can_be_taken_back_and_done_again(database: Engine, history: str) -> None:
    own = HISTORIES[history][1]
    for revision in ("head", "base", "head", "head"):
        migrate(database, history, revision)
        assert bool(own & set(inspect(database).get_table_names())) == (revision == "head")
    database.dispose()
