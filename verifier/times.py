"""Times and durations as people in Korea read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Literal

KST = timezone(timedelta(hours=9), "KST")
"""Korea keeps one time all year."""

Language = Literal["ko", "en"]

_UNITS = (
    (86_400, "일", "day"),
    (3_600, "시간", "hour"),
    (60, "분", "minute"),
    (1, "초", "second"),
)


def korean_time(moment: datetime) -> str:
    """`2025-10-09 17:53:24 (KST)`; the last year there is stands for "no end"."""
    if moment.year >= 9999:
        return "9999-12-31"
    return f"{moment.astimezone(KST):%Y-%m-%d %H:%M:%S} (KST)"


def duration_text(duration: timedelta, language: Language) -> str:
    """In the largest unit that divides it: `24시간` and `24 hours`, `7일` and `7 days`."""
    seconds = int(duration.total_seconds())
    if seconds == 86_400:
        return "24시간" if language == "ko" else "24 hours"
    for size, ko, en in _UNITS:
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count}{ko}" if language == "ko" else f"{count} {en}{'' if count == 1 else 's'}"
    return "0초" if language == "ko" else "0 seconds"
