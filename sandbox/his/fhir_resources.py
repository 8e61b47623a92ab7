"""The vendor's rows as FHIR R4 resources, as a hospital's integration team would write them.

What the database holds goes out as it is: a bad date stays a bad date, a code without meaning stays that code. The
extensions and code systems are those that `oracle/his/fhir/mapping.yaml` names; they are the ones Saegim exports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from sandbox.his import catalog
from sandbox.his.store import KOREA

Row: TypeAlias = Mapping[str, Any]
Resource: TypeAlias = dict[str, Any]

TERMS: Final = "http://terminology.hl7.org/CodeSystem"
KOREAN: Final = "http://www.hl7korea.or.kr"
SETTLEMENT_KIND: Final = "urn:sample-his:sunap-gb"
FORM_ROW: Final = "urn:sample-his:hang-cd"
STATEMENT: Final = "statement"

_STATES: Final = {"R": "arrived", "A": "in-progress", "F": "finished", "D": "finished", "X": "cancelled"}
_VISIT_CLASSES: Final = {"O": "AMB", "I": "IMP", "E": "EMER"}
_DESK_CLASSES: Final = {"O": "AMB", "E": "EMER", "M": "IMP", "D": "IMP"}
_STAYS: Final = {"M": "interim", "D": "discharge"}
_HIRA_INSURERS: Final = {"10": "4", "21": "5", "22": "5"}
_OTHER_PAYERS: Final = {"31": "industrial", "41": "car", "50": "self-pay"}
_PATIENT_CLASSES: Final = {
    "10": "건강보험",
    "21": "의료급여1종",
    "22": "의료급여2종",
    "31": "산재",
    "41": "자동차보험",
    "50": "일반",
}
_SEXES: Final = {"M": "male", "F": "female"}
_CODE_LISTS: Final = {
    "1": f"{KOREAN}/CodeSystem/hira-edi-procedure",
    "3": f"{KOREAN}/CodeSystem/hira-edi-medication",
    "8": f"{KOREAN}/CodeSystem/hira-edi-material",
    "9": "urn:saegim:local-code",
}
_COVERAGES: Final = {"1": "covered", "2": "full", "3": "uncovered"}
_NO_PAPER: Final = ("1", "2")
"""예약금 and 가수납 hand nothing out."""
_COLUMNS: Final = {"patient": "BON_AMT", "insurer": "GONG_AMT", "full": "JUN_AMT", "uncovered": "BIG_AMT"}
_SUMS: Final = {
    "ceiling-excess": "OVR_AMT",
    "total": "TOT_AMT",
    "insurer-total": "GONGT_AMT",
    "patient-total": "PAT_AMT",
    "already-paid": "PRE_AMT",
    "due": "DUE_AMT",
    "paid-card": "CARD_AMT",
    "paid-cash-receipt": "CSHR_AMT",
    "paid-cash": "CASH_AMT",
    "rounding-patient": "CUT_BON_AMT",
    "rounding-insurer": "CUT_GONG_AMT",
}


def meta(stamp: datetime) -> Resource:
    """Version and moment of the last change: milliseconds, as most servers give it. stamp: hospital time, naive."""
    moment = stamp.replace(tzinfo=KOREA).astimezone(UTC)
    text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"versionId": str(int(moment.timestamp() * 1_000_000)), "lastUpdated": text}


def organization(row: Row) -> Resource:
    """The hospital."""
    return {
        "resourceType": "Organization",
        "id": row["YKIHO"],
        "identifier": [{"system": f"{KOREAN}/Identifier/hira-krnpi", "value": row["YKIHO"]}],
        "name": row["HOSP_NM"],
    }


def patient(row: Row) -> Resource:
    """환자, without the resident number."""
    return _filled(
        {
            "resourceType": "Patient",
            "id": row["PT_NO"],
            "identifier": [{"system": "urn:saegim:patient-number", "value": row["PT_NO"]}],
            "name": [{"text": text(row["PT_NM"])}],
            "gender": _SEXES.get(str(row["SEX_GB"]), "unknown"),
            "birthDate": day(row["BRTH_YMD"]),
        }
    )


def practitioner(row: Row) -> Resource:
    """의사."""
    licence = [{"system": f"{KOREAN}/Identifier/mohw-md-license-id", "value": row["LCNS_NO"]}]
    qualification = concept(f"{KOREAN}/CodeSystem/mohw-practitioner-qualification-types", "의사")
    return {
        "resourceType": "Practitioner",
        "id": row["EMP_NO"],
        "identifier": licence,
        "name": [{"text": row["EMP_NM"]}],
        "qualification": [{"identifier": licence, "code": qualification}],
    }


def encounter(row: Row, diagnoses: Iterable[Row]) -> Resource:
    """진료이력, with its diagnoses in their order."""
    found = [
        {
            "condition": {"reference": f"Condition/{each['VST_NO']}-{each['SEQ']}"},
            "rank": 1 if each["MAIN_YN"] == "Y" else 2,
        }
        for each in diagnoses
    ]
    seen = moment(row["MED_DTM"])
    return _filled(
        {
            "resourceType": "Encounter",
            "id": row["VST_NO"],
            "meta": meta(row["CHG_DT"]),
            "extension": _filled_list(
                _extension("visit-date", "valueDateTime", seen),
                _extension("patient-class", "valueString", _PATIENT_CLASSES.get(str(row["INSU_GB"]))),
                *_insurance(row["INSU_GB"]),
            ),
            "identifier": [{"system": "urn:saegim:visit-number", "value": row["VST_NO"]}],
            "status": _STATES.get(str(row["STAT_GB"]), str(row["STAT_GB"])),
            "class": _coding(f"{TERMS}/v3-ActCode", _VISIT_CLASSES.get(str(row["VST_GB"]))),
            "serviceType": _service(row),
            "subject": {"reference": f"Patient/{row['PT_NO']}"},
            "participant": [
                {
                    "type": [concept(f"{TERMS}/v3-ParticipationType", "ATND")],
                    "individual": {"reference": f"Practitioner/{row['DR_NO']}"},
                }
            ],
            "period": _filled({"start": seen and seen[:10], "end": day(row["OUT_YMD"])}),
            "diagnosis": found,
        }
    )


def condition(row: Row) -> Resource:
    """상병, with the stamp of its visit."""
    sure = "confirmed" if row["CNFM_GB"] == "1" else "provisional"
    return _filled(
        {
            "resourceType": "Condition",
            "id": f"{row['VST_NO']}-{row['SEQ']}",
            "meta": meta(row["CHG_DT"]),
            "clinicalStatus": concept(f"{TERMS}/condition-clinical", "active"),
            "verificationStatus": concept(f"{TERMS}/condition-ver-status", sure),
            "category": [concept(f"{KOREAN}/fhir/krcore/CodeSystem/krcore-condition-category-types", "진단")],
            "code": {
                "coding": [_coding(f"{KOREAN}/CodeSystem/kostat-kcd-8", row["KCD_CD"])],
                "text": row["DIAG_NM"],
            },
            "subject": {"reference": f"Patient/{row['PT_NO']}"},
            "encounter": {"reference": f"Encounter/{row['VST_NO']}"},
        }
    )


def invoice(row: Row, form_rows: Iterable[Row]) -> Resource:
    """One act of the cashier. The stay as it was billed is contained: later corrections of the visit do not move
    it."""
    key, kind, cancels = row["SUNAP_NO"], str(row["SUNAP_GB"]), row["CNCL_GB"]
    return _filled(
        {
            **_invoice(row, key),
            "extension": _filled_list(
                _extension("encounter", "valueReference", {"reference": "#stay"}),
                _extension("original", "valueReference", _reference("Invoice", row["ORG_SUNAP_NO"])),
                _extension("original-date", "valueDate", day(row["ORG_SUNAP_YMD"])),
                _extension("resettles", "valueBoolean", None if cancels is None else cancels == "2"),
                _extension("statement", "valueReference", _statement_of(key, kind)),
                _extension("made-at", "valueDateTime", moment(row["SUNAP_DTM"])),
                _extension("settled-date", "valueDate", day(row["SUNAP_YMD"])),
                _extension("rounding-unit", "valueInteger", row["CUT_UNIT"]),
            ),
            "contained": [_stay(row)],
            "identifier": _numbers(row),
            "status": "draft" if row["PRT_DTM"] is None and kind not in _NO_PAPER else "balanced",
            "type": concept(SETTLEMENT_KIND, kind),
            "lineItem": [
                {
                    "sequence": number,
                    "chargeItemCodeableConcept": concept(FORM_ROW, each["HANG_CD"], catalog.ROWS),
                    "priceComponent": shares(each),
                }
                for number, each in enumerate(form_rows, 1)
            ],
            "totalPriceComponent": [
                *shares(row),
                *(price(code, row[name], base=False) for code, name in _SUMS.items()),
            ],
        }
    )


def statement(row: Row, items: Iterable[Row]) -> Resource:
    """진료비 세부산정내역 of a receipt: its lines are charge items."""
    key = row["SUNAP_NO"]
    return _filled(
        {
            **_invoice(row, statement_id(key)),
            "extension": [_extension("receipt", "valueReference", _reference("Invoice", key))],
            "status": "draft" if row["PRT_DTM"] is None else "issued",
            "type": concept(SETTLEMENT_KIND, STATEMENT),
            "lineItem": [
                {
                    "sequence": number,
                    "chargeItemReference": {"reference": f"ChargeItem/{key}-{each['SEQ']}"},
                    "priceComponent": shares(each),
                }
                for number, each in enumerate(items, 1)
            ],
        }
    )


def charge_item(row: Row) -> Resource:
    """One line of the itemised statement."""
    name = text(row["SUGA_NM"])
    coverage = str(row["GUB"])
    return {
        "resourceType": "ChargeItem",
        "id": f"{row['SUNAP_NO']}-{row['SEQ']}",
        "meta": meta(row["CHG_DT"]),
        "extension": _filled_list(
            _extension("item", "valueString", catalog.ROWS.get(row["HANG_CD"], row["HANG_CD"])),
            _extension("unit-price", "valueMoney", _money(row["PRICE"])),
            _extension("days", "valueInteger", row["DAYS"]),
            _extension("coverage", "valueCode", _COVERAGES.get(coverage, coverage)),
        ),
        "status": "billed",
        "code": {"coding": [_coding(_CODE_LISTS.get(str(row["SUGA_GB"])), row["SUGA_CD"])], "text": name},
        "subject": {"reference": f"Patient/{row['PT_NO']}"},
        "context": {"reference": f"Encounter/{row['VST_NO']}"},
        "occurrenceDateTime": day(row["ORD_YMD"]),
        "quantity": {"value": row["QTY"]},
        "priceOverride": _money(row["AMT"]),
    }


def statement_id(key: str) -> str:
    """The id of the statement that explains a receipt."""
    return f"{key}-S"


def has_statement(kind: str) -> bool:
    """Whether rows of this 수납구분 are explained by a statement: 수납 and 재수납."""
    return kind in ("4", "6")


def text(value: Any) -> str | None:
    """Text as the server's own database layer reads it; bytes that are no text stay behind as lone surrogates."""
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    for encoding in ("utf-8", "cp949"):
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode("utf-8", "surrogateescape")


def day(value: Any) -> str | None:
    """YYYYMMDD with hyphens, whether there is such a day or not."""
    written = text(value)
    if written is None or len(written) != 8:
        return written
    return f"{written[:4]}-{written[4:6]}-{written[6:]}"


def moment(value: Any) -> str | None:
    """YYYYMMDDHHMMSS as a dateTime in Korea."""
    written = text(value)
    if written is None or len(written) != 14:
        return written
    return f"{day(written[:8])}T{written[8:10]}:{written[10:12]}:{written[12:]}+09:00"


def concept(system: str | None, code: Any, names: Mapping[str, str] | None = None) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [_coding(system, code, (names or {}).get(code))]}


def _coding(system: str | None, code: Any, display: str | None = None) -> Resource:
    return _filled({"system": system, "code": code, "display": display})


def _invoice(row: Row, id_: str) -> Resource:
    return {
        "resourceType": "Invoice",
        "id": id_,
        "meta": meta(row["CHG_DT"]),
        "subject": {"reference": f"Patient/{row['PT_NO']}"},
        "issuer": {"reference": f"Organization/{catalog.HOSPITAL['YKIHO']}"},
        "date": moment(row["PRT_DTM"]),
    }


def _stay(row: Row) -> Resource:
    desk, night = str(row["CALC_GB"]), row["NGT_GB"]
    return _filled(
        {
            "resourceType": "Encounter",
            "id": "stay",
            "extension": _filled_list(
                _extension("visit-date", "valueDateTime", day(row["MED_YMD"])),
                _extension("patient-class", "valueString", _PATIENT_CLASSES.get(str(row["INSU_GB"]))),
                _extension("stay", "valueCode", _STAYS.get(desk)),
                _extension("night", "valueBoolean", night == "1"),
                _extension("holiday", "valueBoolean", night == "2"),
            ),
            "status": "finished",
            "class": _coding(f"{TERMS}/v3-ActCode", _DESK_CLASSES.get(desk)),
            "serviceType": _service(row),
            "period": {"start": day(row["MED_FR_YMD"]), "end": day(row["MED_TO_YMD"])},
            "location": [{"location": {"display": row["WARD_NM"]}}] if row["WARD_NM"] else [],
        }
    )


def _service(row: Row) -> Resource:
    codings = [
        _coding(f"{KOREAN}/CodeSystem/hira-medical-department", row["HIRA_CD"]) if row["HIRA_CD"] else None,
        _coding("urn:saegim:department", row["DEPT_CD"]),
    ]
    return _filled({"coding": _filled_list(*codings), "text": row["DEPT_NM"]})


def _insurance(code: Any) -> list[Resource | None]:
    hira = _HIRA_INSURERS.get(str(code))
    if hira is None:
        return [_extension("payer", "valueCode", _OTHER_PAYERS.get(str(code), str(code)))]
    value = concept(f"{KOREAN}/CodeSystem/hira-insurance-types", hira)
    url = f"{KOREAN}/fhir/krcore/StructureDefinition/krcore-insuranceTypes"
    return [{"url": url, "valueCodeableConcept": value}]


def _numbers(row: Row) -> list[Resource]:
    number = row["RCPT_NO"]
    return [{"system": "urn:saegim:form6:number", "value": number}] if number else []


def _statement_of(key: str, kind: str) -> Resource | None:
    return _reference("Invoice", statement_id(key)) if has_statement(kind) else None


def shares(row: Row) -> list[Resource]:
    """The four columns of Form 6."""
    return [price(code, row[name], base=True) for code, name in _COLUMNS.items()]


def price(code: str, amount: Any, *, base: bool) -> Resource:
    """One price component."""
    kind = "base" if base else "informational"
    return {"type": kind, "code": concept("urn:saegim:form6:amount", code), "amount": _money(amount)}


def _money(value: Any) -> Resource:
    return {"value": value, "currency": "KRW"}


def _reference(kind: str, key: Any) -> Resource | None:
    return None if key is None else {"reference": f"{kind}/{key}"}


def _extension(name: str, element: str, value: Any) -> Resource | None:
    return None if value is None else {"url": f"urn:saegim:fhir:{name}", element: value}


def _filled(resource: Mapping[str, Any]) -> Resource:
    """Without what is empty: FHIR knows no null and no empty list."""
    return {name: value for name, value in resource.items() if value not in (None, [], {})}


def _filled_list(*values: Resource | None) -> list[Resource]:
    return [value for value in values if value]
