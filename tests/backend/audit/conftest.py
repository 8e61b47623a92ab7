"""A log on a throw-away database, on both engines where it matters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from audit_log import AuditLog


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest, tmp_path: Path):
    """An empty log, once on each engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/audit.sqlite3"
    else:
        fresh: Callable[[], str] = request.getfixturevalue("postgres_url")
        url = fresh()
    with AuditLog(url) as made:
        yield made


@pytest.fixture
def embedded(tmp_path: Path):
    """An empty log on SQLite, for what does not depend on the engine."""
    with AuditLog(f"sqlite:///{tmp_path}/audit.sqlite3") as made:
        yield made
