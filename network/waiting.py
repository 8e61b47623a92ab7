"""Waiting for a condition with a bound: the only loop that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from chain.errors import NodeError
from network.errors import ConditionNotMet, IpcUnavailable, RpcRefused

T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T | None], *, seconds: float = 30.0, every: float = 0.1) -> T:
    """The first result of `probe` that is neither None nor False.

    A node that does not answer yet counts as "not yet". Raises ConditionNotMet with `what` after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = probe()
        except (IpcUnavailable, RpcRefused, NodeError):
            found = None
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise ConditionNotMet(what, seconds)
        time.sleep(every)
