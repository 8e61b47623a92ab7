"""Periods and ages as the Korean Civil Act counts them (articles 157 to 160)."""

from __future__ import annotations

import calendar
from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


def last_day_of_months(start: date, months: int) -> date:
    """The last day of a period of `months` that begins with an event on `start`.

    The day of the event does not count (art. 157). The period ends with the day before the day that corresponds to
    its first one, or with the month's last day where there is no such day (art. 160). So six months from 28 February
    of a common year end on 31 August, and from 31 August on the last day of February.
    """
    first = start + _DAY
    index = first.year * 12 + first.month - 1 + months
    year, month = index // 12, index % 12 + 1
    length = calendar.monthrange(year, month)[1]
    if first.day > length:
        return date(year, month, length)
    return date(year, month, first.day) - _DAY


def last_day_of_days(start: date, days: int, left_out: Collection[date] = ()) -> date:
    """The last day of a period of `days` that begins with an event on `start`, which itself does not count.

    left_out: days that do not count either (public holidays, where a rule says so).
    """
    day, counted = start, 0
    while counted < days:
        day += _DAY
        counted += day not in left_out
    return day


def age_on(birth: date, day: date) -> int:
    """Completed years (만 나이, art. 158: the day of birth counts). Born on 29 February: a year older on 1 March of
    common years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
