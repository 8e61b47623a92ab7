"""What the stages tell of their work: Prometheus counters of this process. No labels that name anybody."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram

from chain.sender import SettledBlockLost
from oracle.ledger import Outcome

log = logging.getLogger(__name__)

_SECONDS = (0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 30, 60, 300, 3600)


class Observer:
    """Counters in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._rows = self._counter("rows", "Rows read from the hospital system, repeats included")
        self._outcomes = self._counter("arrivals", "What rows led to", "outcome")
        self._batches = self._counter("batches", "Batches formed")
        self._marks = self._counter("marks", "Amendments and withdrawals", "step")
        self._deliveries = self._counter("deliveries", "Deliveries by outcome", "outcome")
        self._reopened = self._counter("reopened", "Settled transactions whose block was replaced after all")
        self._lost_blocks = self._counter("settled_blocks_lost", "Times that settled blocks were replaced")
        self._dropped = self._counter("dropped_documents", "Documents whose content was destroyed on time")
        self._problems = self._counter(
            "problems", "Passes of a stage that a problem cut short", "stage", "problem"
        )
        self._settling = Histogram(
            "saegim_oracle_settling_seconds",
            "From the reading of a batch's oldest document to its settled anchor",
            registry=self.registry,
            buckets=_SECONDS,
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"saegim_oracle_{name}", text, labels, registry=self.registry)

    def read(self, rows: int, outcomes: Mapping[Outcome, int]) -> None:
        """One page was taken in."""
        self._rows.inc(rows)
        for outcome, count in outcomes.items():
            self._outcomes.labels(outcome.value).inc(count)

    def batched(self) -> None:
        """One batch was formed."""
        self._batches.inc()

    def settled(self, seconds: float) -> None:
        """One batch settled, `seconds` after its oldest document was read."""
        self._settling.observe(seconds)

    def marked(self, submitted: int, settled: int) -> None:
        """Marks went out, or settled."""
        self._marks.labels("submitted").inc(submitted)
        self._marks.labels("settled").inc(settled)

    def delivered(self, accepted: int, refused: int, kept: int) -> None:
        """One request to the backend was answered, or was not."""
        for outcome, count in (("accepted", accepted), ("refused", refused), ("kept", kept)):
            self._deliveries.labels(outcome).inc(count)

    def reopened(self, count: int) -> None:
        """Settled blocks disappeared."""
        self._reopened.inc(count)

    def settled_block_lost(self, lost: SettledBlockLost) -> None:
        """The sender's alarm: blocks that counted as settled were replaced."""
        self._lost_blocks.inc()
        log.critical("settled blocks after %d were replaced on chain %d", lost.fork, lost.chain_id)

    def dropped(self, documents: int) -> None:
        """Content was destroyed."""
        self._dropped.inc(documents)

    def problem(self, stage: str, kind: str) -> None:
        """A pass was cut short by an error of class `kind`."""
        self._problems.labels(stage, kind).inc()
