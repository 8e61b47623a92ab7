"""별지 제6호서식, 진료비 계산서·영수증: what bill and receipt have in common, and its arithmetic ① to ⑩.

Source: Rule on the standards of national health insurance benefits (국민건강보험 요양급여의 기준에 관한 규칙),
Form No. 6. The circled numbers are the form's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from records.codes import EncounterClass, FeeItem, RevenueClass
from records.errors import Problem
from records.kinds.base import Record, Rule, rule
from records.kinds.dates import period_runs_forward
from records.kinds.money import COLUMNS, add_up, rounding_problems
from records.kinds.parts import Columns, Department, Patient, Period, Rounding
from records.labels import Always, Hideable, Label, Parts
from records.text import Code, DateText, Name, SignedWon, Text, Won


class Fee(Columns):
    """One row of the form: an item and its four columns."""

    item: Annotated[FeeItem, Label("항목", "Item", "Form 6")]


class Form6(Record):
    """Fields of the form that bill and receipt share. Amounts in won."""

    number: Annotated[Code, Hideable("영수증번호(연월-일련번호)", "Number (year-month-serial)", "Form 6")]
    reissue: Annotated[
        int, Field(strict=True, ge=0, le=999), Always("재발급 차수", "Re-issue number, 0 = first", "Form 6")
    ] = 0
    encounter_class: Annotated[EncounterClass, Always("외래·입원·응급", "Class of encounter", "Form 6")]
    stay: Annotated[
        Literal["discharge", "interim"] | None, Always("퇴원·중간", "Discharge or interim", "Form 6")
    ] = None
    issued_date: Annotated[DateText, Always("발행일", "Date of issue", "Form 6")]

    patient: Annotated[Patient, Parts("환자", "Patient", "Form 6")]
    visit_date: Annotated[DateText, Hideable("진료일자", "Date of visit", "A5")]
    period: Annotated[Period, Hideable("진료기간", "Period of treatment", "Form 6")]
    night: Annotated[bool, Field(strict=True), Hideable("야간 진료", "Night", "Form 6")] = False
    holiday: Annotated[bool, Field(strict=True), Hideable("공휴일 진료", "Holiday", "Form 6")] = False
    department: Annotated[Department, Hideable("진료과", "Department", "Form 6, A5")]
    drg: Annotated[Code | None, Hideable("질병군(DRG)번호", "DRG number", "Form 6")] = None
    ward: Annotated[Name | None, Hideable("병실", "Ward", "Form 6")] = None
    patient_class: Annotated[Name, Hideable("환자구분", "Class of patient", "Form 6")]
    revenue_class: Annotated[RevenueClass, Hideable("수익구분", "Class of revenue", "A5")]
    note: Annotated[Text | None, Hideable("요양기관 임의활용공간", "Note of the institution", "Form 6")] = (
        None
    )

    rows: Annotated[
        tuple[Fee, ...],
        Field(min_length=1, max_length=len(FeeItem)),
        Hideable("항목별 금액", "Items", "Form 6"),
    ]
    rounding: Annotated[Rounding, Always("끝처리 조정금액", "Rounding adjustment", "Form 6")] = Rounding()
    totals: Annotated[Columns, Always("합계 ①②③④", "Totals of the four columns", "Form 6 ①–④")]
    ceiling_excess: Annotated[
        Won, Always("상한액 초과금 ⑤", "Excess over the annual ceiling", "Form 6 ⑤")
    ] = 0
    total: Annotated[Won, Always("진료비 총액 ⑥", "Total of treatment (총진료비)", "Form 6 ⑥, A5")]
    insurer_total: Annotated[Won, Always("공단부담 총액 ⑦", "Insurer total (공단부담액)", "Form 6 ⑦, A5")]
    patient_total: Annotated[Won, Always("환자부담 총액 ⑧", "Patient total (환자본인부담금)", "Form 6 ⑧, A5")]
    already_paid: Annotated[Won, Always("이미 납부한 금액 ⑨", "Already paid", "Form 6 ⑨")] = 0
    due: Annotated[SignedWon, Always("납부할 금액 ⑩", "Due (below zero: to be refunded)", "Form 6 ⑩")]

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @property
    def uncovered_total(self) -> int:
        """비급여액 (A5): the total of column ④, in won."""
        return self.totals.uncovered


@rule("rows")
def each_item_once(record: Form6) -> Iterator[Problem]:
    """The form has one line for each item."""
    for item, times in Counter(row.item for row in record.rows).items():
        if times > 1:
            yield Problem("rows", "duplicate_item", f"item {item} must occur once, not {times} times")


@rule("rows")
def columns_add_up(record: Form6) -> Iterator[Problem]:
    """합계: each of ① to ④ is the sum of its column and the rounding adjustment."""
    yield from add_up(record.rows, record.rounding, record.totals, "totals")


@rule("rows")
def rounding_is_as_declared(record: Form6) -> Iterator[Problem]:
    """끝처리: the patient's shares are cut to the unit, never more."""
    yield from rounding_problems(record.rows, record.rounding)


@rule()
def sums_of_the_form(record: Form6) -> Iterator[Problem]:
    """⑥ to ⑩ by the form's own formulas."""
    sums = record.totals
    excess = record.ceiling_excess
    if excess > sums.patient:
        yield Problem("ceiling_excess", "arithmetic", "⑤ cannot exceed ①")
    for path, stated, formula, expected in (
        ("total", record.total, "⑥ = ① + ② + ③ + ④", sum(getattr(sums, name) for name in COLUMNS)),
        ("insurer_total", record.insurer_total, "⑦ = ② + ⑤", sums.insurer + excess),
        (
            "patient_total",
            record.patient_total,
            "⑧ = (① − ⑤) + (③ + ④)",
            sums.patient - excess + sums.full + sums.uncovered,
        ),
        ("due", record.due, "⑩ = ⑧ − ⑨", record.patient_total - record.already_paid),
    ):
        if stated != expected:
            yield Problem(path, "arithmetic", f"{formula} does not hold")


@rule()
def stay_goes_with_inpatients(record: Form6) -> Iterator[Problem]:
    """퇴원 and 중간 are boxes of the inpatient form only, and one of them is ticked."""
    if (record.stay is not None) != (record.encounter_class is EncounterClass.INPATIENT):
        yield Problem("stay", "stay", "discharge or interim is given for inpatients, and for them only")


@rule()
def foot_is_filled(record: Form6) -> Iterator[Problem]:
    """The form's foot names the institution fully."""
    for name in ("business_number", "phone", "address", "representative"):
        if getattr(record.institution, name) is None:
            yield Problem(f"institution.{name}", "missing", "Form 6 requires it")


FORM6_RULES = (
    each_item_once,
    columns_add_up,
    rounding_is_as_declared,
    sums_of_the_form,
    stay_goes_with_inpatients,
    foot_is_filled,
    period_runs_forward,
)
