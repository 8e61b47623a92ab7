"""How often may be asked: a bucket of requests for each purpose, refilled evenly."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from threading import Lock

from chain.clock import Clock


@dataclass
class Buckets:
    """Buckets by name, each of `per_minute` requests. In this process's memory: a restart fills them."""

    per_minute: int
    clock: Clock
    _left: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, name: str) -> int:
        """Take one; 0, or in how many whole seconds there will be one. Names are codes, so few."""
        now, each = self.clock(), 60 / self.per_minute
        with self._lock:
            left, at = self._left.get(name, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + max(0.0, (now - at).total_seconds()) / each)
            taken = left >= 1
            self._left[name] = (left - 1 if taken else left, now)
        return 0 if taken else ceil((1 - left) * each)
