"""The reception's desks on the hospital's FHIR server: searches by patient, schedule or day, and registering patients.

The places are those of `oracle/his/fhir/mapping.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy import Engine

from sandbox.his import catalog, reception
from sandbox.his import fhir_resources as resources
from sandbox.his import reception_lookup as lookup
from sandbox.his.fhir_resources import Resource, Row, concept, day, moment
from sandbox.his.lookup import chosen

KINDS: Final = ("Schedule", "Slot", "Appointment", "DiagnosticReport")
PARAMETERS: Final = {"identifier", "birthdate", "specialty", "actor", "date", "schedule", "type", "_include"}
"""Search parameters that the rest of the server does not have."""
BILL: Final = "urn:saegim:settlement-kind|bill-now"
DEPARTMENT: Final = "urn:saegim:department"
NUMBER: Final = "urn:saegim:patient-number"
REQUEST: Final = "urn:saegim:registration-request"
_EVER: Final = ("00000000", "99999999")
_SEXES: Final = {"male": "M", "female": "F"}
_STATES: Final = {"R": "booked", "A": "arrived", "F": "fulfilled", "C": "cancelled", "N": "noshow"}
_BILLS: Final = {"O": "issued", "S": "balanced", "C": "cancelled", "W": "draft"}
_RULES: Final = {"1": "at-once", "2": "after-visit", "3": "by-doctor"}
_SUMS: Final = {
    "total": "TOT_AMT",
    "patient-total": "PAT_AMT",
    "already-paid": "PRE_AMT",
    "due": "DUE_AMT",
    "paid": "PAID_AMT",
}


def answers(kind: str, asked: Mapping[str, str]) -> bool:
    """Whether a search is one of the reception's."""
    if kind in KINDS:
        return True
    by_person = kind == "Patient" and not {"identifier", "birthdate"}.isdisjoint(asked)
    return by_person or (kind == "Invoice" and asked.get("type") == BILL)


def search(engine: Engine, kind: str, asked: Sequence[tuple[str, str]]) -> list[Resource]:
    """Everything that a search finds; what it includes comes after."""
    values = dict(asked)
    first, last = _period([value for name, value in asked if name == "date"])
    number = values.get("patient", "").removeprefix("Patient/")
    find: dict[str, Callable[[], list[Resource]]] = {
        "Patient": lambda: patients(engine, values),
        "Schedule": lambda: [
            _schedule(row)
            for row in lookup.sessions(engine, _code(values, "specialty"), _id(values, "actor"), first, last)
        ],
        "Slot": lambda: _slots(engine, values.get("schedule", "")),
        "Appointment": lambda: [
            _appointment(row) for row in lookup.appointments(engine, number, first, last)
        ],
        "DiagnosticReport": lambda: [_report(row) for row in lookup.results(engine, number, first, last)],
        "Invoice": lambda: [_bill(row) for row in lookup.bills(engine, number)],
    }
    return find[kind]()


def patients(engine: Engine, asked: Mapping[str, str]) -> list[Resource]:
    """By registration number or birth date; a number that ended leads on."""
    if "birthdate" in asked:
        birth = asked["birthdate"].replace("-", "")
        return [resources.patient(row) for row in lookup.patients(engine, birth=birth)]
    number = _code(asked, "identifier") or "-"
    found = [resources.patient(row) for row in lookup.patients(engine, number=number)]
    return found or ended(engine, [number])


def ended(engine: Engine, numbers: Sequence[str]) -> list[Resource]:
    """Patients of numbers that were merged into others."""
    return [
        {
            "resourceType": "Patient",
            "id": row["OLD_PT_NO"],
            "active": False,
            "identifier": [{"system": NUMBER, "value": row["OLD_PT_NO"]}],
            "link": [{"type": "replaced-by", "other": {"reference": f"Patient/{row['NEW_PT_NO']}"}}],
        }
        for number in numbers
        for row in lookup.merges(engine, number)
    ]


def register(engine: Engine, asked: Resource) -> Resource:
    """The Patient of a conditional create: made, or found by the request's identifier. Raises KeyError, IndexError."""
    request = next(each["value"] for each in asked["identifier"] if each["system"] == REQUEST)
    row = reception.register(
        engine,
        request,
        asked["name"][0]["text"],
        asked["birthDate"].replace("-", ""),
        _SEXES[asked["gender"]],
    )
    return resources.patient(row)


def _schedule(row: Row) -> Resource:
    return {
        "resourceType": "Schedule",
        "id": row["SCH_NO"],
        "extension": [{"url": "urn:saegim:fhir:seats", "valueInteger": row["TOT_CNT"]}],
        "active": row["STAT_GB"] == "O",
        "specialty": [_department(row)],
        "actor": [_doctor(row)],
        "planningHorizon": {"start": moment(row["ST_DTM"]), "end": moment(row["ED_DTM"])},
    }


def _slots(engine: Engine, schedules: str) -> list[Resource]:
    wanted = [each.removeprefix("Schedule/") for each in schedules.split(",")]
    marks = {f"s{number}": each for number, each in enumerate(wanted)}
    condition = f'"SCH_NO" IN ({", ".join(f":{name}" for name in marks)})'
    rows = chosen(engine, lookup.SESSIONS, condition, marks)
    return [_slot(row["SCH_NO"], slot) for row in rows for slot in row["SLOT"]]


def _slot(session: str, row: Row) -> Resource:
    return {
        "resourceType": "Slot",
        "id": f"{session}-{row['SLOT_DTM'][8:12]}",
        "extension": [{"url": "urn:saegim:fhir:free-seats", "valueInteger": row["FREE_CNT"]}],
        "schedule": {"reference": f"Schedule/{session}"},
        "status": "free" if row["FREE_CNT"] > 0 else "busy",
        "start": moment(row["SLOT_DTM"]),
    }


def _appointment(row: Row) -> Resource:
    made: Resource = {
        "resourceType": "Appointment",
        "id": row["RSV_NO"],
        "extension": [
            {
                "url": "urn:saegim:fhir:session",
                "valueReference": {"reference": f"Schedule/{row['SCH_NO']}"},
            }
        ],
        "status": _STATES.get(row["STAT_GB"], row["STAT_GB"]),
        "specialty": [_department(row)],
        "start": moment(row["RSV_DTM"]),
        "participant": [
            {"actor": {"reference": f"Patient/{row['PT_NO']}"}, "status": "accepted"},
            {"actor": _doctor(row), "status": "accepted"},
        ],
    }
    return made | ({"patientInstruction": row["PREP_TXT"]} if row["PREP_TXT"] else {})


def _report(row: Row) -> Resource:
    values = [_observation(each) for each in row["HANG"]]
    made: Resource = {
        "resourceType": "DiagnosticReport",
        "id": row["RSLT_NO"],
        "extension": [
            {"url": "urn:saegim:fhir:released", "valueDateTime": moment(row["REL_DTM"])},
            {"url": "urn:saegim:fhir:release-rule", "valueCode": _RULES.get(row["REL_GB"], row["REL_GB"])},
        ],
        "contained": values,
        "status": "final",
        "code": {**concept("urn:saegim:local-code", row["TEST_CD"]), "text": row["TEST_NM"]},
        "subject": {"reference": f"Patient/{row['PT_NO']}"},
        "effectiveDateTime": moment(row["COLL_DTM"]),
        "result": [{"reference": f"#{each['id']}"} for each in values],
    }
    visit = {"encounter": {"reference": f"Encounter/{row['VST_NO']}"}} if row["VST_NO"] else {}
    return made | visit


def _observation(row: Row) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "id": f"v{row['SEQ']}",
        "status": "final",
        "code": {**concept("urn:saegim:local-code", row["ITEM_CD"]), "text": row["ITEM_NM"]},
    }
    measured = str(row["RSLT_VAL"]).replace(".", "", 1).isdigit() and row["UNIT_NM"]
    if measured:
        number = float(row["RSLT_VAL"])
        value = int(number) if number == int(number) else number
        made["valueQuantity"] = {"value": value, "unit": row["UNIT_NM"]}
    else:
        made["valueString"] = row["RSLT_VAL"]
    if row["REF_TXT"]:
        made["referenceRange"] = [{"text": row["REF_TXT"]}]
    if row["FLAG_CD"]:
        made["interpretation"] = [concept(f"{resources.TERMS}/v3-ObservationInterpretation", row["FLAG_CD"])]
    return made


def _bill(row: Row) -> Resource:
    return {
        "resourceType": "Invoice",
        "id": f"B-{row['BILL_NO']}",
        "meta": {"versionId": row["SUNAP_NO"]},
        "extension": [
            {
                "url": "urn:saegim:fhir:encounter",
                "valueReference": {"reference": f"Encounter/{row['VST_NO']}"},
            },
            {"url": "urn:saegim:fhir:visit-date", "valueDate": day(row["MED_FR_YMD"])},
            {"url": "urn:saegim:fhir:department", "valueCodeableConcept": _department(row)},
        ],
        "identifier": [{"system": "urn:saegim:bill-number", "value": row["BILL_NO"]}],
        "status": _BILLS[row["BILL_GB"]],
        "type": concept("urn:saegim:settlement-kind", "bill-now"),
        "subject": {"reference": f"Patient/{row['PT_NO']}"},
        "date": moment(row["SUNAP_DTM"]),
        "lineItem": [
            {
                "sequence": number,
                "chargeItemCodeableConcept": concept(resources.FORM_ROW, each["HANG_CD"], catalog.ROWS),
                "priceComponent": resources.shares(each),
            }
            for number, each in enumerate(row["HANG"], 1)
        ],
        "totalPriceComponent": [
            *resources.shares(row),
            *(resources.price(code, row[name], base=False) for code, name in _SUMS.items()),
        ],
    }


def _department(row: Row) -> Resource:
    return {**concept(DEPARTMENT, row["DEPT_CD"]), "text": row["DEPT_NM"]}


def _doctor(row: Row) -> Resource:
    return {"reference": f"Practitioner/{row['DR_NO']}", "display": row["EMP_NM"]}


def _code(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "").rpartition("|")[2]


def _id(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "").rpartition("/")[2]


def _period(dates: Sequence[str]) -> tuple[str, str]:
    first, last = _EVER
    for each in dates:
        written = each[2:].replace("-", "")
        first, last = (written, last) if each.startswith("ge") else (first, written)
    return first, last
