"""Health and metrics over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from oracle_fakes import World, cancel, create_tables, issue

from chain.db import make_engine
from oracle.db import migrate
from oracle.health import HealthServer
from oracle.jobs import Jobs
from oracle.metrics import StateCollector


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[World, HealthServer]]:
    engine = make_engine(f"sqlite:///{tmp_path}/oracle.sqlite3")
    migrate(engine)
    create_tables(engine)
    world = World(database=engine)
    registry = world.pipeline.observer.registry
    registry.register(StateCollector(engine, world.clock))
    jobs = Jobs(world.pipeline, timedelta(seconds=1))
    server = HealthServer("127.0.0.1", 0, engine, jobs, registry)
    server.start()
    yield world, server
    server.close()
    world.close()


def get(server: HealthServer, path: str) -> httpx.Response:
    host, port = server.address
    return httpx.get(f"http://{host}:{port}{path}")


def test_it_knows_three_addresses(served: tuple[World, HealthServer]) -> None:
    assert get(served[1], "/").status_code == 404
    assert get(served[1], "/healthz?x=1").json() == {"status": "ok", "stalled": []}
    assert get(served[1], "/readyz").json() == {"status": "ok", "database": "ok", "problems": {}}


def test_a_thread_that_hangs_makes_it_unhealthy(served: tuple[World, HealthServer]) -> None:
    world, server = served
    world.clock.forward(3600)
    answer = get(server, "/healthz")
    assert answer.status_code == 503
    assert "intake" in answer.json()["stalled"]


def test_a_database_of_another_version_makes_it_unready(served: tuple[World, HealthServer]) -> None:
    world, server = served
    migrate(world.database, "base")
    answer = get(server, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "SchemaOutdated"


def test_metrics_count_what_happened_and_name_nobody(served: tuple[World, HealthServer]) -> None:
    world, server = served
    world.tell(issue("1", 0), issue("2", 0, bad=True), cancel("1", 1))
    world.settle()
    text = get(server, "/metrics").text
    for line in (
        "saegim_oracle_rows_total 3.0",
        'saegim_oracle_arrivals_total{outcome="issued"} 1.0',
        'saegim_oracle_arrivals_total{outcome="quarantined"} 1.0',
        'saegim_oracle_documents{state="delivered"} 1.0',
        'saegim_oracle_quarantine{state="open"} 1.0',
        'saegim_oracle_deliveries_total{outcome="accepted"} 2.0',
        "saegim_oracle_settling_seconds_count 1.0",
        "saegim_oracle_database_up 1.0",
    ):
        assert line in text, line
    assert "receipt:1" not in text


def test_an_unreachable_database_shows_in_the_metrics(served: tuple[World, HealthServer]) -> None:
    world, server = served
    migrate(world.database, "base")
    assert "saegim_oracle_database_up 0.0" in get(server, "/metrics").text
