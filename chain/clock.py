"""The one seam for time: everything that asks "what time is it" takes a `Clock`, so tests can set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment as an aware datetime in UTC."""


def utc_now() -> datetime:
    """The machine's clock, aware, in UTC."""
    return datetime.now(UTC)


def from_block_time(seconds: int) -> datetime:
    """A block's `timestamp` (whole seconds since 1970, UTC) as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
