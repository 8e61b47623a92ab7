"""Addresses used in FHIR documents: those of HL7 and KR Core, and this project's own under ``urn:saegim``."""

from __future__ import annotations

from typing import Any, Final

from records.codes import KRCORE
from records.fhir.paths import Item, Place

DOCUMENT_KIND: Final = "urn:saegim:document-kind"
FEE_ITEM: Final = "urn:saegim:form6:item"
PRICE: Final = "urn:saegim:form6:amount"
PATIENT_NUMBER: Final = "urn:saegim:patient-number"
VISIT_NUMBER: Final = "urn:saegim:visit-number"
FORM_NUMBER: Final = "urn:saegim:form6:number"
BUSINESS_NUMBER: Final = "urn:saegim:business-number"
LOCAL_DEPARTMENT: Final = "urn:saegim:department"
LOCAL_CODE: Final = "urn:saegim:local-code"
CONTACT: Final = "urn:saegim:contact"

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
IDENTIFIER_TYPE: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
CLINICAL_STATUS: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/practitioner-role"
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
INSURANCE_EXTENSION: Final = f"{KRCORE}/StructureDefinition/krcore-insuranceTypes"


def profile(name: str) -> dict[str, list[str]]:
    """`meta` of a resource that claims a KR Core profile."""
    return {"profile": [f"{KRCORE}/StructureDefinition/{name}"]}


def extension(name: str, value: str) -> Place:
    """The place of one of our own extensions: its name and its value element, such as ``valueString``."""
    return ("extension", Item({"url": f"urn:saegim:fhir:{name}"}), value)


def coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    """A Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    return {"coding": [coding(system, code, display)]}


def absent(reason: str) -> dict[str, Any]:
    """What stands beside a primitive element that has no value, and why (unknown, or masked by the
    patient)."""
    return {"extension": [{"url": ABSENT, "valueCode": reason}]}
