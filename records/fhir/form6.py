"""Bill and receipt (Form 6) as FHIR: an Invoice with one line item for each row of the form."""

from __future__ import annotations

from typing import Any

from records.codes import FEE_NAMES, FeeItem
from records.fhir.codecs import MONEY
from records.fhir.document import Document
from records.fhir.invoice import LINE_COLUMNS, ROUNDING, TOTAL_COLUMNS, dress_invoice, total
from records.fhir.paths import Item
from records.fhir.people import (
    DEPARTMENT,
    ENCOUNTER,
    INSTITUTION,
    PATIENT,
    PATIENT_CLASS,
    PERIOD_OF,
    WARD,
)
from records.fhir.systems import FEE_ITEM, FORM_NUMBER, extension
from records.fhir.tables import ENTRY, Map, Rows, Table

_FEE: tuple[Map, ...] = (
    Map("item", ENTRY, ("chargeItemCodeableConcept", "coding", Item({"system": FEE_ITEM}), "code")),
    *LINE_COLUMNS,
)

FORM6: Table = (
    *INSTITUTION,
    *PATIENT,
    *ENCOUNTER,
    *PERIOD_OF,
    *DEPARTMENT,
    *PATIENT_CLASS,
    *WARD,
    Map("night", "Encounter", extension("night", "valueBoolean")),
    Map("holiday", "Encounter", extension("holiday", "valueBoolean")),
    Map("stay", "Encounter", extension("stay", "valueCode")),
    Map("number", "Invoice", ("identifier", Item({"system": FORM_NUMBER}), "value")),
    Map("reissue", "Invoice", extension("reissue", "valueInteger")),
    Map("issued_date", "Invoice", ("date",)),
    Map("drg", "Invoice", extension("drg", "valueString")),
    Map("revenue_class", "Invoice", extension("revenue-class", "valueCode")),
    Map("note", "Invoice", ("note", Item(), "text")),
    Rows("rows", "Invoice", ("lineItem",), _FEE),
    *ROUNDING,
    *TOTAL_COLUMNS,
    Map("ceiling_excess", "Invoice", total("ceiling-excess"), MONEY),
    Map("total", "Invoice", total("total"), MONEY),
    Map("insurer_total", "Invoice", total("insurer-total"), MONEY),
    Map("patient_total", "Invoice", total("patient-total"), MONEY),
    Map("already_paid", "Invoice", total("already-paid"), MONEY),
    Map("due", "Invoice", total("due"), MONEY),
)

RECEIPT: Table = (
    *FORM6,
    Map("settled_date", "Invoice", extension("settled-date", "valueDate")),
    Map("paid.card", "Invoice", total("paid-card"), MONEY),
    Map("paid.cash_receipt", "Invoice", total("paid-cash-receipt"), MONEY),
    Map("paid.cash", "Invoice", total("paid-cash"), MONEY),
    Map("paid.total", "Invoice", total("paid"), MONEY),
    Map("outstanding", "Invoice", total("outstanding"), MONEY),
    Map("cash_receipt_approval", "Invoice", extension("cash-receipt-approval", "valueString")),
)

BILL: Table = FORM6


def dress_bill(document: Document, data: dict[str, Any]) -> None:
    """A bill is issued and waits for payment."""
    _dress(document, data, "issued")


def dress_receipt(document: Document, data: dict[str, Any]) -> None:
    """A receipt is balanced, unless something was left unpaid."""
    _dress(document, data, "issued" if data["outstanding"] else "balanced")


def _dress(document: Document, data: dict[str, Any], status: str) -> None:
    invoice = dress_invoice(document, status=status, gross=data["total"])
    for line in invoice.get("lineItem", ()):
        coding = line["chargeItemCodeableConcept"]["coding"][0]
        coding["display"] = FEE_NAMES[FeeItem(coding["code"])]
