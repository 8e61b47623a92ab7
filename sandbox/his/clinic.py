"""The clinical side of a visit: who comes, what is diagnosed, what is ordered."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

from sandbox.his import catalog, schema
from sandbox.his.calendar import night_code
from sandbox.his.catalog import Cover, Fee
from sandbox.his.events import Insert, Numbers, Write
from sandbox.his.money import AID_1, AID_2, CAR, HEALTH, INDUSTRIAL, NIGHT_PERCENT, NONE, Line, Policy
from sandbox.his.people import DoctorEntry, doctors, patient
from sandbox.his.slips import Visit
from sandbox.his.truth import Truth

_DOCTORS: Final = doctors()
_OUTPATIENT_DOCTORS: Final = [each for each in _DOCTORS if each.department is not catalog.EMERGENCY]
_EMERGENCY_DOCTORS: Final = [each for each in _DOCTORS if each.department is catalog.EMERGENCY]
_POLICIES: Final = (HEALTH, AID_1, AID_2, INDUSTRIAL, CAR, NONE)
_POLICY_WEIGHTS: Final = (84, 5, 4, 1, 2, 4)
_WARDS: Final = ("51병동 501호", "51병동 502호", "62병동 611호", "62병동 612호")


class Clinic:
    """Makes visits for one day. items: a fixed number of priced items for every settlement, or None."""

    def __init__(
        self, rng: Random, numbers: Numbers, truth: Truth, population: int, items: int | None
    ) -> None:
        self._rng = rng
        self._numbers = numbers
        self._truth = truth
        self._population = population
        self._items = items

    def outpatient(self, at: datetime) -> Visit:
        """외래."""
        visit = self._visit("O", at, self._rng.choice(_OUTPATIENT_DOCTORS))
        first = self._rng.random() < 0.2
        consultation = catalog.FIRST_VISIT if first else catalog.RETURN_VISIT
        fees: list[Fee] = [consultation]
        fees += self._some(catalog.OUTPATIENT, 0, 5)
        if self._rng.random() < 0.12:
            fees.append(self._rng.choice(catalog.IMAGING))
        if self._rng.random() < 0.08:
            fees.append(self._rng.choice(catalog.UNCOVERED))
        visit.lines = self._lines(fees, visit)
        return visit

    def emergency(self, at: datetime) -> Visit:
        """응급."""
        visit = self._visit("E", at, self._rng.choice(_EMERGENCY_DOCTORS))
        fees = [catalog.FIRST_VISIT, catalog.EMERGENCY_CARE, *self._some(catalog.OUTPATIENT, 2, 6)]
        if self._rng.random() < 0.4:
            fees.append(self._rng.choice(catalog.IMAGING))
        visit.lines = self._lines(fees, visit)
        return visit

    def inpatient(self, at: datetime) -> Visit:
        """입원: admitted some days before `at`, when it is settled."""
        stay = self._rng.randint(2, 9)
        admitted = at - timedelta(days=stay)
        visit = self._visit("I", admitted, self._rng.choice(_OUTPATIENT_DOCTORS))
        visit.night = None
        visit.ward = self._rng.choice(_WARDS)
        lines: list[Line] = []
        room = self._rng.choice(catalog.WARD_DAY)
        lines.append(_line(room, visit.day, days=stay))
        lines.append(_line(catalog.MEAL, visit.day, qty=3, days=stay))
        for number, fee in enumerate(self._some(catalog.INPATIENT, 6, 16)):
            ordered = f"{admitted + timedelta(days=number % stay):%Y%m%d}"
            drug = fee.row == "07"
            lines.append(_line(fee, ordered, qty=3 if drug else 1, days=stay if drug else 1))
        visit.lines = self._padded(lines, visit)
        return visit

    def record(self, visit: Visit, done: datetime, *, documented: bool = True) -> list[Write]:
        """The finished visit with its diagnoses and orders; `documented` puts it into the manifest."""
        state = "D" if visit.inpatient else "F"
        if visit.inpatient:
            visit.until = f"{done:%Y%m%d}"
        writes: list[Write] = [visit_row(visit, state, done)]
        seen = catalog.DISEASES[visit.doctor.department.sees]
        found = self._rng.sample(seen, self._rng.randint(1, min(3, len(seen))))
        for number, disease in enumerate(found, 1):
            main = "Y" if number == 1 else "N"
            sure = "1" if number == 1 or self._rng.random() < 0.7 else "2"
            row = (visit.number, number, disease.code, disease.name, main, sure, visit.day)
            writes.append(Insert(schema.DIAGNOSES, row))
        for number, line in enumerate(visit.lines, 1):
            order = (
                visit.number,
                number,
                line.date,
                line.code,
                line.qty,
                line.days,
                visit.doctor.number,
                "N",
            )
            writes.append(Insert(schema.ORDERS, order))
        if documented:
            codes = [disease.code for disease in found]
            note_visit(self._truth, visit)
            facts = {"codes": codes}
            self._truth.issue(f"diagnosis:{visit.number}", visit.patient.number, facts)
        return writes

    def _visit(self, kind: str, at: datetime, doctor: DoctorEntry) -> Visit:
        policy = self._rng.choices(_POLICIES, _POLICY_WEIGHTS)[0]
        special = None
        if policy is HEALTH and self._rng.random() < 0.06:
            special = self._rng.choice(("S05", "S10"))
        who = patient(self._rng.randint(1, self._population))
        return Visit(self._numbers.visit(), who, kind, at, doctor, policy, special, night_code(at))

    def _some(self, fees: tuple[Fee, ...], least: int, most: int) -> list[Fee]:
        return self._rng.sample(fees, self._rng.randint(least, most))

    def _lines(self, fees: list[Fee], visit: Visit) -> list[Line]:
        lines = [_line(fee, visit.day, days=5 if fee.code == "650100021" else 1) for fee in fees]
        if visit.night and lines:
            surcharge = lines[0].price * NIGHT_PERCENT // 100
            lines.append(_line(catalog.NIGHT_SURCHARGE, visit.day)._replace(price=surcharge))
        return self._padded(lines, visit)

    def _padded(self, lines: list[Line], visit: Visit) -> list[Line]:
        """Exactly as many lines as asked for: cut, or filled up with the hospital's own tests."""
        if self._items is None:
            return lines
        spare = catalog.INPATIENT
        while len(lines) < self._items:
            lines.append(_line(spare[len(lines) % len(spare)], visit.day))
        return lines[: self._items]


def _line(fee: Fee, date: str, *, qty: int = 1, days: int = 1) -> Line:
    return Line(fee.row, date, fee.code, fee.name, Cover(fee.cover), fee.price, qty, days)


def visit_row(visit: Visit, state: str, done: datetime | None) -> Insert:
    """The visit's row. state: R registered, A in the ward, F done, D discharged, X cancelled."""
    values = (
        visit.number,
        visit.patient.number,
        visit.kind,
        visit.day,
        f"{visit.at:%H%M%S}",
        visit.until,
        visit.doctor.department.code,
        visit.doctor.number,
        visit.policy.code,
        visit.special,
        visit.ward,
        state,
        f"{done:%Y%m%d%H%M%S}" if done else None,
    )
    return Insert(schema.VISITS, values)


def note_visit(truth: Truth, visit: Visit) -> None:
    """In the manifest: the visit as it now is."""
    facts = {"department": visit.doctor.department.hira, "patient_class": visit.policy.name}
    truth.issue(f"visit:{visit.number}", visit.patient.number, facts)


def insurance_changed(truth: Truth, visit: Visit, policy: Policy) -> tuple[str, dict[str, str]]:
    """The visit's insurance is corrected in place: key and changes of its row."""
    visit.policy = policy
    note_visit(truth, visit)
    return visit.number, {"INSU_GB": policy.code}
