"""What passes the cashier's desk: visits as it knows them, and slips, the rows of the settlement tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sandbox.his import schema
from sandbox.his.events import Insert, Write
from sandbox.his.money import Account, Line, Policy
from sandbox.his.people import DoctorEntry, PatientEntry


class Kind(StrEnum):
    """수납구분 (SUNAP_GB)."""

    DEPOSIT = "1"
    PROVISIONAL = "2"
    BILL = "3"
    RECEIPT = "4"
    MIRROR = "5"
    RESETTLEMENT = "6"


@dataclass(slots=True)
class Visit:
    """내원 as the desk knows it. kind: O, I or E. night: 1 at night, 2 on a holiday. Dates YYYYMMDD."""

    number: str
    patient: PatientEntry
    kind: str
    at: datetime
    doctor: DoctorEntry
    policy: Policy
    special: str | None = None
    night: str | None = None
    ward: str | None = None
    until: str | None = None
    lines: list[Line] = field(default_factory=list)
    day: str = field(init=False)
    """진료일자 or 입원일자."""

    def __post_init__(self) -> None:
        self.day = f"{self.at:%Y%m%d}"

    @property
    def inpatient(self) -> bool:
        """Whether inpatient rates apply."""
        return self.kind == "I"


@dataclass(frozen=True, slots=True)
class Slip:
    """One row of SRCPTM. calc: O, E, M (interim) or D (discharge). paid: card, cash with receipt, cash."""

    key: str
    kind: Kind
    calc: str
    visit: Visit
    at: datetime
    policy: Policy
    special: str | None
    account: Account
    receipt: str | None = None
    issued: datetime | None = None
    original: Slip | None = None
    resettles: bool | None = None
    until: str = ""
    already: int = 0
    paid: tuple[int, int, int] = (0, 0, 0)
    hipass: bool = False

    @property
    def due(self) -> int:
        """⑩ = ⑧ − ⑨."""
        return self.account.patient_total - self.already

    @property
    def document(self) -> str:
        """Its name in the manifest."""
        return f"{'bill' if self.kind is Kind.BILL else 'receipt'}:{self.key}"

    def facts(self) -> dict[str, Any]:
        """What the manifest says about it."""
        sums = self.account
        facts: dict[str, Any] = {
            "total": sums.total,
            "insurer_total": sums.insurer_total,
            "patient_total": sums.patient_total,
            "due": self.due,
            "patient_class": self.policy.name,
        }
        if self.kind is not Kind.BILL:
            facts["paid"] = sum(self.paid)
        return facts

    def writes(self) -> list[Write]:
        """The rows of this slip in all three tables; a mirror's with minus."""
        sign = -1 if self.kind is Kind.MIRROR else 1
        writes: list[Write] = [Insert(schema.SETTLEMENTS, self._head(sign))]
        for row, shares in self.account.rows.items():
            writes.append(Insert(schema.SETTLEMENT_ROWS, (self.key, row, *[sign * each for each in shares])))
        for number, (line, cover, amount, shares) in enumerate(self.account.charges, 1):
            values = (self.key, number, line.row, line.date, line.code, line.list_code, line.name)
            money = (line.price, line.qty, line.days, sign * amount, *[sign * each for each in shares])
            writes.append(Insert(schema.SETTLEMENT_ITEMS, (*values, cover.value, *money)))
        return writes

    def _head(self, sign: int) -> tuple[Any, ...]:
        visit, sums, original = self.visit, self.account, self.original
        amounts = (*sums.totals, sums.excess, sums.total, sums.insurer_total, sums.patient_total)
        money = [sign * each for each in (*amounts, self.already, self.due, *self.paid)]
        return (
            self.key,
            visit.number,
            visit.patient.number,
            self.kind.value,
            self.calc,
            f"{self.at:%Y%m%d}",
            f"{self.at:%H%M%S}",
            visit.day,
            self.until or visit.day,
            visit.doctor.department.code,
            visit.doctor.number,
            self.policy.code,
            self.special,
            visit.night,
            visit.ward,
            self.receipt,
            f"{self.issued:%Y%m%d%H%M%S}" if self.issued else None,
            0,
            original.key if original else None,
            f"{original.at:%Y%m%d}" if original else None,
            None if self.resettles is None else ("2" if self.resettles else "1"),
            *money,
            sums.unit,
            sign * sums.cut,
            "Y" if self.hipass else "N",
            "N",
        )
