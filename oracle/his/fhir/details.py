"""What belongs to an Invoice: its rows of Form 6, and the charge items of the statement that explains it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any

from oracle.his.base import Reason
from oracle.his.fhir.bundles import Resource
from oracle.his.fhir.elements import (
    ENTRY,
    FORM_ROW_ELEMENTS,
    LINE_ELEMENTS,
    RECEIPT_OF,
    RESOURCE,
    STATEMENT_OF,
    renamed,
)
from oracle.his.fhir.invoices import CANCELLED, IN_ERROR
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.reading import RowReader, at
from oracle.his.fhir.references import follow, id_of, reference_in, resource_of, same_patient
from oracle.his.fields import FORM_ROW, LINE
from oracle.his.rows import MOST_DETAILS, BadRow, Fields, add_detail


class FormRows:
    """항목별 금액: the line items of an Invoice."""

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self._reader = RowReader(FORM_ROW_ELEMENTS, FORM_ROW, mapping, zone)

    def of(self, pool: Pool, keys: Iterable[str]) -> Mapping[str, list[Fields] | BadRow]:
        """See `DetailSource`."""
        found = {key: self._rows(each) for key, each in _right(pool, keys)}
        return {key: rows for key, rows in found.items() if rows}

    def _rows(self, invoice: Resource) -> list[Fields] | BadRow:
        rows: list[Fields] | BadRow = []
        for entry in line_items(invoice):
            rows = add_detail(rows, self._reader.reading({ENTRY: entry}))
        return rows


class Lines:
    """세부산정내역: the charge items that a statement lists."""

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self._reader = RowReader(LINE_ELEMENTS, LINE, mapping, zone)
        self._lists = mapping.codes["code_list"].values
        self._statement = renamed(STATEMENT_OF, mapping.names)
        self._receipt = renamed(RECEIPT_OF, mapping.names)

    def of(self, pool: Pool, keys: Iterable[str]) -> Mapping[str, list[Fields] | BadRow]:
        """See `DetailSource`."""
        receipts = dict(_right(pool, keys))
        names = {key: self._statement_id(pool, each) for key, each in receipts.items()}
        pool.load("Invoice", (name for name in names.values() if isinstance(name, str)))
        statements = {key: self._found(pool, receipts[key], name) for key, name in names.items()}
        good = [each for each in statements.values() if isinstance(each, dict)]
        pool.load("ChargeItem", _charge_ids(pool, good))
        found = {key: self._rows(pool, each) for key, each in statements.items() if each is not None}
        return {key: rows for key, rows in found.items() if rows}

    def receipt_id(self, pool: Pool, statement: Resource) -> str:
        """The id of the receipt that a statement explains. Raises BadRow."""
        return id_of(
            pool, at({"Invoice": statement}, "Invoice", self._receipt, "receipt"), "Invoice", "receipt"
        )

    def _statement_id(self, pool: Pool, receipt: Resource) -> str | BadRow | None:
        try:
            reference = at({"Invoice": receipt}, "Invoice", self._statement, "statement")
            return None if reference is None else id_of(pool, reference, "Invoice", "statement")
        except BadRow as bad:
            return bad

    def _found(self, pool: Pool, receipt: Resource, name: str | BadRow | None) -> Resource | BadRow | None:
        if name is None or isinstance(name, BadRow):
            return name
        try:
            statement = resource_of(pool, "Invoice", name, "statement")
            same_patient(pool, receipt, statement, "statement.subject")
        except BadRow as bad:
            return bad
        return None if statement.get("status") in (CANCELLED, IN_ERROR) else statement

    def _rows(self, pool: Pool, statement: Resource | BadRow) -> list[Fields] | BadRow:
        if isinstance(statement, BadRow):
            return statement
        rows: list[Fields] | BadRow = []
        for entry in line_items(statement):
            rows = add_detail(rows, self._row(pool, statement, entry))
        return rows

    def _row(self, pool: Pool, statement: Resource, entry: Resource) -> Fields | BadRow:
        try:
            reference = reference_in(entry.get("chargeItemReference"))
            charge = follow(pool, reference, "ChargeItem", "lineItem.chargeItem")
            same_patient(pool, statement, charge, "lineItem.chargeItem.subject")
            return self._reader.read({ENTRY: entry, RESOURCE: self._with_one_code(charge)})
        except BadRow as bad:
            return bad

    def _with_one_code(self, charge: Resource) -> Resource:
        """The charge item with the one coding that is of a known list first."""
        code = charge.get("code")
        codings = code.get("coding") if isinstance(code, dict) else None
        if not isinstance(code, dict) or not isinstance(codings, list):
            raise BadRow(Reason.MISSING, "code")
        known = [each for each in codings if isinstance(each, dict) and each.get("system") in self._lists]
        if not known:
            raise BadRow(Reason.CODE_UNMAPPED, "code_list")
        return {**charge, "code": {**code, "coding": known}}


def _right(pool: Pool, keys: Iterable[str]) -> Iterator[tuple[str, Resource]]:
    """The Invoices of these keys that are there, but for those that never were right: they have no content."""
    for key in keys:
        invoice = pool.get("Invoice", key)
        if isinstance(invoice, dict) and invoice.get("status") != IN_ERROR:
            yield key, invoice


def line_items(invoice: Resource) -> list[Resource]:
    """The line items of an Invoice that are objects; one more than a record takes at the most."""
    listed: Any = invoice.get("lineItem")
    entries: list[Resource] = [
        each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict)
    ]
    return entries[: MOST_DETAILS + 1]


def _charge_ids(pool: Pool, statements: Iterable[Resource]) -> Iterator[str]:
    for statement in statements:
        for entry in line_items(statement):
            try:
                reference = reference_in(entry.get("chargeItemReference"))
                yield id_of(pool, reference, "ChargeItem", "lineItem.chargeItem")
            except BadRow:  # told when the row is read
                continue
