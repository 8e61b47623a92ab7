"""The insurers' register: a pure function of a person's index."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sandbox.people import MOST, Person, person

CHOSEN: Final = "91111111"
"""선택의료급여기관 of those who have one; begins with 9, which no region does."""
BALANCE: Final = 6_000
"""건강생활유지비 of a month, in won."""
_START: Final = "2020-01-01"


def find(name: str, resident: str | None, insurance: str | None) -> Person | None:
    """The person with that name and number. Both numbers of the sandbox hold the index."""
    digits = insurance if resident is None else resident[7:12]
    if digits is None or not 1 <= int(digits) <= MOST:
        return None
    who = person(int(digits))
    same = resident in (None, who.resident) and insurance in (None, who.insurance_number)
    return who if same and who.name == name else None


def answer(who: Person, day: date, balance: int) -> dict[str, Any]:
    """The answer to a look-up. Kinds by the last two digits of the index: 02, 22, … and so on; see the cases."""
    eligible: dict[str, Any] = {
        "outcome": "eligible",
        "kind": "national-health",
        "validFrom": _START,
        "referralRequired": False,
        "reductions": [],
    }
    match who.index % 20:
        case 2:
            chosen = CHOSEN if who.index % 40 == 2 else None
            return eligible | _aid("medical-aid-1", balance) | {"chosenInstitution": chosen}
        case 3:
            return eligible | _aid("medical-aid-2", None)
        case 4:
            lost = {"outcome": "lost", "since": "2026-07-01"}
            return lost if day >= date(2026, 7, 1) else eligible | {"validUntil": "2026-06-30"}
        case 5:
            return {"outcome": "suspended", "since": "2026-03-01", "reason": "unpaid"}
        case 6:
            return {"outcome": "uncertain", "reason": "insurer-closed"}
        case 7:
            reduction = {"code": "V193", "validFrom": "2024-05-02", "validUntil": "2029-05-01"}
            return eligible | {"reductions": [reduction]}
        case 8:
            return eligible | {"kind": "near-poor", "validUntil": f"{day.year}-12-31"}
        case 9:
            return eligible | {"kind": "veterans"}
        case _:
            return eligible


def _aid(kind: str, balance: int | None) -> dict[str, Any]:
    return {"kind": kind, "referralRequired": True, "balanceWon": balance}
