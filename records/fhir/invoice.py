"""Where money lies: an Invoice, whose price components carry the four columns and the circled sums of Form
6."""

from __future__ import annotations

from typing import Any

from records.fhir.codecs import MONEY
from records.fhir.document import Document
from records.fhir.paths import Item, Place
from records.fhir.systems import PRICE, concept, extension
from records.fhir.tables import ENTRY, Map, Table
from records.kinds.money import COLUMNS


def price(code: str, *, base: bool = False) -> Item:
    """The price component that holds one amount. base: part of the price; else a sum or share, for
    information."""
    return Item({"type": "base" if base else "informational", "code": concept(PRICE, code)})


def total(code: str, *, base: bool = False) -> Place:
    """The place of an amount of the whole invoice."""
    return ("totalPriceComponent", price(code, base=base), "amount")


LINE_COLUMNS = tuple(
    Map(column, ENTRY, ("priceComponent", price(column, base=True), "amount"), MONEY) for column in COLUMNS
)

TOTAL_COLUMNS: Table = tuple(
    Map(f"totals.{column}", "Invoice", total(column, base=True), MONEY) for column in COLUMNS
)

ROUNDING: Table = (
    Map("rounding.unit", "Invoice", extension("rounding-unit", "valueInteger")),
    *(Map(f"rounding.{column}", "Invoice", total(f"rounding-{column}"), MONEY) for column in COLUMNS),
)


def dress_invoice(document: Document, *, status: str, gross: int) -> dict[str, Any]:
    """Status, parties and total. Medical care is free of value added tax, so gross and net are the same."""
    invoice = document.node("Invoice")
    invoice["status"] = status
    invoice["subject"] = document.refer("Patient")
    invoice["issuer"] = document.refer("Organization")
    invoice["totalNet"] = invoice["totalGross"] = MONEY.to(gross)
    for number, line in enumerate(invoice.get("lineItem", ()), start=1):
        line["sequence"] = number
    return invoice
