"""Confirmed visits and what is left of 건강생활유지비, in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.eligibility.register import BALANCE, answer
from sandbox.people import Person


class Differs(Exception):
    """The same visit came with other content before."""


class UnknownVisit(Exception):
    """No such visit was sent."""


@dataclass
class Entry:
    """One visit. content: what was sent, to see a difference. who: None where nobody was found."""

    content: tuple[Any, ...]
    who: Person | None
    day: date
    deduct: int
    state: str = "pending"
    number: str = ""
    reason: str = ""


class Ledger:
    """All visits. hold: new ones stay pending until `settle`. Thread-safe."""

    def __init__(self) -> None:
        self.hold = False
        self.deducted = 0
        """Won taken off in all, for the tester: twice the amount would be a double deduction."""
        self._lock = threading.Lock()
        self._asked = 0
        self._visits: dict[str, Entry] = {}
        self._spent: dict[int, int] = {}

    def reference(self) -> str:
        """The register's own number of a look-up."""
        with self._lock:
            self._asked += 1
            return f"L{self._asked:08d}"

    def balance(self, who: Person) -> int:
        """Won left to this person."""
        return BALANCE - self._spent.get(who.index, 0)

    def confirm(
        self, visit_id: str, content: tuple[Any, ...], who: Person | None, day: date, deduct: int
    ) -> dict[str, Any]:
        """Confirm once. Raises Differs."""
        with self._lock:
            known = self._visits.get(visit_id)
            if known is None:
                known = self._visits[visit_id] = Entry(content, who, day, deduct)
                if not self.hold:
                    self._settle(known)
            elif known.content != content:
                raise Differs
            return self._shown(visit_id, known)

    def state(self, visit_id: str) -> dict[str, Any]:
        """Raises UnknownVisit."""
        with self._lock:
            return self._shown(visit_id, self._known(visit_id))

    def cancel(self, visit_id: str) -> dict[str, Any]:
        """Take back. Raises UnknownVisit."""
        with self._lock:
            known = self._known(visit_id)
            if known.state == "confirmed" and known.who is not None:
                self._spend(known.who, -known.deduct)
            if known.state in ("confirmed", "pending"):
                known.deduct = known.deduct if known.state == "confirmed" else 0
                known.state = "cancelled"
            return self._shown(visit_id, known)

    def settle(self) -> int:
        """The insurer answers what it held back; how many."""
        with self._lock:
            waiting = [each for each in self._visits.values() if each.state == "pending"]
            for each in waiting:
                self._settle(each)
            return len(waiting)

    def _settle(self, entry: Entry) -> None:
        covered = None if entry.who is None else answer(entry.who, entry.day, self.balance(entry.who))
        kind = None if covered is None else covered.get("kind")
        if entry.who is None or kind not in ("medical-aid-1", "medical-aid-2"):
            entry.state, entry.reason = "refused", "not-eligible"
        elif entry.deduct > (self.balance(entry.who) if kind == "medical-aid-1" else 0):
            entry.state, entry.reason = "refused", "balance-too-low"
        else:
            self._spend(entry.who, entry.deduct)
            serial = sum(each.state == "confirmed" for each in self._visits.values()) + 1
            entry.state, entry.number = "confirmed", f"{entry.day:%Y%m%d}{serial:05d}"

    def _spend(self, who: Person, won: int) -> None:
        self._spent[who.index] = self._spent.get(who.index, 0) + won
        self.deducted += won

    def _known(self, visit_id: str) -> Entry:
        if visit_id not in self._visits:
            raise UnknownVisit
        return self._visits[visit_id]

    def _shown(self, visit_id: str, entry: Entry) -> dict[str, Any]:
        shown: dict[str, Any] = {"visitId": visit_id, "state": entry.state}
        left = None if entry.who is None or entry.who.index % 20 != 2 else self.balance(entry.who)
        match entry.state:
            case "confirmed":
                number = {"confirmationNumber": entry.number, "deductedWon": entry.deduct}
                return shown | number | {"balanceWon": left}
            case "refused":
                return shown | {"reason": entry.reason}
            case "cancelled":
                return shown | {"restoredWon": entry.deduct, "balanceWon": left}
            case _:
                return shown
