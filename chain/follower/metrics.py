"""The follower's numbers for Prometheus: how far it is, how final that is, and what was undone."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine as Database
from sqlalchemy.exc import SQLAlchemyError

from chain.clock import Clock, from_block_time
from chain.db import reading
from chain.follower.follower import FollowerReport
from chain.follower.tables import CursorRow
from chain.window import SettledBlockLost

_DEPTHS = (1, 2, 3, 5, 8, 13, 21, 50)


class FollowerMetrics(Collector):
    """One follower. `note` is its observer, `settled_block_lost` its alarm."""

    def __init__(self, database: Database, chain_id: int, clock: Clock, registry: CollectorRegistry) -> None:
        self._database, self._chain_id, self._clock = database, chain_id, clock
        self._last = FollowerReport(leader=False)
        self._lost = Counter(
            "saegim_follower_settled_blocks_lost",
            "Times that settled blocks were replaced",
            registry=registry,
        )
        self._depth = Histogram(
            "saegim_follower_reorganisation_blocks",
            "Projected blocks undone by one reorganisation",
            registry=registry,
            buckets=_DEPTHS,
        )
        self._errors = Counter(
            "saegim_follower_errors", "Passes that a node's answer cut short", ["code"], registry=registry
        )
        registry.register(self)

    def note(self, report: FollowerReport) -> None:
        """Take over what one pass did."""
        if report.fork is not None:
            self._depth.observe(report.undone)
        for error in report.errors:
            self._errors.labels(error.code).inc()
        self._last = report

    def settled_block_lost(self, lost: SettledBlockLost) -> None:
        """The follower's alarm."""
        self._lost.inc()

    def collect(self) -> Iterator[Metric]:
        """Heights by finality, from the cursor's one row; the head as the last pass saw it."""
        try:
            with reading(self._database) as session:
                row = session.get(CursorRow, self._chain_id)
        except SQLAlchemyError:
            return
        if row is not None:
            family = GaugeMetricFamily(
                "saegim_follower_height", "Newest projected block by finality", labels=["finality"]
            )
            for name, height in (("pending", row.applied), ("settled", row.settled), ("strong", row.strong)):
                family.add_metric([name], height)
            yield family
        yield _gauge("leading", "1 if this process follows", self._last.leader)
        yield _gauge("seal_fault", "1 while the head's seals do not count", self._last.fault is not None)
        if self._last.head is not None:
            yield _gauge("head_number", "The newest block of the last pass", self._last.head)
        if self._last.head_time is not None:
            age = (self._clock() - from_block_time(self._last.head_time)).total_seconds()
            yield _gauge("head_age_seconds", "Age of that block; negative: this clock is behind", age)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"saegim_follower_{name}", text, value=float(value))
