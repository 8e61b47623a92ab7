"""Days in Korea: what a visit, a letter and a look-up are dated by."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from backend.web.dates import KOREA


def today(now: datetime) -> date:
    """The day in Korea."""
    return now.astimezone(KOREA).date()


def start_of(day: date) -> datetime:
    """Its first moment."""
    return datetime(day.year, day.month, day.day, tzinfo=KOREA)


def end_of(day: date) -> datetime:
    """The first moment after it."""
    return start_of(day + timedelta(days=1))
