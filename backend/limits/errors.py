"""Errors of the limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import ceil

from backend.errors import SaegimError
from backend.web.i18n import N_


class TooManyRequests(SaegimError):
    """Too often, or locked out after wrong answers. `wait`: when to come back; `limit`: which one, for the log."""

    status = 429
    message = N_("요청이 너무 잦아 잠시 막았습니다.")
    remedy = N_("%(minutes)s분 뒤에 다시 시도해 주세요. 급하시면 병원에 전화해 주세요.")

    def __init__(self, limit: str, wait: timedelta) -> None:
        self.limit = limit
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(minutes=ceil(self.seconds / 60))

    @property
    def headers(self) -> Mapping[str, str]:
        """RFC 9110 section 10.2.3."""
        return {"retry-after": str(self.seconds)}
