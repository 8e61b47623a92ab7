"""The backend's numbers when Prometheus asks: databases, own nodes, and how long the trust file still serves.

Requests, deliveries and verdicts are counters beside the code that makes them. Labels name routes, outcomes and
node numbers, never an address, a document or a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from backend.devices import health as devices
from backend.eligibility import metrics as eligibility
from backend.services import Services
from chain.clock import from_block_time
from chain.db import reading
from chain.errors import ChainError
from chain.headers import Header
from chain.trust import MAX_AGE

_APART = 8
"""Blocks below the lowest head at which nodes are compared: above, healthy ones may differ for a moment."""


class HeaderNode(Protocol):
    """One node, as far as it is compared with another."""

    def head(self) -> Header:
        """The newest header."""

    def header(self, block: int) -> Header:
        """A header by number."""


class BackendCollector(Collector):
    """One backend process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Look once at everything; each part that does not answer is a 0, never an error."""
        yield self._databases()
        yield from eligibility.waiting(self._services.database)
        yield from self._nodes(self._services.node.sources())
        yield from devices.metrics(self._services)
        trust = self._services.node.trust
        until = from_block_time(trust.checkpoint.time) + MAX_AGE
        yield _gauge(
            "trust_file_valid_until_timestamp_seconds", "When it is refused as old", until.timestamp()
        )

    def _databases(self) -> Metric:
        family = GaugeMetricFamily(
            "saegim_backend_database_up", "1 if the database answers", labels=["database"]
        )
        family.add_metric(["documents"], answers(self._services.database))
        family.add_metric(["keys"], answers(self._services.keys_database))
        return family

    def _nodes(self, nodes: Sequence[HeaderNode]) -> Iterator[Metric]:
        with ThreadPoolExecutor(max(1, len(nodes))) as threads:
            heads = list(threads.map(_head, nodes))
        up = GaugeMetricFamily("saegim_backend_node_up", "1 if the own node answers", labels=["node"])
        age = GaugeMetricFamily(
            "saegim_backend_node_head_age_seconds",
            "Age of the node's newest block; negative: this clock is behind",
            labels=["node"],
        )
        now = self._services.clock()
        for number, head in enumerate(heads, 1):
            up.add_metric([str(number)], head is not None)
            if head is not None:
                age.add_metric([str(number)], (now - from_block_time(head.time)).total_seconds())
        yield up
        yield age
        agree = _agree([(node, head) for node, head in zip(nodes, heads, strict=True) if head is not None])
        yield _gauge("nodes_agree", "1 unless two own nodes have different blocks below settled", agree)


def answers(database: Engine) -> bool:
    """Whether a database answers a question."""
    try:
        with reading(database) as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _head(node: HeaderNode) -> Header | None:
    try:
        return node.head()
    except ChainError:
        return None


def _agree(nodes: Sequence[tuple[HeaderNode, Header]]) -> bool:
    """Whether those that answer have the same block a little below the lowest head."""
    if len(nodes) < 2:
        return True
    number = max(0, min(head.number for _, head in nodes) - _APART)
    found = set()
    for node, _ in nodes:
        try:
            found.add(node.header(number).hash)
        except ChainError:
            continue
    return len(found) < 2


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"saegim_backend_{name}", help_text, value=float(value))
