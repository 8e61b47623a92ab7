"""Plainly synthetic people: doctors 샘플의사01…, patients 환자0001…, each a pure function of its index.

The resident number of a patient can be nobody's: its century digit (9 or 0) means a birth before 1900 while the
birth date says otherwise, its check digit is wrong on purpose, and the row is marked as a test number.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from sandbox.his.catalog import DEPARTMENTS, EMERGENCY, DepartmentEntry

DOCTORS_PER_DEPARTMENT = 3
_CHECK_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_OLDEST = date(1930, 1, 1)
_BIRTH_SPAN = (date(2024, 12, 31) - _OLDEST).days
_STRIDE = 7919  # a prime larger than the table of anything else, so neighbours in the list differ in age


class DoctorEntry(NamedTuple):
    """의사: staff number, name, licence number (six digits, none of them issued to anybody we know)."""

    number: str
    name: str
    licence: str
    department: DepartmentEntry


class PatientEntry(NamedTuple):
    """환자: registration number, name, birth date, sex (M/F) and the marked test resident number."""

    number: str
    name: str
    birth: date
    sex: str
    resident: str


def doctors() -> list[DoctorEntry]:
    """Every doctor of the hospital, in a fixed order."""
    entries: list[DoctorEntry] = []
    for department in (*DEPARTMENTS, EMERGENCY):
        for _ in range(DOCTORS_PER_DEPARTMENT):
            serial = len(entries) + 1
            entries.append(
                DoctorEntry(f"D{serial:04d}", f"샘플의사{serial:02d}", f"9{serial:05d}", department)
            )
    return entries


def patient(index: int) -> PatientEntry:
    """The patient of this index (from 1). The same for every seed: a hospital's patients do not change by day."""
    birth = _OLDEST + timedelta(days=index * _STRIDE % _BIRTH_SPAN)
    sex = "F" if index % 2 else "M"
    return PatientEntry(
        f"{10_000_000 + index}", f"환자{index:04d}", birth, sex, test_resident_number(birth, sex, index)
    )


def test_resident_number(birth: date, sex: str, index: int) -> str:
    """Thirteen digits shaped like a resident registration number that can not be one (see the module)."""
    body = f"{birth:%y%m%d}{'0' if sex == 'F' else '9'}{index % 100_000:05d}"
    return body + str((check_digit(body) + 1) % 10)


def check_digit(body: str) -> int:
    """The check digit that the first twelve digits of a resident number of the old scheme would have."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _CHECK_WEIGHTS, strict=True))
    return (11 - total % 11) % 10


def age_on(birth: date, day: date) -> int:
    """Completed years of life on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
