"""What a transaction offers to pay. Coins buy nothing here; fees only have to get into a block.

With London rules a busy block raises the base fee to 1 wei at least and it never returns to 0, so an offer of
0 waits for ever: the tip is at least 1 wei and the maximum follows the base fee.
"""

from __future__ import annotations

from dataclasses import dataclass

GWEI = 10**9


@dataclass(frozen=True)
class Fees:
    """One offer in wei per gas (EIP-1559)."""

    max_fee: int
    tip: int


@dataclass(frozen=True)
class FeePolicy:
    """How much to offer. Amounts in wei per gas."""

    max_fee: int = GWEI
    """Offered while the base fee is low."""
    tip: int = 1
    ceiling: int = 1_000 * GWEI
    """Never offer more; a transaction that waits at the ceiling is sent again as it is."""
    bump_percent: int = 25
    """By how much a replacement raises; nodes demand 10."""

    def first(self, base_fee: int | None) -> Fees:
        """The offer of a first attempt: room for the base fee to double (six full blocks in a row)."""
        wanted = max(self.max_fee, 2 * (base_fee or 0) + self.tip)
        return Fees(min(wanted, self.ceiling), self.tip)

    def raised(self, before: Fees, base_fee: int | None) -> Fees | None:
        """The offer of a replacement, or None if the ceiling forbids one that nodes would take."""
        fresh = self.first(base_fee)
        raised = Fees(max(self._bumped(before.max_fee), fresh.max_fee), self._bumped(before.tip))
        return raised if raised.max_fee <= self.ceiling else None

    def _bumped(self, amount: int) -> int:
        """`amount` and `bump_percent` more, rounded up: a tip of 1 wei becomes 2."""
        return -(-amount * (100 + self.bump_percent) // 100)
