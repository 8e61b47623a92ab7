"""Days and times as people in Korea read them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time

from backend.web.i18n import current_language

KOREA: Final = ZoneInfo("Asia/Seoul")
_LOCALES: Final = {"ko": "ko_KR", "en": "en"}


def day(moment: datetime) -> str:
    """The day in Korea, in the reader's language."""
    return format_date(moment.astimezone(KOREA), format="long", locale=_LOCALES[current_language()])


def minute(moment: datetime) -> str:
    """Day and time in Korea, in the reader's language."""
    local = moment.astimezone(KOREA)
    return format_datetime(local, format="medium", tzinfo=KOREA, locale=_LOCALES[current_language()])


def clock_time(moment: datetime) -> str:
    """Hour and minute in Korea, in the reader's language."""
    return format_time(
        moment.astimezone(KOREA), format="short", tzinfo=KOREA, locale=_LOCALES[current_language()]
    )
