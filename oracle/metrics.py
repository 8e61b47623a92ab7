"""Gauges of the pipeline's state, counted when Prometheus asks: the database is the truth, not this process."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from chain.clock import Clock
from oracle.status import Status, look

_COUNTED = ("documents", "batches", "marks", "deliveries", "quarantine")


class StateCollector(Collector):
    """What `status` shows, as gauges. An unreachable database shows as `saegim_oracle_database_up` 0."""

    def __init__(self, database: Engine, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        try:
            status = look(self._database, self._clock)
        except SQLAlchemyError:
            yield _gauge("database_up", "Whether the database answers", 0)
            return
        yield _gauge("database_up", "Whether the database answers", 1)
        yield from _gauges(status)


def _gauges(status: Status) -> Iterator[Metric]:
    for name in _COUNTED:
        family = GaugeMetricFamily(f"saegim_oracle_{name}", f"{name} by state", labels=["state"])
        for state, count in getattr(status, name).items():
            family.add_metric([state], count)
        yield family
    yield _gauge(
        "oldest_waiting_seconds", "Age of the oldest document not anchored", status.oldest_waiting or 0
    )
    yield _gauge("delivery_lag_seconds", "Age of the oldest delivery not answered", status.delivery_lag or 0)
    yield _gauge("last_anchored_block", "Block of the newest settled batch", status.last_anchored_block or 0)
    anchored = status.last_anchored_at.timestamp() if status.last_anchored_at else 0
    yield _gauge("last_anchored_timestamp_seconds", "Time of that block", anchored)
    read = status.last_read.timestamp() if status.last_read else 0
    yield _gauge("last_read_timestamp_seconds", "When rows were last taken from the hospital system", read)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"saegim_oracle_{name}", text, value=value)
