"""Parts that several kinds of document share: patient, institution, doctor, department, period, money
columns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from records import codes
from records.labels import Always, Hideable, Label
from records.text import Adjustment, Code, DateText, Name, Text, Won

LicenceNumber = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,6}$")]
"""면허번호: up to six digits (DUR interface), kept as text."""

InstitutionNumber = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{8}$")]
"""요양기관기호: eight digits."""

BusinessNumber = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{3}-[0-9]{2}-[0-9]{5}$")]
"""사업자등록번호 as printed: 000-00-00000."""

Phone = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9+][0-9-]{2,19}$")]


def _hira_department(code: str) -> str:
    if code not in codes.DEPARTMENTS:
        raise PydanticCustomError("unknown_code", "not a HIRA department code (two digits)")
    return code


DepartmentCode = Annotated[str, AfterValidator(_hira_department)]


class Part(BaseModel):
    """Base of everything in a record: immutable, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Patient(Part):
    """Who was treated. The resident registration number is no field: none of these forms asks for it."""

    number: Annotated[Code, Hideable("환자등록번호", "Patient number", "Form 6")]
    name: Annotated[Name, Hideable("환자성명", "Patient name", "Form 6")]
    birth_date: Annotated[DateText | None, Hideable("생년월일", "Date of birth", "KR Core Patient")] = None
    sex: Annotated[
        Literal["male", "female", "other", "unknown"] | None, Hideable("성별", "Sex", "KR Core Patient")
    ] = None


class Institution(Part):
    """Who issued the document. Never hidden."""

    number: Annotated[InstitutionNumber, Always("요양기관기호", "Institution number", "HIRA")]
    type: Annotated[codes.InstitutionType, Always("요양기관 종류", "Type of institution", "Form 6")]
    name: Annotated[Name, Always("상호", "Name", "Form 6")]
    phone: Annotated[Phone | None, Always("전화번호", "Telephone", "Form 6")] = None
    address: Annotated[Text | None, Always("사업장 소재지", "Address", "Form 6")] = None
    business_number: Annotated[
        BusinessNumber | None, Always("사업자등록번호", "Business number", "Form 6")
    ] = None
    representative: Annotated[Name | None, Always("대표자", "Representative", "Form 6")] = None


class Department(Part):
    """진료과: the hospital's own name and code beside HIRA's code."""

    code: Annotated[DepartmentCode, Label("진료과목 코드", "HIRA department code", "HIRA")]
    name: Annotated[Name, Label("진료과", "Department", "A5")]
    local_code: Annotated[Code | None, Label("원내 진료과 코드", "The hospital's own code", "A10")] = None


class Doctor(Part):
    """주치의: the doctor in charge."""

    name: Annotated[Name, Label("주치의", "Doctor in charge", "A5")]
    licence_kind: Annotated[codes.LicenceKind, Label("면허종별", "Kind of licence", "KR Core")] = (
        codes.LicenceKind.DOCTOR
    )
    licence_number: Annotated[LicenceNumber | None, Label("면허번호", "Licence number", "KR Core")] = None


class Period(Part):
    """진료기간: first and last day, both included."""

    start: Annotated[DateText, Label("진료기간 시작", "First day", "Form 6")]
    end: Annotated[DateText, Label("진료기간 끝", "Last day", "Form 6")]


class Columns(Part):
    """The four money columns of Form 6 and of the itemised statement, in won."""

    patient: Annotated[
        Won, Label("일부본인부담 본인부담금 ①", "Partly covered, patient share", "Form 6 ①")
    ] = 0
    insurer: Annotated[
        Won, Label("일부본인부담 공단부담금 ②", "Partly covered, insurer share", "Form 6 ②")
    ] = 0
    full: Annotated[Won, Label("전액본인부담 ③", "Covered, paid in full by the patient", "Form 6 ③")] = 0
    uncovered: Annotated[Won, Label("비급여 ④", "Not covered", "Form 6 ④")] = 0


class Rounding(Part):
    """끝처리 조정금액: what rounding took from or added to each column.

    unit: the patient's shares are cut to a multiple of this many won; a setting of the hospital and of the
    insurance (outpatients under health insurance 100, inpatients and medical aid 10 (unconfirmed)), written
    into the record so that its arithmetic can be checked with nothing else. 1 means that nothing is cut.
    """

    unit: Annotated[Literal[1, 10, 100], Label("절사 단위", "Rounding unit in won", "")] = 1
    patient: Annotated[Adjustment, Label("본인부담금 조정", "Adjustment of the patient share", "")] = 0
    insurer: Annotated[Adjustment, Label("공단부담금 조정", "Adjustment of the insurer share", "")] = 0
    full: Annotated[Adjustment, Label("전액본인부담 조정", "Adjustment of the fully paid part", "")] = 0
    uncovered: Annotated[Adjustment, Label("비급여 조정", "Adjustment of the uncovered part", "")] = 0
