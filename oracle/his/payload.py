"""Lays out documents: from the plain fields every adapter reads to what `records.kinds.parse` takes.

Field names are those of the records, flattened (``department_code``, ``totals_patient``). Values are already text,
whole numbers and ISO dates; whether they keep the form's rules is the record's business. Fields that a hospital does
not have are absent or None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from oracle.his.base import Action, HisDocument, revision_of
from oracle.his.settlement import Ref

Fields: TypeAlias = Mapping[str, Any]
"""One row, mapped."""
Payload: TypeAlias = dict[str, Any]

_MONEY = ("patient", "insurer", "full", "uncovered")


def visit(institution: Fields, head: Fields) -> Payload:
    """진료이력."""
    period = None
    if head.get("encounter_class") == "inpatient":
        period = {"start": head["visit_date"][:10], "end": head.get("discharge_date")}
    return _present(
        institution=institution,
        encounter_class=head["encounter_class"],
        number=head["number"],
        patient=_patient(head),
        visit_date=head["visit_date"],
        period=period,
        department=_department(head),
        doctor=_doctor(head),
        insurance=head["insurance"],
        patient_class=head.get("patient_class"),
    )


def diagnosis(institution: Fields, head: Fields, entries: Sequence[Fields]) -> Payload:
    """진단내역 of one visit."""
    return _present(
        institution=institution,
        encounter_class=head["encounter_class"],
        patient=_patient(head),
        visit_date=head["visit_date"],
        department=_department(head),
        doctor=_doctor(head),
        diagnoses=[
            {name: entry[name] for name in ("code", "name", "rank", "certainty")} for entry in entries
        ],
    )


def bill(institution: Fields, head: Fields, rows: Sequence[Fields]) -> Payload:
    """계산서: Form 6 unpaid."""
    return _present(
        **_settled_visit(institution, head),
        **_optional(head, "drg", "note"),
        number=head["number"],
        stay=head.get("stay"),
        night=head.get("night", False),
        holiday=head.get("holiday", False),
        rows=[{"item": row["item"], **{name: row[name] for name in _MONEY}} for row in rows],
        rounding=_rounding(head),
        totals={name: head[f"totals_{name}"] for name in _MONEY},
        **{name: head[name] for name in _SUMS},
    )


_SUMS = ("ceiling_excess", "total", "insurer_total", "patient_total", "already_paid", "due")


def receipt(institution: Fields, head: Fields, rows: Sequence[Fields]) -> Payload:
    """영수증: Form 6 paid."""
    means = {name: head[f"paid_{name}"] for name in ("card", "cash_receipt", "cash")}
    paid = sum(means.values())
    return {
        **bill(institution, head, rows),
        "settled_date": head["settled_date"],
        "paid": {**means, "total": paid},
        "outstanding": head["due"] - paid,
    }


def statement(institution: Fields, head: Fields, lines: Sequence[Fields]) -> Payload:
    """진료비 세부산정내역 that explains a receipt: its totals are the receipt's, to the won."""
    rounding = _rounding(head)
    totals = {name: head[f"totals_{name}"] for name in _MONEY}
    subtotal = {name: totals[name] - rounding.get(name, 0) for name in _MONEY}
    return _present(
        **_settled_visit(institution, head),
        receipt_number=head["number"],
        lines=[{name: value for name, value in line.items() if value is not None} for line in lines],
        subtotal={**subtotal, "amount": head["total"] - sum(rounding.get(name, 0) for name in _MONEY)},
        rounding=rounding,
        totals={**totals, "amount": head["total"]},
    )


def issued(
    ref: Ref, payload: Payload, patient_number: str, replaces: Ref | None, at: datetime
) -> HisDocument:
    """A document of the cashier, handed to the patient."""
    return HisDocument(
        kind=ref.kind,
        source_key=ref.source_key,
        revision=revision_of(ref.kind, Action.ISSUE, payload),
        action=Action.ISSUE,
        payload=payload,
        patient_number=patient_number,
        replaces=replaces.source_key if replaces else None,
        changed_at=at,
    )


def cancelled(ref: Ref, patient_number: str, at: datetime) -> HisDocument:
    """The end of a document."""
    return HisDocument(
        kind=ref.kind,
        source_key=ref.source_key,
        revision=revision_of(ref.kind, Action.CANCEL, {}),
        action=Action.CANCEL,
        payload={},
        patient_number=patient_number,
        replaces=None,
        changed_at=at,
    )


def _settled_visit(institution: Fields, head: Fields) -> Payload:
    """What Form 6 and the itemised statement have in common."""
    return {
        "institution": institution,
        "encounter_class": head["encounter_class"],
        "issued_date": head["issued_date"],
        "patient": _patient(head),
        "visit_date": head["visit_date"],
        "period": {"start": head["period_start"], "end": head["period_end"]},
        "department": _department(head),
        "ward": head.get("ward"),
        "patient_class": head["patient_class"],
        # 수익구분 follows the class of encounter unless the hospital books it otherwise
        "revenue_class": head.get("revenue_class") or head["encounter_class"],
    }


def _patient(head: Fields) -> Payload:
    return _present(
        number=head["patient_number"],
        name=head["patient_name"],
        birth_date=head.get("patient_birth_date"),
        sex=head.get("patient_sex"),
    )


def _department(head: Fields) -> Payload:
    return _present(
        code=head["department_code"],
        name=head["department_name"],
        local_code=head.get("department_local_code"),
    )


def _doctor(head: Fields) -> Payload:
    return _present(
        name=head["doctor_name"],
        licence_kind=head.get("doctor_licence_kind"),
        licence_number=head.get("doctor_licence_number"),
    )


def _rounding(head: Fields) -> Payload:
    unit = head.get("rounding_unit")
    if unit is None:
        return {}
    adjustments = {name: head.get(f"rounding_{name}") or 0 for name in _MONEY}
    return {"unit": unit, **adjustments}


def _optional(head: Fields, *names: str) -> Payload:
    return {name: head.get(name) for name in names}


def _present(**fields: Any) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}
