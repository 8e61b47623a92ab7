"""Where the parts that all kinds share lie: patient, institution, doctor, department, encounter."""

from __future__ import annotations

from typing import Any

from records import codes
from records.fhir.codecs import PERIOD, table
from records.fhir.document import Document
from records.fhir.paths import Item, put
from records.fhir.systems import (
    ACT_CODE,
    BUSINESS_NUMBER,
    CONTACT,
    IDENTIFIER_TYPE,
    INSURANCE_EXTENSION,
    LOCAL_DEPARTMENT,
    PARTICIPATION,
    PATIENT_NUMBER,
    ROLE,
    absent,
    coding,
    concept,
    extension,
    profile,
)
from records.fhir.tables import Map, Table, dig

_CLASSES = {"outpatient": "AMB", "inpatient": "IMP", "emergency": "EMER"}
_OTHER_PAYERS = {str(kind): str(kind) for kind in codes.Insurance if kind not in codes.HIRA_INSURANCE_CODES}

PATIENT: Table = (
    Map("patient.number", "Patient", ("identifier", Item({"system": PATIENT_NUMBER}), "value")),
    Map("patient.name", "Patient", ("name", Item(), "text")),
    Map("patient.birth_date", "Patient", ("birthDate",)),
    Map("patient.sex", "Patient", ("gender",)),
)

INSTITUTION: Table = (
    Map(
        "institution.number",
        "Organization",
        ("identifier", Item({"system": codes.HIRA_INSTITUTION}), "value"),
    ),
    Map(
        "institution.business_number",
        "Organization",
        ("identifier", Item({"system": BUSINESS_NUMBER}), "value"),
    ),
    Map(
        "institution.type",
        "Organization",
        ("type", Item(), "coding", Item({"system": codes.HIRA_INSTITUTION_TYPE}), "code"),
    ),
    Map("institution.name", "Organization", ("name",)),
    Map("institution.phone", "Organization", ("telecom", Item({"system": "phone"}), "value")),
    Map("institution.address", "Organization", ("address", Item(), "text")),
    Map(
        "institution.representative",
        "Organization",
        ("contact", Item({"purpose": concept(CONTACT, "representative", "대표자")}), "name", "text"),
    ),
)

DOCTOR: Table = (
    Map("doctor.name", "Practitioner", ("name", Item(), "text")),
    Map(
        "doctor.licence_kind",
        "Practitioner",
        ("qualification", Item(), "code", "coding", Item({"system": codes.MOHW_QUALIFICATION}), "code"),
    ),
    Map(
        "doctor.licence_number",
        "Practitioner",
        ("qualification", Item(), "identifier", Item({"system": codes.MOHW_LICENCE}), "value"),
    ),
)

DEPARTMENT: Table = (
    Map(
        "department.code",
        "Encounter",
        ("serviceType", "coding", Item({"system": codes.HIRA_DEPARTMENT}), "code"),
    ),
    Map(
        "department.local_code",
        "Encounter",
        ("serviceType", "coding", Item({"system": LOCAL_DEPARTMENT}), "code"),
    ),
    Map("department.name", "Encounter", ("serviceType", "text")),
)

ENCOUNTER: Table = (
    Map("encounter_class", "Encounter", ("class", "code"), table(_CLASSES)),
    Map("visit_date", "Encounter", extension("visit-date", "valueDateTime")),
)

PERIOD_OF: Table = (Map("period", "Encounter", ("period",), PERIOD),)

PATIENT_CLASS: Table = (Map("patient_class", "Encounter", extension("patient-class", "valueString")),)

WARD: Table = (Map("ward", "Encounter", ("location", Item(), "location", "display")),)

INSURANCE: Table = (
    Map(
        "insurance",
        "Encounter",
        (
            "extension",
            Item({"url": INSURANCE_EXTENSION}),
            "valueCodeableConcept",
            "coding",
            Item({"system": codes.HIRA_INSURANCE}),
            "code",
        ),
        table({str(kind): code for kind, code in codes.HIRA_INSURANCE_CODES.items()}),
    ),
    # payers that KR Core's list does not have
    Map("insurance", "Encounter", extension("payer", "valueCode"), table(_OTHER_PAYERS)),
)


def dress_people(document: Document, data: dict[str, Any], hidden: frozenset[str]) -> None:
    """Add what the profiles require beyond the record: types, displays, references, reasons of absence."""
    _dress_patient(document.node("Patient"), data, hidden)
    # patient numbers are unique within their hospital only
    document.node("Patient")["identifier"][0]["assigner"] = document.refer("Organization")
    _dress_institution(document.node("Organization"), data)
    _dress_encounter(document.node("Encounter"), document, data)
    if dig(data, "doctor") is not None:
        _dress_doctor(document.node("Practitioner"), document, data)


def _dress_patient(patient: dict[str, Any], data: dict[str, Any], hidden: frozenset[str]) -> None:
    def reason(path: str) -> dict[str, Any]:
        return absent("masked" if path in hidden else "unknown")

    patient["meta"] = profile("krcore-patient")
    identifier = patient.setdefault("identifier", [{"system": PATIENT_NUMBER}])[0]
    identifier["type"] = concept(IDENTIFIER_TYPE, "MR")
    if dig(data, "patient.number") is None:
        identifier["_value"] = reason("patient.number")
    if dig(data, "patient.name") is None:
        patient["name"] = [{"_text": reason("patient.name")}]
    for field, element in (("birth_date", "birthDate"), ("sex", "gender")):
        if dig(data, f"patient.{field}") is None:
            patient[f"_{element}"] = reason(f"patient.{field}")


def _dress_institution(organization: dict[str, Any], data: dict[str, Any]) -> None:
    organization["meta"] = profile("krcore-healthcare-organization")
    kind = organization["type"][0]["coding"][0]
    kind["display"] = codes.INSTITUTION_TYPES[codes.InstitutionType(dig(data, "institution.type"))]


def _dress_encounter(encounter: dict[str, Any], document: Document, data: dict[str, Any]) -> None:
    encounter["meta"] = profile("krcore-encounter")
    encounter["status"] = "finished"
    encounter["class"]["system"] = ACT_CODE
    encounter["subject"] = document.refer("Patient")
    encounter["serviceProvider"] = document.refer("Organization")
    if "period" not in encounter and (day := dig(data, "visit_date")) is not None:
        encounter["period"] = {"start": day}
    department = dig(data, "department.code")
    if department is not None:
        here = ("serviceType", "coding", Item({"system": codes.HIRA_DEPARTMENT}), "display")
        put(encounter, here, codes.DEPARTMENTS[department])
    for entry in encounter.get("extension", []):
        if entry["url"] == INSURANCE_EXTENSION:
            kind = codes.Insurance(dig(data, "insurance"))
            entry["valueCodeableConcept"]["coding"][0]["display"] = codes.INSURANCE_NAMES[kind]


def _dress_doctor(doctor: dict[str, Any], document: Document, data: dict[str, Any]) -> None:
    doctor["meta"] = profile("krcore-medical-doctor")
    licence = dig(data, "doctor.licence_number")
    identifier = {"system": codes.MOHW_LICENCE} | (
        {"value": licence} if licence else {"_value": absent("unknown")}
    )
    doctor["identifier"] = [identifier]
    doctor["qualification"][0]["identifier"] = [identifier]
    participant = {"type": [concept(PARTICIPATION, "ATND")], "individual": document.refer("Practitioner")}
    document.node("Encounter")["participant"] = [participant]
    if (department := dig(data, "department.code")) is None:
        return
    role = document.node("PractitionerRole")
    role["meta"] = profile("krcore-medical-doctor-role")
    role["practitioner"] = document.refer("Practitioner")
    role["organization"] = document.refer("Organization")
    role["code"] = [{"coding": [coding(ROLE, "doctor")]}]
    role["specialty"] = [concept(codes.HIRA_DEPARTMENT, department, codes.DEPARTMENTS[department])]
