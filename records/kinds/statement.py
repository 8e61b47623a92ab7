"""진료비 세부산정내역: every act, drug and material with its price, in the form's twelve columns.

Source: notice on the form of the itemised statement (진료비 세부산정내역 서식 등에 관한 기준), Form No. 1.
Item and sub-item numbers (항, 목), code and dose come from the EDI claim record; they are optional where
the view lacks them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from records.codes import EDI_FORMS, CodeList, Coverage, EncounterClass, RevenueClass
from records.errors import Problem
from records.kinds.base import Kind, Receiver, Record, Rule, rule
from records.kinds.dates import period_runs_forward
from records.kinds.money import add_up, column_sum, rounding_problems
from records.kinds.parts import Columns, Department, Part, Patient, Period, Rounding
from records.labels import Always, Hideable, Label, Parts
from records.text import Code, Count, DateText, Name, Quantity, Text, Won

ItemNumber = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9A-Z][0-9A-Z]?$")]
"""항 or 목 of the claim record: one or two characters, ``01`` consultation to ``10`` imaging, ``S``
equipment."""


class Line(Columns):
    """One line of the statement: twelve columns, plus what the claim record knows about it."""

    item: Annotated[Name, Label("항목", "Item", "Statement 1")]
    item_number: Annotated[ItemNumber | None, Label("항", "Item number", "EDI 072")] = None
    sub_item_number: Annotated[ItemNumber | None, Label("목", "Sub-item number", "EDI 072")] = None
    date: Annotated[DateText, Label("일자", "Date", "Statement 2")]
    code: Annotated[Code, Label("코드", "Code (수가코드)", "Statement 3, A5")]
    code_list: Annotated[CodeList, Label("코드구분", "List of the code", "EDI 072")]
    name: Annotated[Name, Label("명칭", "Name", "Statement 4")]
    unit_price: Annotated[Won, Label("금액", "Unit price (단가)", "Statement 5, A5")]
    dose: Annotated[Quantity, Label("1회 투약량", "Dose per time", "EDI 072")] = "1"
    times: Annotated[Quantity, Label("횟수", "Times", "Statement 6")] = "1"
    days: Annotated[Count, Label("일수", "Days", "Statement 7")] = 1
    amount: Annotated[Won, Label("총액", "Amount", "Statement 8")]
    coverage: Annotated[Coverage, Label("급여구분", "Coverage", "A5")]


class Applicant(Part):
    """신청인: who asked for the statement, and how they are related to the patient."""

    name: Annotated[Name, Label("신청인", "Applicant", "Statement")]
    relation: Annotated[Name, Label("환자와의 관계", "Relation to the patient", "Statement")]


class StatementTotals(Columns):
    """계 or 합계: the four columns and their sum, in won."""

    amount: Annotated[Won, Label("총액", "Amount", "Statement")]


_SHARES = {
    Coverage.COVERED: ("patient", "insurer"),
    Coverage.SELECTIVE: ("patient", "insurer"),
    Coverage.FULL: ("full",),
    Coverage.UNCOVERED: ("uncovered",),
}


@rule("lines")
def lines_hold(record: Statement) -> Iterator[Problem]:
    """Each line: price × dose × times × days, shares that add up, the columns of its coverage, a code of
    its list."""
    for index, line in enumerate(record.lines):
        for field, code, message in _line_problems(line):
            yield Problem(f"lines.{index}.{field}", code, message)


def _line_problems(line: Line) -> Iterator[tuple[str, str, str]]:
    product = line.unit_price * Decimal(line.dose) * Decimal(line.times) * line.days
    if abs(line.amount - product) >= 1:
        # hospitals cut or round a fraction of a won (unconfirmed which): either whole won beside it is right
        yield "amount", "arithmetic", "amount = unit price × dose × times × days does not hold"
    if line.amount != line.patient + line.insurer + line.full + line.uncovered:
        yield "amount", "arithmetic", "amount = ① + ② + ③ + ④ does not hold"
    for column in ("patient", "insurer", "full", "uncovered"):
        if getattr(line, column) and column not in _SHARES[line.coverage]:
            yield column, "coverage", f"must be 0 on a line whose coverage is {line.coverage}"
    form = EDI_FORMS.get(line.code_list)
    if form is not None and not form.fullmatch(line.code):
        yield "code", "code_format", f"not the form of a {line.code_list} code"


@rule("lines")
def subtotal_adds_up(record: Statement) -> Iterator[Problem]:
    """계: the sum of every column."""
    yield from add_up(record.lines, Rounding(), record.subtotal, "subtotal")
    if record.subtotal.amount != column_sum(record.lines, "amount"):
        yield Problem("subtotal.amount", "arithmetic", "must equal the sum of the amounts")


@rule()
def totals_add_up(record: Statement) -> Iterator[Problem]:
    """합계 = 계 + 끝처리 조정금액, in each column and across."""
    yield from add_up([record.subtotal], record.rounding, record.totals, "totals")
    yield from rounding_problems([record.subtotal], record.rounding)
    for path, sums in (("subtotal.amount", record.subtotal), ("totals.amount", record.totals)):
        if sums.amount != sums.patient + sums.insurer + sums.full + sums.uncovered:
            yield Problem(path, "arithmetic", "amount = ① + ② + ③ + ④ does not hold")


class Statement(Record):
    """진료비 세부산정내역. Amounts in won."""

    RULES: ClassVar[tuple[Rule, ...]] = (lines_hold, subtotal_adds_up, totals_add_up, period_runs_forward)

    encounter_class: Annotated[EncounterClass, Always("외래·입원·응급", "Class of encounter", "A5")]
    issued_date: Annotated[DateText, Always("발급일", "Date of issue", "Statement")]
    receipt_number: Annotated[
        Code | None, Hideable("영수증번호", "Number of the receipt it explains", "")
    ] = None
    patient: Annotated[Patient, Parts("환자", "Patient", "Statement")]
    visit_date: Annotated[DateText, Hideable("진료일자", "Date of visit", "A5")]
    period: Annotated[Period, Hideable("진료기간", "Period of treatment", "Statement")]
    department: Annotated[Department, Hideable("진료과", "Department", "A5")]
    ward: Annotated[Name | None, Hideable("병실", "Ward", "Statement")] = None
    patient_class: Annotated[Name, Hideable("환자구분", "Class of patient", "Statement")]
    revenue_class: Annotated[RevenueClass, Hideable("수익구분", "Class of revenue", "A5")]
    remark: Annotated[Text | None, Hideable("비고", "Remark", "Statement")] = None
    applicant: Annotated[Applicant | None, Hideable("신청인", "Applicant", "Statement")] = None

    lines: Annotated[
        tuple[Line, ...], Field(min_length=1, max_length=2000), Hideable("세부내역", "Lines", "Statement")
    ]
    subtotal: Annotated[StatementTotals, Always("계", "Sum of the lines", "Statement")]
    rounding: Annotated[Rounding, Always("끝처리 조정금액", "Rounding adjustment", "Statement")] = Rounding()
    totals: Annotated[StatementTotals, Always("합계", "Totals", "Statement")]


STATEMENT = Kind(
    name="statement",
    version=1,
    title=Label(
        "진료비 세부산정내역", "Itemised statement of treatment", "Notice on itemised statements, Form 1"
    ),
    model=Statement,
    fhir="ChargeItem",
    must_see={
        Receiver.INSURER: frozenset(
            {"patient.name", "visit_date", "period", "department", "patient_class", "lines"}
        ),
        Receiver.CERTIFICATE_RECEIVER: frozenset({"patient.name"}),
        Receiver.HOSPITAL: frozenset({"patient.name", "visit_date"}),
        Receiver.PHARMACY: frozenset(),
    },
    decoys={},
)
