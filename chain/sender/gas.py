"""Keeping the account in coins: they are a daily quota that the institution registry hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from chain.contracts import InstitutionRegistry
from chain.sender.outbox import Submission

_KOREA = timezone(timedelta(hours=9))
"""The quota renews at Korean midnight; Korea has no summer time."""

_CLAIM_GAS = 120_000


@dataclass(frozen=True)
class GasQuota:
    """Claims the day's quota when the balance falls below `low_water` (wei; the quota fills up to 1 coin)."""

    registry: InstitutionRegistry
    low_water: int = 3 * 10**17

    def claim(self, address: str, balance: int, now: datetime) -> Submission | None:
        """The transaction to submit, or None. Once a day: the key is the Korean date."""
        if balance >= self.low_water:
            return None
        day = now.astimezone(_KOREA).date().isoformat()
        data = self.registry.encode_claim_gas(address)
        return Submission(self.registry.address, data, _CLAIM_GAS, f"claim-gas:{day}")
