"""The itemised statement as FHIR: a ChargeItem for each line, listed with its shares in an Invoice."""

from __future__ import annotations

from typing import Any

from records import codes
from records.fhir.codecs import DECIMAL, MONEY, table
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
from records.fhir.systems import LOCAL_CODE, extension
from records.fhir.tables import RESOURCE, Map, Rows, Table
from records.kinds.money import COLUMNS

_LISTS = {
    codes.CodeList.PROCEDURE: codes.EDI_PROCEDURE,
    codes.CodeList.DRUG: codes.EDI_DRUG,
    codes.CodeList.MATERIAL: codes.EDI_MATERIAL,
    codes.CodeList.LOCAL: LOCAL_CODE,
}

_LINE: tuple[Map, ...] = (
    Map("item", RESOURCE, extension("item", "valueString")),
    Map("item_number", RESOURCE, extension("item-number", "valueString")),
    Map("sub_item_number", RESOURCE, extension("sub-item-number", "valueString")),
    Map("date", RESOURCE, ("occurrenceDateTime",)),
    Map(
        "code_list",
        RESOURCE,
        ("code", "coding", Item(), "system"),
        table({str(k): v for k, v in _LISTS.items()}),
    ),
    Map("code", RESOURCE, ("code", "coding", Item(), "code")),
    Map("name", RESOURCE, ("code", "text")),
    Map("unit_price", RESOURCE, extension("unit-price", "valueMoney"), MONEY),
    Map("dose", RESOURCE, extension("dose", "valueDecimal"), DECIMAL),
    Map("times", RESOURCE, ("quantity", "value"), DECIMAL),
    Map("days", RESOURCE, extension("days", "valueInteger")),
    Map("amount", RESOURCE, ("priceOverride",), MONEY),
    Map("coverage", RESOURCE, extension("coverage", "valueCode")),
    *LINE_COLUMNS,
)

STATEMENT: Table = (
    *INSTITUTION,
    *PATIENT,
    *ENCOUNTER,
    *PERIOD_OF,
    *DEPARTMENT,
    *PATIENT_CLASS,
    *WARD,
    Map("issued_date", "Invoice", ("date",)),
    Map("receipt_number", "Invoice", extension("receipt-number", "valueString")),
    Map("revenue_class", "Invoice", extension("revenue-class", "valueCode")),
    Map("remark", "Invoice", ("note", Item(), "text")),
    Map("applicant.name", "Invoice", ("participant", Item(), "actor", "display")),
    Map("applicant.relation", "Invoice", ("participant", Item(), "role", "text")),
    Rows("lines", "Invoice", ("lineItem",), _LINE, "ChargeItem", ("chargeItemReference", "reference")),
    *(Map(f"subtotal.{column}", "Invoice", total(f"subtotal-{column}"), MONEY) for column in COLUMNS),
    Map("subtotal.amount", "Invoice", total("subtotal"), MONEY),
    *ROUNDING,
    *TOTAL_COLUMNS,
    Map("totals.amount", "Invoice", total("total"), MONEY),
)


def dress_statement(document: Document, data: dict[str, Any]) -> None:
    """Each charge item names its patient and visit."""
    dress_invoice(document, status="issued", gross=data["totals"]["amount"])
    for charge in document.resources:
        if charge["resourceType"] == "ChargeItem":
            charge["status"] = "billed"
            charge["subject"] = document.refer("Patient")
            charge["context"] = document.refer("Encounter")
            charge["code"]["coding"][0]["display"] = charge["code"]["text"]
