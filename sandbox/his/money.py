"""How the synthetic hospital computes what is owed: shares, rows of Form 6, rounding, ① to ⑩.

The rates are illustrative (unconfirmed); what matters is that they differ by insurance and that every amount adds
up. Written apart from `records`, whose arithmetic checks are the judge of what comes out of here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sandbox.his.catalog import OWN_PREFIX, Cover

NIGHT_PERCENT: Final = 30
"""야간·공휴 가산 on the consultation, in percent (unconfirmed)."""

MEAL_ROW: Final = "05"
_MEAL_PERCENT: Final = 50


class Policy(NamedTuple):
    """보험유형: patient's percentage as outpatient, emergency and inpatient; rounding units in won.

    percent None: no insurance, the patient pays covered items in full (③).
    """

    code: str
    name: str
    outpatient: int | None
    inpatient: int | None
    outpatient_unit: int
    inpatient_unit: int


HEALTH: Final = Policy("10", "건강보험", 50, 20, 100, 10)
AID_1: Final = Policy("21", "의료급여1종", 5, 0, 10, 10)
AID_2: Final = Policy("22", "의료급여2종", 15, 10, 10, 10)
INDUSTRIAL: Final = Policy("31", "산재", 0, 0, 10, 10)
CAR: Final = Policy("41", "자동차보험", 0, 0, 10, 10)
NONE: Final = Policy("50", "일반", None, None, 10, 10)
POLICIES: Final = {policy.code: policy for policy in (HEALTH, AID_1, AID_2, INDUSTRIAL, CAR, NONE)}

SPECIAL: Final = {"S05": 5, "S10": 10}
"""산정특례 as this hospital codes it: the patient's percentage instead of the usual one."""


class Line(NamedTuple):
    """One priced item as ordered: `qty` times a day for `days` days. row: the hospital's number of the Form 6 row."""

    row: str
    date: str
    code: str
    name: str
    cover: Cover
    price: int
    qty: int
    days: int

    @property
    def list_code(self) -> str:
        """코드구분: 1 fee, 3 drug, 9 the hospital's own."""
        if self.code.startswith(OWN_PREFIX):
            return "9"
        return "3" if self.code.isdigit() else "1"


class Shares(NamedTuple):
    """① patient, ② insurer, ③ in full, ④ not covered; won."""

    patient: int
    insurer: int
    full: int
    uncovered: int

    @property
    def total(self) -> int:
        """⑥ of these."""
        return sum(self)


class Charge(NamedTuple):
    """A line with its amount, its shares and the coverage that was applied."""

    line: Line
    cover: Cover
    amount: int
    shares: Shares


class Account(NamedTuple):
    """What Form 6 says: rows, totals ① to ④ after rounding, what was cut from ①, ⑤."""

    charges: list[Charge]
    rows: dict[str, Shares]
    totals: Shares
    unit: int
    cut: int
    excess: int

    @property
    def total(self) -> int:
        """⑥."""
        return self.totals.total

    @property
    def insurer_total(self) -> int:
        """⑦ = ② + ⑤."""
        return self.totals.insurer + self.excess

    @property
    def patient_total(self) -> int:
        """⑧ = (① − ⑤) + ③ + ④."""
        return self.totals.patient - self.excess + self.totals.full + self.totals.uncovered


def account(
    lines: Sequence[Line], policy: Policy, special: str | None, *, inpatient: bool, excess: bool = False
) -> Account:
    """Charge these lines. excess: the patient has reached the year's ceiling, so half of ① is beyond it."""
    percent = policy.inpatient if inpatient else policy.outpatient
    if percent is not None and special is not None:
        percent = min(percent, SPECIAL[special])
    charges = [_charge(line, percent, policy) for line in lines]
    rows: dict[str, Shares] = {}
    for charge in charges:
        before = rows.get(charge.line.row)
        rows[charge.line.row] = charge.shares if before is None else add(before, charge.shares)
    sums = total_of(rows.values())
    unit = policy.inpatient_unit if inpatient else policy.outpatient_unit
    cut = -(sums.patient % unit)
    # what is cut from the patient's share is borne by the insurer, so that ⑥ stays the sum of the items
    totals = sums._replace(patient=sums.patient + cut, insurer=sums.insurer - cut)
    return Account(charges, rows, totals, unit, cut, totals.patient // 2 if excess else 0)


def _charge(line: Line, percent: int | None, policy: Policy) -> Charge:
    amount = line.price * line.qty * line.days
    if line.cover is Cover.NONE:
        return Charge(line, Cover.NONE, amount, Shares(0, 0, 0, amount))
    if line.cover is Cover.FULL or percent is None:
        return Charge(line, Cover.FULL, amount, Shares(0, 0, amount, 0))
    if line.row == MEAL_ROW and policy is HEALTH:
        percent = _MEAL_PERCENT
    patient = amount * percent // 100
    return Charge(line, Cover.PARTLY, amount, Shares(patient, amount - patient, 0, 0))


def add(one: Shares, other: Shares) -> Shares:
    """Sum of two."""
    return Shares(
        one.patient + other.patient,
        one.insurer + other.insurer,
        one.full + other.full,
        one.uncovered + other.uncovered,
    )


def total_of(many: Iterable[Shares]) -> Shares:
    """Sum of all."""
    result = Shares(0, 0, 0, 0)
    for each in many:
        result = add(result, each)
    return result
