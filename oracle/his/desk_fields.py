"""What a desk can be asked, and which fields the rows of each answer have.

The names are those of `desk_shapes`, flattened; `patient_number` says whose a row is, which the oracle compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from oracle.his.fields import FORM_ROW, PATIENT, Field, Type


class Question(StrEnum):
    """What can be asked of a hospital system, as mapping files name it."""

    PATIENT = "patient"
    """{number}"""
    BORN = "born"
    """{birth_date}"""
    MERGED = "merged"
    """{number}: which number it was merged into."""
    REGISTER = "register"
    """{request} {name} {birth_date} {sex}: a new number; asked again, the same."""
    SESSIONS = "sessions"
    """{department} {doctor} {from} {until}"""
    APPOINTMENTS = "appointments"
    """{number} {from} {until}"""
    RESULTS = "results"
    """{number} {from} {until}"""
    BILLS = "bills"
    """{number}"""


class Rows(NamedTuple):
    """The fields of a question's rows. detail: the name of nested rows, of fields of their own."""

    fields: Mapping[str, Field]
    detail: str | None = None
    details: Mapping[str, Field] = {}


_TEXT: Final = Field(Type.TEXT)
_TEXT_OR_NOT: Final = Field(Type.TEXT, required=False, nullable=True)
_LONG: Final = Field(Type.TEXT, longest=2_000)
_LONG_OR_NOT: Final = Field(Type.TEXT, required=False, nullable=True, longest=2_000)
_WON: Final = Field(Type.WON)
_MOMENT: Final = Field(Type.MOMENT)

_PERSON: Final = {"number": _TEXT, **PATIENT}
_PLACE: Final = {
    "department": _TEXT,
    "department_name": _TEXT,
    "doctor": _TEXT_OR_NOT,
    "doctor_name": _TEXT_OR_NOT,
}

ROWS: Final[Mapping[Question, Rows]] = {
    Question.PATIENT: Rows(_PERSON),
    Question.BORN: Rows(_PERSON),
    Question.REGISTER: Rows(_PERSON),
    Question.MERGED: Rows({"number": _TEXT, "surviving": _TEXT}),
    Question.SESSIONS: Rows(
        {
            **_PLACE,
            "id": _TEXT,
            "start": _MOMENT,
            "end": _MOMENT,
            "state": Field(Type.CODE, allowed=("open", "closed")),
            "total": _WON,
        },
        "slots",
        {"at": _MOMENT, "free": _WON},
    ),
    Question.APPOINTMENTS: Rows(
        {
            **_PLACE,
            "id": _TEXT,
            "patient_number": _TEXT,
            "session": _TEXT_OR_NOT,
            "at": _MOMENT,
            "state": Field(Type.CODE, allowed=("booked", "arrived", "done", "cancelled", "no-show")),
            "preparation": _LONG_OR_NOT,
        }
    ),
    Question.RESULTS: Rows(
        {
            "id": _TEXT,
            "patient_number": _TEXT,
            "code": _TEXT,
            "name": _TEXT,
            "visit": _TEXT_OR_NOT,
            "taken": Field(Type.MOMENT, required=False, nullable=True),
            "released": Field(Type.MOMENT, nullable=True),
            "rule": Field(Type.CODE, allowed=("at-once", "after-visit", "by-doctor")),
        },
        "values",
        {
            "code": _TEXT_OR_NOT,
            "name": _TEXT,
            "value": _LONG,
            "unit": _TEXT_OR_NOT,
            "range": _TEXT_OR_NOT,
            "flag": Field(
                Type.CODE,
                required=False,
                nullable=True,
                allowed=("normal", "low", "high", "critical-low", "critical-high", "abnormal", None),
            ),
        },
    ),
    Question.BILLS: Rows(
        {
            "id": _TEXT,
            "version": _TEXT,
            "patient_number": _TEXT,
            "visit": _TEXT,
            "visit_date": Field(Type.DAY),
            "made": _MOMENT,
            "department": _TEXT,
            "department_name": _TEXT,
            "state": Field(Type.CODE, allowed=("open", "changing", "settled", "cancelled")),
            **dict.fromkeys(
                (
                    "patient",
                    "insurer",
                    "full",
                    "uncovered",
                    "total",
                    "patient_total",
                    "already_paid",
                    "due",
                    "paid",
                ),
                _WON,
            ),
        },
        "items",
        FORM_ROW,
    ),
}
