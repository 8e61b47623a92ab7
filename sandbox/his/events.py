"""What the generator produces: transactions of the hospital system, in the order of a simulated day."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Table


class Insert(NamedTuple):
    """A new row: values in the table's column order, without the change stamp, which the writer adds."""

    table: Table
    values: tuple[Any, ...]


class Update(NamedTuple):
    """A change of the row with this primary key; the writer renews its change stamp."""

    table: Table
    key: str
    changes: dict[str, Any]


Write: TypeAlias = Insert | Update


class Step(NamedTuple):
    """One transaction. at: simulated time. receipts: how many receipts it hands out."""

    at: datetime
    writes: list[Write]
    receipts: int = 0


class Numbers:
    """Serial numbers of one day: of visits, of the cashier's rows and of receipts."""

    def __init__(self, day: str, visits: int = 0, settlements: int = 0, receipts: int = 0) -> None:
        self._day = day
        self._visits = visits
        self._settlements = settlements
        self._receipts = receipts

    def visit(self) -> str:
        """내원번호."""
        self._visits += 1
        return f"V{self._day}{self._visits:06d}"

    def settlement(self) -> str:
        """수납번호."""
        self._settlements += 1
        return f"{self._day}{self._settlements:06d}"

    def receipt(self) -> str:
        """영수증번호 (연월-일련번호). A month's serial is the day's with the day in front: no counter to share."""
        self._receipts += 1
        return f"{self._day[:6]}-{self._day[6:]}{self._receipts:06d}"
