"""A circuit that opens after repeated failures, so that a party that is down is not waited for by every patient."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from chain.clock import Clock


class Circuit:
    """Closed: everybody passes. Open: nobody, for `rest`. Then one may try; its end closes or opens it anew.

    Thread-safe. One per party and process.
    """

    def __init__(self, clock: Clock, *, failures: int = 5, rest: timedelta = timedelta(seconds=30)) -> None:
        self._clock = clock
        self._most = failures
        self._rest = rest
        self._lock = threading.Lock()
        self._failed = 0
        self._until: datetime | None = None

    def admits(self) -> bool:
        """Whether a request may go out now. After the rest this says yes once, then no until that one has ended."""
        with self._lock:
            if self._until is None:
                return True
            now = self._clock()
            if now < self._until:
                return False
            self._until = now + self._rest  # a trial that never reports back must not block for good
            return True

    def succeeded(self) -> None:
        """The party answered, be it with a refusal."""
        with self._lock:
            self._failed, self._until = 0, None

    def failed(self) -> None:
        """The party did not answer, or answered that it cannot."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._most:
                self._until = self._clock() + self._rest

    @property
    def is_open(self) -> bool:
        """For metrics and readiness: the next request would be refused here."""
        with self._lock:
            return self._until is not None and self._clock() < self._until
