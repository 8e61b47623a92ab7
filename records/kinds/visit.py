"""진료이력: that a patient was seen, when, where and by whom (A5; a FHIR Encounter)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from records.codes import EncounterClass, Insurance
from records.errors import Problem
from records.kinds.base import Kind, Receiver, Record, Rule, rule
from records.kinds.dates import period_runs_forward
from records.kinds.parts import Department, Doctor, Patient, Period
from records.labels import Always, Hideable, Label, Parts
from records.text import Code, MomentText, Name


@rule("period")
def inpatients_have_a_period(record: Visit) -> Iterator[Problem]:
    """입원: a stay has a first day; it may have no end yet only as an outpatient or emergency visit."""
    if record.encounter_class is EncounterClass.INPATIENT and record.period is None:
        yield Problem("period", "missing", "an inpatient visit states admission and discharge")


class Visit(Record):
    """진료이력."""

    RULES: ClassVar[tuple[Rule, ...]] = (inpatients_have_a_period, period_runs_forward)

    encounter_class: Annotated[EncounterClass, Always("외래·입원·응급", "Class of encounter", "A5")]
    number: Annotated[Code | None, Hideable("내원번호", "Visit number", "")] = None
    patient: Annotated[Patient, Parts("환자", "Patient", "A5")]
    visit_date: Annotated[MomentText, Hideable("진료일자", "Date of visit", "A5")]
    period: Annotated[Period | None, Hideable("입원기간", "Admission and discharge", "KR Core Encounter")] = (
        None
    )
    department: Annotated[Department, Hideable("진료과", "Department", "A5")]
    doctor: Annotated[Doctor, Hideable("주치의", "Doctor in charge", "A5")]
    insurance: Annotated[Insurance, Hideable("보험유형", "Kind of insurance", "A5")]
    patient_class: Annotated[Name | None, Hideable("환자구분", "Class of patient", "Form 6")] = None


VISIT = Kind(
    name="visit",
    version=1,
    title=Label("진료이력", "Visit", "A5"),
    model=Visit,
    fhir="Encounter",
    must_see={
        Receiver.INSURER: frozenset({"patient.name", "visit_date", "department"}),
        Receiver.CERTIFICATE_RECEIVER: frozenset({"patient.name", "visit_date"}),
        Receiver.HOSPITAL: frozenset(
            {"patient.name", "patient.birth_date", "visit_date", "department", "doctor"}
        ),
        Receiver.PHARMACY: frozenset({"patient.name", "visit_date"}),
    },
    decoys={},
)
