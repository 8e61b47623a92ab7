"""Named points between two steps at which a test can end the process as a power cut would.

`SAEGIM_CRASH_POINT=name` (or `name:3` for the third pass) kills the process with SIGKILL when it gets there: no
handler runs, nothing is flushed. Read once at start, and ignored in production. Tests in one process give
`arm` something to raise instead.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_armed: dict[str, Callable[[], None]] = {}


def crash_point(name: str) -> None:
    """Pass the point `name`; does nothing unless it is armed."""
    if _armed and (action := _armed.get(name)) is not None:
        action()


def arm(name: str, action: Callable[[], None]) -> None:
    """Let `action` run when `name` is passed. For tests."""
    _armed[name] = action


def disarm() -> None:
    """Let every point be passed again."""
    _armed.clear()


def arm_from_environment() -> None:
    """Arm the point that `SAEGIM_CRASH_POINT` names, outside production."""
    wanted = os.environ.get("SAEGIM_CRASH_POINT", "")
    if not wanted or os.environ.get("SAEGIM_ENV", "").lower() == "production":
        return
    name, _, passes = wanted.partition(":")
    left = [int(passes or "1")]

    def kill() -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    arm(name, kill)
