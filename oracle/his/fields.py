"""Which fields a mapping may give columns to, of which type, and which of them must have one.

The names are those of the records, flattened; `oracle.his.payload` makes documents of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from oracle.his.settlement import RowKind
from records.codes import CodeList, Coverage, EncounterClass, FeeItem, Insurance, LicenceKind, RevenueClass
from records.kinds.diagnosis import Certainty, Rank


class Type(Enum):
    """What a column holds."""

    TEXT = auto()
    WON = auto()
    QUANTITY = auto()
    DAY = auto()
    WHEN = auto()
    MOMENT = auto()
    CODE = auto()
    """A code of the hospital that `values` translates."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its type, whether a mapping must name a column for it, whether a row may leave it empty."""

    type: Type
    required: bool = True
    nullable: bool = False
    longest: int = 100
    allowed: tuple[Any, ...] = ()
    """For CODE: the values a mapping may translate to."""


_TEXT = Field(Type.TEXT)
_TEXT_OR_NOT = Field(Type.TEXT, required=False, nullable=True)
_LONG_TEXT = Field(Type.TEXT, longest=300)
_WON = Field(Type.WON)
_WON_OR_NOT = Field(Type.WON, required=False, nullable=True)
_DAY = Field(Type.DAY)
_YES_NO = (True, False)

_PERSON_AND_PLACE: Final = {
    "patient_number": _TEXT,
    "patient_name": _TEXT,
    "patient_birth_date": Field(Type.DAY, required=False, nullable=True),
    "patient_sex": Field(
        Type.CODE, required=False, nullable=True, allowed=("male", "female", "other", "unknown")
    ),
    "department_code": _TEXT,
    "department_name": _TEXT,
    "department_local_code": _TEXT_OR_NOT,
    "encounter_class": Field(Type.CODE, allowed=tuple(EncounterClass)),
}

VISIT: Final[Mapping[str, Field]] = {
    **_PERSON_AND_PLACE,
    "number": _TEXT,
    "state": Field(Type.CODE, allowed=("open", "done", "cancelled")),
    "visit_date": Field(Type.WHEN),
    "discharge_date": Field(Type.DAY, required=False, nullable=True),
    "doctor_name": _TEXT,
    "doctor_licence_kind": Field(Type.CODE, required=False, nullable=True, allowed=tuple(LicenceKind)),
    "doctor_licence_number": _TEXT_OR_NOT,
    "insurance": Field(Type.CODE, allowed=tuple(Insurance)),
    "patient_class": Field(Type.CODE, required=False, nullable=True),
}
"""진료이력: one row for each visit. `state`: open (not yet a document), done, cancelled."""

DIAGNOSIS: Final[Mapping[str, Field]] = {
    "code": _TEXT,
    "name": _LONG_TEXT,
    "rank": Field(Type.CODE, allowed=tuple(Rank)),
    "certainty": Field(Type.CODE, allowed=tuple(Certainty)),
}
"""진단내역: rows of a visit."""

SETTLEMENT: Final[Mapping[str, Field]] = {
    **_PERSON_AND_PLACE,
    "kind": Field(Type.CODE, allowed=tuple(RowKind)),
    "made_at": Field(Type.MOMENT),
    "issued_at": Field(Type.MOMENT, nullable=True),
    "original": Field(Type.TEXT, nullable=True),
    "original_date": Field(Type.DAY, required=False, nullable=True),
    "resettles": Field(Type.CODE, required=False, nullable=True, allowed=_YES_NO),
    "number": Field(Type.TEXT, nullable=True),
    "settled_date": _DAY,
    "visit_date": _DAY,
    "period_start": _DAY,
    "period_end": _DAY,
    "stay": Field(Type.CODE, required=False, nullable=True, allowed=("interim", "discharge", None)),
    "night": Field(Type.CODE, required=False, nullable=True, allowed=_YES_NO),
    "holiday": Field(Type.CODE, required=False, nullable=True, allowed=_YES_NO),
    "drg": _TEXT_OR_NOT,
    "ward": _TEXT_OR_NOT,
    "patient_class": Field(Type.CODE),
    "revenue_class": Field(Type.CODE, required=False, nullable=True, allowed=tuple(RevenueClass)),
    "note": Field(Type.TEXT, required=False, nullable=True, longest=300),
    "totals_patient": _WON,
    "totals_insurer": _WON,
    "totals_full": _WON,
    "totals_uncovered": _WON,
    "ceiling_excess": _WON,
    "total": _WON,
    "insurer_total": _WON,
    "patient_total": _WON,
    "already_paid": _WON,
    "due": _WON,
    "paid_card": _WON,
    "paid_cash_receipt": _WON,
    "paid_cash": _WON,
    "rounding_unit": _WON_OR_NOT,
    "rounding_patient": _WON_OR_NOT,
    "rounding_insurer": _WON_OR_NOT,
    "rounding_full": _WON_OR_NOT,
    "rounding_uncovered": _WON_OR_NOT,
}
"""수납: one row for each act of the cashier. `made_at`: when the row was made; `issued_at`: when the document was
handed to the patient, empty before that."""

FORM_ROW: Final[Mapping[str, Field]] = {
    "item": Field(Type.CODE, allowed=tuple(FeeItem)),
    "patient": _WON,
    "insurer": _WON,
    "full": _WON,
    "uncovered": _WON,
}
"""항목별 금액: rows of Form 6."""

LINE: Final[Mapping[str, Field]] = {
    "item": Field(Type.CODE),
    "item_number": _TEXT_OR_NOT,
    "sub_item_number": _TEXT_OR_NOT,
    "date": _DAY,
    "code": _TEXT,
    "code_list": Field(Type.CODE, allowed=tuple(CodeList)),
    "name": _TEXT,
    "unit_price": _WON,
    "dose": Field(Type.QUANTITY, required=False, nullable=True),
    "times": Field(Type.QUANTITY, required=False, nullable=True),
    "days": _WON_OR_NOT,
    "amount": _WON,
    "coverage": Field(Type.CODE, allowed=tuple(Coverage)),
    "patient": _WON,
    "insurer": _WON,
    "full": _WON,
    "uncovered": _WON,
}
"""세부산정내역: its lines."""

PATIENT: Final[Mapping[str, Field]] = {
    "name": _TEXT,
    "birth_date": Field(Type.DAY, nullable=True),
    "sex": Field(Type.CODE, nullable=True, allowed=("male", "female", "other", "unknown")),
}
"""등록환자: one row for each registration number, for those who are asked who somebody is."""

AMOUNTS: Final = (
    "totals_patient",
    "totals_insurer",
    "totals_full",
    "totals_uncovered",
    "total",
    "patient_total",
)
"""What a mirror must repeat with minus."""
