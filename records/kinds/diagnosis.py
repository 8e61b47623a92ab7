"""진단내역: what was diagnosed at a visit (A5; FHIR Conditions).

How many diagnoses there are tells something by itself, so their digests are padded with decoys.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from records.codes import KCD_FORM, EncounterClass, dotted_kcd
from records.errors import Problem
from records.kinds.base import Kind, Receiver, Record, Rule, rule
from records.kinds.parts import Department, Doctor, Part, Patient
from records.labels import Always, Hideable, Label, Parts
from records.text import MomentText, Text


def _kcd(value: str) -> str:
    if not KCD_FORM.fullmatch(value):
        raise PydanticCustomError("code_format", "a KCD code is a letter, two digits and up to three more")
    return dotted_kcd(value)


KcdCode = Annotated[str, Field(strict=True), AfterValidator(_kcd)]
"""진단코드 (KCD-8). Taken with or without its dot, kept with it as documents print it; `codes.claim_kcd`
removes it."""


class Rank(StrEnum):
    """주상병 or 부상병."""

    MAIN = "main"
    SUB = "sub"


class Certainty(StrEnum):
    """확정 or 의증 (임상적 추정)."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"


class Diagnosis(Part):
    """One diagnosis."""

    code: Annotated[KcdCode, Label("진단코드", "Diagnosis code (KCD-8)", "A5")]
    name: Annotated[Text, Label("진단명", "Diagnosis", "A5")]
    rank: Annotated[Rank, Label("주·부상병", "Main or secondary", "EDI 072")]
    certainty: Annotated[Certainty, Label("의증·확정", "Suspected or confirmed", "Form 5-2")]


@rule("diagnoses")
def one_is_the_main(record: Diagnoses) -> Iterator[Problem]:
    """The claim record has one main diagnosis, and no code twice."""
    mains = sum(entry.rank is Rank.MAIN for entry in record.diagnoses)
    if mains != 1:
        yield Problem("diagnoses", "main", f"there must be exactly one main diagnosis, not {mains}")
    if len({(entry.code, entry.name) for entry in record.diagnoses}) != len(record.diagnoses):
        yield Problem("diagnoses", "duplicate_item", "the same diagnosis must not occur twice")


class Diagnoses(Record):
    """진단내역 of one visit: one main and up to 29 secondary diagnoses (as many as a claim takes)."""

    RULES: ClassVar[tuple[Rule, ...]] = (one_is_the_main,)

    encounter_class: Annotated[EncounterClass, Always("외래·입원·응급", "Class of encounter", "A5")]
    patient: Annotated[Patient, Parts("환자", "Patient", "A5")]
    visit_date: Annotated[MomentText, Hideable("진료일자", "Date of visit", "A5")]
    department: Annotated[Department, Hideable("진료과", "Department", "A5")]
    doctor: Annotated[Doctor, Hideable("주치의", "Doctor in charge", "A5")]
    diagnoses: Annotated[
        tuple[Diagnosis, ...], Field(min_length=1, max_length=30), Hideable("진단", "Diagnoses", "A5")
    ]


DIAGNOSIS = Kind(
    name="diagnosis",
    version=1,
    title=Label("진단내역", "Diagnoses", "A5"),
    model=Diagnoses,
    fhir="Condition",
    must_see={
        Receiver.INSURER: frozenset({"patient.name", "visit_date", "diagnoses.+"}),
        Receiver.CERTIFICATE_RECEIVER: frozenset({"patient.name", "visit_date"}),
        Receiver.HOSPITAL: frozenset({"patient.name", "patient.birth_date", "visit_date", "diagnoses.+"}),
        Receiver.PHARMACY: frozenset(),
    },
    decoys={"diagnoses": 4},
)
