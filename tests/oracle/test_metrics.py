"""The pipeline's gauges: right numbers, and none that reads a whole table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from oracle_fakes import World, create_tables, issue
from prometheus_client import CollectorRegistry
from sqlalchemy import Select, insert, text
from sqlalchemy.dialects import sqlite

from chain.db import make_engine, reading, table_of, writing
from chain.errors import NodeUnavailable
from oracle import metrics
from oracle.db import migrate
from oracle.jobs import Jobs
from oracle.metrics import JobsCollector, KeysCollector, StateCollector
from oracle.models import Batch, Delivery, Document, Mark
from oracle.states import BatchState, DeliveryState, DocumentState

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[World]:
    engine = make_engine(f"sqlite:///{tmp_path}/oracle.sqlite3")
    migrate(engine)
    create_tables(engine)
    world = World(database=engine)
    yield world
    world.close()


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"saegim_oracle_{name}", labels)


def test_what_waits_shows_with_its_age(migrated: World) -> None:
    registry = CollectorRegistry()
    registry.register(StateCollector(migrated.database, migrated.clock))
    assert sample(registry, "oldest_waiting_seconds") == 0
    migrated.tell(issue("1", 0), issue("2", 0, bad=True))
    migrated.run("intake")
    migrated.clock.forward(61)
    assert sample(registry, "oldest_waiting_seconds") >= 61
    assert sample(registry, "documents", state="ready") == 1
    assert sample(registry, "quarantine", state="open") == 1
    migrated.settle()
    assert sample(registry, "oldest_waiting_seconds") == 0
    assert sample(registry, "documents", state="delivered") == 1
    assert sample(registry, "last_anchored_block") > 0


def test_a_stage_in_trouble_and_the_adapter_show(migrated: World) -> None:
    jobs, registry = Jobs(migrated.pipeline, timedelta(seconds=1)), CollectorRegistry()
    registry.register(JobsCollector(jobs, "sql"))
    assert sample(registry, "adapter_up", adapter="sql") == 1
    migrated.his.up = False
    next(job for job in jobs.jobs if job.name == "intake").run()
    assert sample(registry, "stage_up", stage="intake") == 0
    assert sample(registry, "stage_up", stage="delivery") == 1
    assert sample(registry, "adapter_up", adapter="sql") == 0


def test_a_stage_whose_thread_hangs_is_not_up(migrated: World) -> None:
    jobs, registry = Jobs(migrated.pipeline, timedelta(seconds=1)), CollectorRegistry()
    registry.register(JobsCollector(jobs, "sql"))
    migrated.clock.forward(3600)
    assert sample(registry, "stage_up", stage="delivery") == 0


class Registry:
    """What the institution registry says; `up` False: the node does not answer."""

    def __init__(self) -> None:
        self.up, self.asked = True, 0
        self.until = NOW + timedelta(days=20)
        self.compromised: datetime | None = None
        self.mandate: datetime | None = None

    def key(self, kid: bytes) -> Any:
        self.asked += 1
        if not self.up:
            raise NodeUnavailable("http://node", "refused")
        return SimpleNamespace(valid_until=self.until, compromised_since=self.compromised)

    def operator(self, account: str) -> Any:
        return SimpleNamespace(until=self.mandate)


@pytest.fixture
def keys() -> tuple[Registry, CollectorRegistry, list[datetime]]:
    node, registry, now = Registry(), CollectorRegistry(), [NOW]
    registry.register(KeysCollector(node, b"kid", "0xaccount", lambda: now[0]))  # type: ignore[arg-type]
    return node, registry, now


def test_the_end_of_the_key_is_known_weeks_before(keys: Any) -> None:
    node, registry, _ = keys
    assert sample(registry, "document_key_valid_until_timestamp_seconds") == node.until.timestamp()
    assert sample(registry, "document_key_usable") == 1
    assert sample(registry, "operator_valid_until_timestamp_seconds") == inf


def test_the_node_is_asked_every_ten_minutes_and_its_last_word_stands(keys: Any) -> None:
    node, registry, now = keys
    sample(registry, "document_key_usable")
    sample(registry, "document_key_usable")
    assert node.asked == 1
    node.up, node.compromised = False, NOW
    now[0] += timedelta(minutes=10)
    assert sample(registry, "document_key_usable") == 1
    node.up = True
    now[0] += timedelta(minutes=10)
    assert sample(registry, "document_key_usable") == 0


def test_a_node_that_never_answered_says_nothing(keys: Any) -> None:
    node, registry, _ = keys
    node.up = False
    assert sample(registry, "document_key_usable") is None
    assert sample(registry, "document_key_usable") is None
    assert node.asked == 2, "asked again at once, until it answers"


def test_a_node_that_hangs_holds_up_no_scrape(keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    node, registry, _ = keys
    monkeypatch.setattr(KeysCollector, "PATIENCE", 0.01)
    answered, ask = Event(), node.key

    def hang(kid: bytes) -> Any:
        assert answered.wait(30)
        return ask(kid)

    node.key = hang
    assert sample(registry, "document_key_usable") is None
    assert sample(registry, "document_key_usable") is None
    answered.set()
    monkeypatch.setattr(KeysCollector, "PATIENCE", 30)
    assert sample(registry, "document_key_usable") == 1
    assert node.asked == 1


QUERIES = {
    "documents": metrics.count_states(Document, metrics.OPEN[Document]),
    "batches": metrics.count_states(Batch, metrics.OPEN[Batch]),
    "marks": metrics.count_states(Mark, metrics.OPEN[Mark]),
    "deliveries": metrics.count_states(Delivery, metrics.OPEN[Delivery]),
    "oldest delivery": metrics.oldest_delivery(),
    "first waiting": metrics.first_in(DocumentState.READY.value),
    "last settled": metrics.last_settled(),
}


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_reads_a_whole_table(migrated: World, name: str) -> None:
    fill(migrated)
    query: Select[Any] = QUERIES[name]
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with reading(migrated.database) as session:
        plan = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert any(step.startswith("SEARCH") for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


def fill(world: World) -> None:
    """Old, finished rows, and what the planner knows of them."""
    old = {"source": "s", "revision": "r", "changed_at": NOW, "read_at": NOW, "vct": "v", "kid": "k"}
    documents = [
        {**old, "id": n, "document_id": str(n), "leaf": b"", "state": DocumentState.DROPPED.value}
        for n in range(1, 2_000)
    ]
    batches = [
        {
            "root": n.to_bytes(32, "big"),
            "depth": 4,
            "size": 1,
            "state": BatchState.SETTLED.value,
            "fixed_at": NOW,
        }
        | {"attempt": 1}
        for n in range(500)
    ]
    done = {"event": "issued", "state": DeliveryState.ACCEPTED.value, "next_at": NOW, "created_at": NOW}
    deliveries = [{**done, "delivery_id": str(n), "document": n, "attempts": 0} for n in range(2_000)]
    with writing(world.database) as session:
        session.execute(insert(table_of(Document)), documents)
        session.execute(insert(table_of(Batch)), batches)
        session.execute(insert(table_of(Delivery)), deliveries)
        session.execute(text("ANALYZE"))
