"""An agent's numbers for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from network.watch.health import Health

ALARMS = (
    "node-silent",
    "halted",
    "too-few-validators",
    "settled-block-would-be-lost",
    "validator-set-differs",
    "links-missing",
    "branch-refused",
)
"""Every alarm an agent can raise: each has a series from the start, so that a rule can wait for it."""


class Metrics:
    """The series of one agent, in a registry of its own."""

    def __init__(self, validator: str) -> None:
        self.registry = CollectorRegistry()
        self._validator = validator
        self._head = self._gauge("head_number", "Newest block of the node")
        self._idle = self._gauge("head_idle_seconds", "Seconds since the node's newest block changed")
        self._peers = self._gauge("peers", "Linked nodes")
        self._sealing = self._gauge("sealing", "1 if the node's miner runs")
        self._alarm = Gauge(
            "saegim_validator_alarm", "1 while the alarm lasts", ["validator", "code"], registry=self.registry
        )
        self._actions = Counter(
            "saegim_validator_actions",
            "What was done to the node",
            ["validator", "kind"],
            registry=self.registry,
        )

    def show(self, health: Health) -> None:
        """Take over the numbers of one pass."""
        self._head.labels(self._validator).set(health.head or 0)
        self._idle.labels(self._validator).set(health.idle or 0)
        self._peers.labels(self._validator).set(health.peers or 0)
        self._sealing.labels(self._validator).set(bool(health.sealing))
        for code in ALARMS:
            self._alarm.labels(self._validator, code).set(code in health.alarms)

    def count(self, kind: str) -> None:
        """One more action of this kind."""
        self._actions.labels(self._validator, kind).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, help_text: str) -> Gauge:
        return Gauge(f"saegim_validator_{name}", help_text, ["validator"], registry=self.registry)
