"""When a Korean hospital is open, as far as money depends on it: nights, Sundays and fixed-date public holidays."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final

OPENS: Final = time(8, 30)
CLOSES: Final = time(17, 30)
_NIGHT_FROM: Final = time(18, 0)
_NIGHT_UNTIL: Final = time(9, 0)
_SUNDAY: Final = 6
_FIXED_HOLIDAYS: Final = frozenset(
    {(1, 1), (3, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25)},
)
"""Public holidays with a fixed date. Lunar ones (설날, 추석, 부처님오신날) and substitute days are left out."""


def is_holiday(day: date) -> bool:
    """Sunday or a fixed-date public holiday."""
    return day.weekday() == _SUNDAY or (day.month, day.day) in _FIXED_HOLIDAYS


def night_code(at: datetime) -> str | None:
    """NGT_GB: 2 on a holiday, 1 at night, None otherwise."""
    if is_holiday(at.date()):
        return "2"
    return "1" if at.time() >= _NIGHT_FROM or at.time() < _NIGHT_UNTIL else None
