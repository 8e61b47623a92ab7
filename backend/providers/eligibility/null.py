"""No way to the insurers: warns when built. The desk looks eligibility up as it did before."""

from __future__ import annotations

import logging
from datetime import date
from typing import NoReturn

from backend.providers.eligibility.port import (
    Cancelled,
    Confirmed,
    NotConfirmed,
    Outcome,
    Registration,
    Uncertain,
    Visit,
)
from backend.providers.errors import ProviderUnavailable

_log = logging.getLogger(__name__)


class NullEligibility:
    """`EligibilityProvider` of a hospital whose gateway is not connected."""

    def __init__(self) -> None:
        _log.warning("no eligibility gateway is set up: eligibility is checked at the desk only")

    def look_up(self, registration: Registration, day: date) -> Outcome:
        self._refuse("look-up")

    def confirm_visit(self, visit: Visit) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        self._refuse("confirm")

    def visit_state(self, visit_id: str) -> Confirmed | NotConfirmed | Cancelled | Uncertain:
        self._refuse("state")

    def cancel_visit(self, visit_id: str) -> Cancelled | NotConfirmed | Uncertain:
        self._refuse("cancel")

    def close(self) -> None:
        """Nothing to close."""

    def _refuse(self, operation: str) -> NoReturn:
        raise ProviderUnavailable("eligibility", operation, "no gateway is set up")
