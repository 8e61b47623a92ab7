"""The cashier's desk (원무과 수납): makes rows of the settlement tables, and notes in the manifest what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sandbox.his import schema
from sandbox.his.events import Insert, Numbers, Update, Write
from sandbox.his.money import Account, Line, Policy, account
from sandbox.his.people import DoctorEntry, PatientEntry
from sandbox.his.truth import Truth


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

    @property
    def day(self) -> str:
        """진료일자 or 입원일자."""
        return f"{self.at:%Y%m%d}"

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


_NOTHING = account([], Policy("", "", 0, 0, 1, 1), None, inpatient=False)


class Desk:
    """Makes slips with the day's numbers, and keeps the manifest."""

    def __init__(self, numbers: Numbers, truth: Truth) -> None:
        self._numbers = numbers
        self._truth = truth

    def advance(self, visit: Visit, at: datetime, kind: Kind, amount: int) -> Slip:
        """예약금 or 가수납: money without a document."""
        return Slip(
            key=self._numbers.settlement(),
            kind=kind,
            calc=_calc(visit),
            visit=visit,
            at=at,
            policy=visit.policy,
            special=visit.special,
            account=_NOTHING,
            paid=(amount, 0, 0),
        )

    def bill(self, visit: Visit, at: datetime, *, original: Slip | None = None, issued: bool = True) -> Slip:
        """계산서; without `issued` a draft that the patient never sees."""
        slip = self._slip(visit, at, Kind.BILL, original=original, issued=issued)
        self._note(slip)
        return slip

    def receipt(
        self,
        visit: Visit,
        at: datetime,
        *,
        original: Slip | None = None,
        issued: bool = True,
        calc: str = "",
        lines: Sequence[Line] | None = None,
        already: int = 0,
        unpaid: int = 0,
        excess: bool = False,
        hipass: bool = False,
    ) -> Slip:
        """수납. already: ⑨; unpaid: what the patient still owes; not `issued`: handed over later."""
        slip = self._slip(visit, at, Kind.RECEIPT, original, issued, calc, lines, excess)
        slip = replace(slip, already=already, hipass=hipass)
        slip = replace(slip, paid=_paid(slip, unpaid))
        self._note(slip)
        return slip

    def mirror(self, slip: Slip, at: datetime, *, resettles: bool) -> Slip:
        """취소: the same amounts with minus. Not `resettles`: for good."""
        if not resettles:
            self._end(slip)
        return replace(
            slip,
            key=self._numbers.settlement(),
            kind=Kind.MIRROR,
            at=at,
            original=slip,
            resettles=resettles,
            issued=at if slip.issued else None,
        )

    def settle_again(self, slip: Slip, at: datetime, policy: Policy, special: str | None) -> Slip:
        """재수납 of a receipt under another insurance."""
        lines = [charge.line for charge in slip.account.charges]
        charged = account(lines, policy, special, inpatient=slip.visit.inpatient)
        again = replace(
            slip,
            key=self._numbers.settlement(),
            kind=Kind.RESETTLEMENT,
            at=at,
            issued=at,
            receipt=self._numbers.receipt(),
            original=slip,
            policy=policy,
            special=special,
            account=charged,
            already=0,
            hipass=False,
        )
        again = replace(again, paid=_paid(again, 0))
        self._note(again)
        return again

    def hand_over(self, slip: Slip, at: datetime) -> Update:
        """The receipt is handed to the patient later than it was settled."""
        self._note(replace(slip, issued=at))
        return Update(schema.SETTLEMENTS, slip.key, {"PRT_DTM": f"{at:%Y%m%d%H%M%S}"})

    def close_for_good(self, mirror: Slip) -> Update:
        """일마감: a mirror whose new settlement never came becomes a refund."""
        assert mirror.original is not None
        self._end(mirror.original)
        return Update(schema.SETTLEMENTS, mirror.key, {"CNCL_GB": "1"})

    def _slip(
        self,
        visit: Visit,
        at: datetime,
        kind: Kind,
        original: Slip | None = None,
        issued: bool = True,
        calc: str = "",
        lines: Sequence[Line] | None = None,
        excess: bool = False,
    ) -> Slip:
        charged = account(
            visit.lines if lines is None else lines,
            visit.policy,
            visit.special,
            inpatient=visit.inpatient,
            excess=excess,
        )
        return Slip(
            key=self._numbers.settlement(),
            kind=kind,
            calc=calc or _calc(visit),
            visit=visit,
            at=at,
            policy=visit.policy,
            special=visit.special,
            account=charged,
            receipt=self._numbers.receipt(),
            issued=at if issued else None,
            original=original,
            until=f"{at:%Y%m%d}" if visit.inpatient else visit.day,
        )

    def _note(self, slip: Slip) -> None:
        """In the manifest: a document was handed out, in place of the one before it."""
        if slip.issued is None:
            return
        patient, original = slip.visit.patient.number, slip.original
        self._truth.issue(slip.document, patient, slip.facts())
        if original is not None and self._stands(original.document):
            self._truth.supersede(original.document, slip.document)
        if slip.kind is Kind.BILL:
            return
        facts = {"total": slip.account.total, "lines": len(slip.account.charges)}
        self._truth.issue(f"statement:{slip.key}", patient, facts)
        if original is not None and self._stands(f"statement:{original.key}"):
            self._truth.supersede(f"statement:{original.key}", f"statement:{slip.key}")

    def _end(self, slip: Slip) -> None:
        for document in (slip.document, f"statement:{slip.key}"):
            if self._stands(document):
                self._truth.withdraw(document)

    def _stands(self, document: str) -> bool:
        expected = self._truth.documents.get(document)
        return expected is not None and expected.state == "issued"


def _calc(visit: Visit) -> str:
    return "D" if visit.inpatient else visit.kind


def _paid(slip: Slip, unpaid: int) -> tuple[int, int, int]:
    """⑪: mostly by card; which means depends on the number only, so a day is the same each time."""
    paid = slip.due - min(unpaid, max(slip.due, 0))
    means = int(slip.key[-2:]) % 10
    if means == 7:
        return (0, paid, 0)
    if means == 8:
        return (0, 0, paid)
    if means == 9:
        half = paid // 2
        return (half, 0, paid - half)
    return (paid, 0, 0)
