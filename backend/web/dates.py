"""Days and times as people in Korea read them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from backend.web.i18n import current_language

KOREA: Final = ZoneInfo("Asia/Seoul")
_LOCALES: Final = {"ko": "ko_KR", "en": "en"}
# Written out: Babel's own Korean forms say AM and PM, which nobody here reads for 오전 and 오후.
_MINUTES: Final = {"ko": "y. M. d. aaaa h:mm", "en": "MMM d, y, h:mm a"}
_TIMES: Final = {"ko": "aaaa h:mm", "en": "h:mm a"}


def day(moment: datetime) -> str:
    """The day in Korea, in the reader's language."""
    return format_date(moment.astimezone(KOREA), format="long", locale=_LOCALES[current_language()])


def minute(moment: datetime) -> str:
    """Day and time in Korea, in the reader's language."""
    language = current_language()
    return format_datetime(moment, _MINUTES[language], tzinfo=KOREA, locale=_LOCALES[language])


def clock_time(moment: datetime) -> str:
    """Hour and minute in Korea, in the reader's language."""
    language = current_language()
    return format_datetime(moment, _TIMES[language], tzinfo=KOREA, locale=_LOCALES[language])
