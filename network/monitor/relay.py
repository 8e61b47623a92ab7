"""The relay: takes alerts in, tells the channels, and notices when nobody watches any more."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chain.clock import Clock
from network.monitor.alerts import Alert, Message, Severity
from network.monitor.errors import NotDelivered
from network.monitor.queue import Queue

log = logging.getLogger(__name__)

WATCHDOG = "Watchdog"
SILENT = "MonitoringSilent"
_AT_ONCE = 100


class Channel(Protocol):
    """A way to the control room."""

    @property
    def name(self) -> str:
        """For logs and for the queue."""

    def send(self, message: Message) -> None:
        """Send one message. Raises NotDelivered."""

    def close(self) -> None:
        """Give back what is held."""


class Relay(Collector):
    """One relay. `take` may be called from any thread, `step` from one."""

    def __init__(
        self,
        queue: Queue,
        channels: Sequence[Channel],
        clock: Clock,
        silent_after: timedelta,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.registry = registry or CollectorRegistry()
        self._queue, self._channels, self._clock = queue, channels, clock
        self._silent_after = silent_after
        self._heard_at = clock()
        self._sent = Counter(
            "saegim_monitor_sent", "Messages a channel took", ["channel"], registry=self.registry
        )
        self._failed = Counter(
            "saegim_monitor_failures",
            "Messages a channel did not take at once",
            ["channel"],
            registry=self.registry,
        )
        self.registry.register(self)

    def take(self, alerts: Sequence[Alert]) -> int:
        """Take alerts in; when this returns they are on disk. How many were news."""
        if any(alert.name == WATCHDOG and alert.firing for alert in alerts):
            self._heard_at = self._clock()
        return self._queue.take([alert for alert in alerts if alert.severity is not Severity.NONE])

    def step(self) -> bool:
        """Tell what is due. Whether anything was sent."""
        self._listen()
        moved = [self._drain(channel) for channel in self._channels]
        return any(moved)

    def _listen(self) -> None:
        """Without a word from Prometheus nothing that it said is known to have ended, so nothing is ended then."""
        silent = self._clock() - self._heard_at > self._silent_after
        self._queue.take([_silence(silent, self._heard_at)])
        if not silent:
            self._queue.end_unsaid()

    def _drain(self, channel: Channel) -> bool:
        for count in range(_AT_ONCE):
            due = self._queue.next(channel.name)
            if due is None:
                return count > 0
            number, message = due
            try:
                channel.send(message)
            except NotDelivered as error:
                log.warning("%s", error)
                self._failed.labels(channel.name).inc()
                self._queue.not_taken(number)
                return count > 0
            self._queue.taken(number)
            self._sent.labels(channel.name).inc()
        return True

    def collect(self) -> Iterator[Metric]:
        """What waits, and what goes on."""
        waiting = GaugeMetricFamily("saegim_monitor_waiting", "Messages not sent yet", labels=["channel"])
        oldest = GaugeMetricFamily(
            "saegim_monitor_oldest_waiting_seconds", "Age of the oldest of them", labels=["channel"]
        )
        for channel, (count, age) in self._queue.waiting().items():
            waiting.add_metric([channel], count)
            oldest.add_metric([channel], age)
        yield waiting
        yield oldest
        firing = GaugeMetricFamily("saegim_monitor_alerts_firing", "Alerts that go on", labels=["severity"])
        for severity, count in self._queue.firing().items():
            firing.add_metric([severity], count)
        yield firing

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels:
            channel.close()


def _silence(silent: bool, since: datetime) -> Alert:
    """The relay's own alert about Prometheus."""
    return Alert(
        identity=SILENT,
        name=SILENT,
        severity=Severity.CRITICAL,
        firing=silent,
        labels={},
        summary_ko="감시가 끊겼습니다",
        summary_en="Nothing is heard from Prometheus",
        runbook=f"docs/operations.md#{SILENT.lower()}",
        since=since,
        ends=None,
    )
