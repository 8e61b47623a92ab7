"""Stops issuing when the chain says that documents signed with our key are not to be trusted.

A key is declared compromised by the institution's own officers, in a hurry and not on the oracle's machine. From
that block on whatever is anchored under it is ISSUER_NOT_TRUSTED, so the oracle reads no further rows: they wait in
the hospital system until it is started with a new key. What was issued before goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chain.clock import Clock
from chain.errors import ChainError
from chain.state import DocKey
from oracle.errors import KeyNotTrusted

ASK_EVERY = timedelta(seconds=5)


@dataclass
class KeyGuard:
    """Asks for the registered key with `ask`, every few seconds. One thread uses it."""

    ask: Callable[[], DocKey | None]
    clock: Clock
    _asked_at: datetime | None = field(default=None, init=False)
    _known: DocKey | None = field(default=None, init=False)

    def check(self) -> None:
        """Raises KeyNotTrusted. While no node answers the last answer holds: nothing can be anchored then anyway."""
        now = self.clock()
        if self._asked_at is None or not timedelta(0) <= now - self._asked_at < ASK_EVERY:
            self._refresh(now)
        if self._known is not None and self._known.compromised_since is not None:
            raise KeyNotTrusted("was declared compromised")
        if self._known is not None and self._known.valid_until <= now:
            raise KeyNotTrusted("is no longer valid")

    def _refresh(self, now: datetime) -> None:
        try:
            self._known = self.ask()
        except ChainError:
            return  # asked again by the next pass
        self._asked_at = now
