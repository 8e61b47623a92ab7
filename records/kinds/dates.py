"""Rules about dates that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from records.errors import Problem
from records.kinds.base import rule


@rule("period")
def period_runs_forward(record: Any) -> Iterator[Problem]:
    """A period ends no earlier than it starts, as far as the precision of both dates tells."""
    if record.period is None:
        return
    start, end = record.period.start, record.period.end
    known = min(len(start), len(end))
    if end[:known] < start[:known]:
        yield Problem("period.end", "period", "must not lie before the start")
