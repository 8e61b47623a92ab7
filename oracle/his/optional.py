"""What some adapters do beside reading; whoever runs an adapter asks whether it does."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from prometheus_client.registry import Collector


@runtime_checkable
class Listening(Protocol):
    """An adapter that is told by the hospital system, and listens from `start` to `close`."""

    def start(self) -> None:
        """Begin to listen. Raises `HisUnavailable` when that can not be."""


@runtime_checkable
class Closing(Protocol):
    """An adapter that holds connections."""

    def close(self) -> None:
        """End them, and listening."""


@runtime_checkable
class Keeping(Protocol):
    """An adapter that keeps what the hospital system sent."""

    def forget(self, content_until: datetime, facts_until: datetime) -> int:
        """Destroy the content that came before the one time and was read, and all that is left of what came before
        the other. How many contents. What a person must still look at stays."""


@runtime_checkable
class Counting(Protocol):
    """An adapter with counters of its own."""

    @property
    def collector(self) -> Collector:
        """Counters for Prometheus."""
