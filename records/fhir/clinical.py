"""Visit and diagnoses as FHIR: an Encounter, and Conditions listed in it (KR Core encounter diagnosis)."""

from __future__ import annotations

from typing import Any

from records.codes import CONDITION_CATEGORY, KCD8
from records.fhir.codecs import Codec, table
from records.fhir.document import Document
from records.fhir.errors import FhirInvalid
from records.fhir.paths import Item
from records.fhir.people import (
    DEPARTMENT,
    DOCTOR,
    ENCOUNTER,
    INSTITUTION,
    INSURANCE,
    PATIENT,
    PATIENT_CLASS,
    PERIOD_OF,
)
from records.fhir.systems import CLINICAL_STATUS, VERIFICATION, VISIT_NUMBER, concept, profile
from records.fhir.tables import ENTRY, RESOURCE, Map, Rows, Table

VISIT: Table = (
    *INSTITUTION,
    *PATIENT,
    *ENCOUNTER,
    *PERIOD_OF,
    *DEPARTMENT,
    *DOCTOR,
    *INSURANCE,
    *PATIENT_CLASS,
    Map("number", "Encounter", ("identifier", Item({"system": VISIT_NUMBER}), "value")),
)


def _from_rank(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise FhirInvalid("Encounter.diagnosis.rank", "must be a number")
    return "main" if value == 1 else "sub"


_RANK = Codec({"main": 1, "sub": 2}.get, _from_rank)
_CERTAINTY = table({"confirmed": "confirmed", "suspected": "provisional"})

_DIAGNOSIS: tuple[Map, ...] = (
    Map("code", RESOURCE, ("code", "coding", Item({"system": KCD8}), "code")),
    Map("name", RESOURCE, ("code", "text")),
    Map("rank", ENTRY, ("rank",), _RANK),
    Map(
        "certainty",
        RESOURCE,
        ("verificationStatus", "coding", Item({"system": VERIFICATION}), "code"),
        _CERTAINTY,
    ),
)

DIAGNOSIS: Table = (
    *INSTITUTION,
    *PATIENT,
    *ENCOUNTER,
    *DEPARTMENT,
    *DOCTOR,
    Rows("diagnoses", "Encounter", ("diagnosis",), _DIAGNOSIS, "Condition", ("condition", "reference")),
)


def dress_visit(document: Document, data: dict[str, Any]) -> None:
    """Nothing beyond what every document gets: the Encounter says it all."""


def dress_diagnosis(document: Document, data: dict[str, Any]) -> None:
    """What KR Core demands of an encounter diagnosis: its category, its date, its patient."""
    for condition in document.resources:
        if condition["resourceType"] != "Condition":
            continue
        condition["meta"] = profile("krcore-condition-encounter-diagnosis")
        condition["clinicalStatus"] = concept(CLINICAL_STATUS, "active")
        condition["category"] = [concept(CONDITION_CATEGORY, "진단", "진단")]
        condition["code"]["coding"][0]["display"] = condition["code"]["text"]
        condition["subject"] = document.refer("Patient")
        condition["encounter"] = document.refer("Encounter")
        if data.get("visit_date") is not None:
            condition["recordedDate"] = data["visit_date"]
        if document.find("Practitioner") is not None:
            condition["asserter"] = document.refer("Practitioner")
