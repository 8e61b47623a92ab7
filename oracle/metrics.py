"""Gauges of the pipeline's state, counted when Prometheus asks: the database is the truth, not this process.

Cheap however old the database is: what is finished is never counted row by row, only what still waits. The two
exceptions are the documents delivered within the retention (some days' worth, by index) and quarantine (small, or
the alarm is on).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from math import inf
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

from chain.clock import Clock
from chain.contracts import InstitutionRegistry
from chain.db import reading, table_of
from chain.errors import ChainError
from oracle.jobs import Jobs
from oracle.models import Batch, Delivery, Document, Intake, Mark, Quarantined
from oracle.states import BatchState, DeliveryState, DocumentState, MarkState, QuarantineState

OPEN: Mapping[type[SQLModel], tuple[str, ...]] = {
    Document: tuple(state.value for state in DocumentState if state is not DocumentState.DROPPED),
    Batch: (BatchState.FIXED.value, BatchState.FAILED.value),
    Mark: (MarkState.WAITING.value, MarkState.SUBMITTED.value, MarkState.FAILED.value),
    Delivery: (DeliveryState.WAITING.value, DeliveryState.REFUSED.value),
    Quarantined: tuple(state.value for state in QuarantineState),
}
"""The states that are counted. What is beyond them only grows, and counters tell how fast."""

_NAMES = {
    Document: "documents",
    Batch: "batches",
    Mark: "marks",
    Delivery: "deliveries",
    Quarantined: "quarantine",
}
_WAITING = (DocumentState.HELD.value, DocumentState.READY.value, DocumentState.BATCHED.value)


class StateCollector(Collector):
    """What waits, and since when. An unreachable database shows as `saegim_oracle_database_up` 0."""

    def __init__(self, database: Engine, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Count once."""
        try:
            with reading(self._database) as session:
                found = [*_counts(session), *self._ages(session), *_last(session)]
        except SQLAlchemyError:
            yield _gauge("database_up", "Whether the database answers", 0)
            return
        yield _gauge("database_up", "Whether the database answers", 1)
        yield from found

    def _ages(self, session: Session) -> Iterator[Metric]:
        now = self._clock()
        waiting = _age(now, _oldest_waiting(session))
        yield _gauge("oldest_waiting_seconds", "Age of the oldest document not anchored", waiting)
        late = _age(now, session.execute(oldest_delivery()).scalar())
        yield _gauge("delivery_lag_seconds", "Age of the oldest delivery not answered", late)


class JobsCollector(Collector):
    """Whether each stage of this process works. `adapter`: the name under which the hospital is read."""

    def __init__(self, jobs: Jobs, adapter: str) -> None:
        self._jobs = jobs
        self._adapter = adapter

    def collect(self) -> Iterator[Metric]:
        """A stage is up if its last pass was not cut short and its thread still makes passes."""
        troubled = {*self._jobs.problems(), *self._jobs.stalled()}
        stages = GaugeMetricFamily(
            "saegim_oracle_stage_up", "1 if the stage's last pass went well", labels=["stage"]
        )
        for job in self._jobs.jobs:
            stages.add_metric([job.name], job.name not in troubled)
        yield stages
        adapter = GaugeMetricFamily(
            "saegim_oracle_adapter_up", "1 if the hospital system can be read", labels=["adapter"]
        )
        adapter.add_metric([self._adapter], "intake" not in troubled)
        yield adapter


class KeysCollector(Collector):
    """Until when this institution's key and account may be used, as its own node tells it.

    The answer is kept for ten minutes; while the node does not answer, the last one stands. A node that hangs holds
    up no scrape: what is not known within a second is shown by the next one.
    """

    KEPT = 600.0
    PATIENCE = 1.0

    def __init__(self, registry: InstitutionRegistry, kid: bytes, account: str, clock: Clock) -> None:
        self._registry, self._kid, self._account, self._clock = registry, kid, account, clock
        self._asked_at: datetime | None = None
        self._known: list[Metric] = []
        self._asking: Future[list[Metric]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keys")

    def collect(self) -> Iterator[Metric]:
        """Ask if the last answer is old."""
        now = self._clock()
        old = self._asked_at is None or (now - self._asked_at).total_seconds() >= self.KEPT
        if old and self._asking is None:
            self._asked_at, self._asking = now, self._thread.submit(lambda: list(self._ask()))
        self._take_answer()
        yield from self._known

    def _take_answer(self) -> None:
        if self._asking is None:
            return
        try:
            self._known = self._asking.result(self.PATIENCE)
        except TimeoutError:
            return
        except ChainError:
            self._asked_at = self._asked_at if self._known else None
        self._asking = None

    def _ask(self) -> Iterator[Metric]:
        key, operator = self._registry.key(self._kid), self._registry.operator(self._account)
        usable = key is not None and key.compromised_since is None
        yield _gauge("document_key_usable", "1 if the key is registered and not compromised", usable)
        if key is not None:
            until = key.valid_until.timestamp()
            yield _gauge(
                "document_key_valid_until_timestamp_seconds", "When the key stops to be valid", until
            )
        mandate = 0.0 if operator is None else inf if operator.until is None else operator.until.timestamp()
        yield _gauge(
            "operator_valid_until_timestamp_seconds",
            "When the account's mandate ends; 0: it has none",
            mandate,
        )


def _counts(session: Session) -> Iterator[Metric]:
    for model, states in OPEN.items():
        family = GaugeMetricFamily(
            f"saegim_oracle_{_NAMES[model]}", f"{_NAMES[model]} by state", labels=["state"]
        )
        found = {str(row[0]): int(row[1]) for row in session.execute(count_states(model, states))}
        for state in states:
            family.add_metric([state], found.get(state, 0))
        yield family


def count_states(model: type[SQLModel], states: tuple[str, ...]) -> Select[Any]:
    """Rows in each of these states: a search of the state's index."""
    state = table_of(model).c.state
    return select(state, func.count()).where(state.in_(states)).group_by(state)


def oldest_delivery() -> Select[Any]:
    """When the oldest unanswered delivery was due first."""
    table = table_of(Delivery)
    return select(func.min(table.c.created_at)).where(table.c.state == DeliveryState.WAITING.value)


def first_in(state: str) -> Select[Any]:
    """The lowest number of the documents in a state: the first entry of its part of the index."""
    table = table_of(Document)
    return select(func.min(table.c.id)).where(table.c.state == state)


def last_settled() -> Select[Any]:
    """Block and block time of the newest settled batch."""
    table = table_of(Batch)
    query = select(table.c.block, table.c.anchored_at).where(table.c.state == BatchState.SETTLED.value)
    return query.order_by(table.c.id.desc()).limit(1)


def _oldest_waiting(session: Session) -> datetime | None:
    lowest = [session.execute(first_in(state)).scalar() for state in _WAITING]
    numbers = [number for number in lowest if number is not None]
    if not numbers:
        return None
    table = table_of(Document)
    query = select(table.c.read_at).where(table.c.id == min(numbers))
    found: datetime | None = session.execute(query).scalar_one_or_none()
    return found


def _last(session: Session) -> Iterator[Metric]:
    settled = session.execute(last_settled()).first()
    block, at = (settled.block, settled.anchored_at) if settled else (0, None)
    yield _gauge("last_anchored_block", "Block of the newest settled batch", block)
    yield _gauge("last_anchored_timestamp_seconds", "Time of that block", at.timestamp() if at else 0)
    intake = session.get(Intake, 1)
    read = intake.read_at.timestamp() if intake and intake.read_at else 0
    yield _gauge("last_read_timestamp_seconds", "When rows were last taken from the hospital system", read)


def _age(now: datetime, moment: datetime | None) -> float:
    return 0 if moment is None else max(0.0, (now - moment).total_seconds())


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"saegim_oracle_{name}", text, value=float(value))
