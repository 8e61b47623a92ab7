"""Column arithmetic shared by Form 6 and the itemised statement: sums and 끝처리 (rounding)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from records.errors import Problem
from records.kinds.parts import Columns, Rounding

COLUMNS = ("patient", "insurer", "full", "uncovered")
"""①, ②, ③, ④ in the form's order."""

_CUT = ("patient", "full", "uncovered")


def column_sum(rows: Sequence[Columns], column: str) -> int:
    """Sum of one column, in won."""
    return sum([getattr(row, column) for row in rows])


def add_up(rows: Sequence[Columns], rounding: Rounding, totals: Columns, path: str) -> Iterator[Problem]:
    """Each total is the sum of its column plus the adjustment of that column."""
    for column in COLUMNS:
        if getattr(totals, column) != column_sum(rows, column) + getattr(rounding, column):
            message = "the total must equal the sum of the column and its rounding adjustment"
            yield Problem(f"{path}.{column}", "arithmetic", message)


def rounding_problems(rows: Sequence[Columns], rounding: Rounding) -> Iterator[Problem]:
    """What a patient pays is cut down to the unit; the insurer may take over exactly what was cut from ①.

    ① is cut whenever the unit says so; a hospital may leave ③ and ④ uncut, or cut them by the same unit.
    Cutting up instead of down has caused wrong refunds in practice, so it is refused.
    """
    for column in _CUT:
        cut = -(column_sum(rows, column) % rounding.unit)
        stated = getattr(rounding, column)
        if stated != cut and not (stated == 0 and column != "patient"):
            yield Problem(f"rounding.{column}", "rounding", f"must cut the sum down to {rounding.unit} won")
    if rounding.insurer not in (0, -rounding.patient):
        message = "must be 0 or exactly what was cut from the patient share"
        yield Problem("rounding.insurer", "rounding", message)
