"""How long the hospital system is waited for, and by how many at once: a slow desk holds up nobody else.

Each operation has a few threads of its own. Where they all wait, the next request of that operation is refused at once;
other operations go on. A thread that was given up on ends by the adapter's own time-outs (`asking.DESK_SECONDS`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Final, TypeVar

from oracle.relay.errors import RelayProblem

AT_ONCE: Final = 4
"""Requests of one operation that may wait for the hospital system."""
_T = TypeVar("_T")


class Patience:
    """Runs what asks the hospital system. seconds: how long an answer may take."""

    def __init__(self, operations: Iterable[str], seconds: float, *, at_once: int = AT_ONCE) -> None:
        self._seconds = seconds
        self._gates = {name: BoundedSemaphore(at_once) for name in operations}
        self._pools = {
            name: ThreadPoolExecutor(at_once, thread_name_prefix=f"relay-{name}") for name in self._gates
        }

    def run(self, name: str, work: Callable[[], _T]) -> _T:
        """What `work` gives, in time. Raises what it raises, and RelayProblem: hospital-busy, hospital-slow."""
        gate = self._gates[name]
        if not gate.acquire(blocking=False):
            raise RelayProblem(503, "hospital-busy", retry_after=max(1, round(self._seconds)))
        try:
            running = self._pools[name].submit(work)
        except RuntimeError:  # the relay is being closed
            gate.release()
            raise RelayProblem(503, "hospital-busy", retry_after=1) from None
        running.add_done_callback(lambda _: gate.release())
        try:
            return running.result(self._seconds)
        except TimeoutError:
            if running.done():
                raise
            raise RelayProblem(504, "hospital-slow") from None

    def close(self) -> None:
        """Take no more; what still waits for the hospital system is not waited for."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
