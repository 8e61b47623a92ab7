"""The one seam for time: everything that asks "what time is it" takes a `Clock`, so tests can set it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present moment as an aware datetime in UTC."""


_shift = timedelta(0)


class ClockShiftRefused(ValueError):
    """`SAEGIM_CLOCK_OFFSET` is set in production, or is no number of seconds. `text`: as given."""

    def __init__(self, text: str) -> None:
        super().__init__(f"SAEGIM_CLOCK_OFFSET={text!r}: seconds, and never in production; unset it")
        self.text = text


def utc_now() -> datetime:
    """The machine's clock, aware, in UTC."""
    return datetime.now(UTC) + _shift


def shift_from_environment(environ: Mapping[str, str]) -> None:
    """Let `utc_now` be wrong by `SAEGIM_CLOCK_OFFSET` seconds: how a test gives one process a skewed clock.

    Raises ClockShiftRefused in production, whatever its value.
    """
    global _shift
    text = environ.get("SAEGIM_CLOCK_OFFSET", "")
    if not text:
        return
    if environ.get("SAEGIM_ENV", "").lower() == "production":
        raise ClockShiftRefused(text)
    try:
        _shift = timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise ClockShiftRefused(text) from error


def from_block_time(seconds: int) -> datetime:
    """A block's `timestamp` (whole seconds since 1970, UTC) as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
