"""Invoices as the rows of `oracle.his.streams.SettlementStream`.

An Invoice is one act of the cashier; which, says its type. Two ways of taking one back are understood:

* as Korean cashiers do: an Invoice of its own mirrors it with minus, and a third settles anew;
* as R4 has it: its status becomes `cancelled` (an Invoice that refers to it then takes its place, if there is one) or
  `entered-in-error` (it never was right). Then a mirror is put in its place here, so that both mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from oracle.his.base import Reason
from oracle.his.fhir.bundles import Resource
from oracle.his.fhir.elements import (
    CANCELLED_AT,
    ENCOUNTER_OF,
    ORIGINAL_OF,
    SETTLEMENT_ELEMENTS,
    STAY,
    renamed,
)
from oracle.his.fhir.mapping import STATEMENT, FhirMapping
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.reading import Nodes, RowReader, at, instant
from oracle.his.fhir.references import contained, follow, id_of, ids_of, reference_in
from oracle.his.fields import AMOUNTS, SETTLEMENT
from oracle.his.rows import BadRow, Fields
from oracle.his.settlement import DOCUMENT_OF, RowKind
from oracle.his.values import BadValue

ENDED: Final = "~ended"
"""Follows the id of an Invoice in the key of the mirror that its status stands for; no id has this character."""
DRAFT: Final = "draft"
CANCELLED: Final = "cancelled"
IN_ERROR: Final = "entered-in-error"
_STATUSES: Final = (DRAFT, "issued", "balanced", CANCELLED, IN_ERROR)
_MONEY_ONLY: Final = (RowKind.DEPOSIT, RowKind.PROVISIONAL)


class Invoices:
    """One row for each Invoice that is an act of the cashier, and one for each end that a status stands for."""

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self._reader = RowReader(SETTLEMENT_ELEMENTS, SETTLEMENT, mapping, zone)
        self._parameter = mapping.original_parameter
        places = (ENCOUNTER_OF, ORIGINAL_OF, CANCELLED_AT)
        self._encounter, self._original, self._cancelled_at = (
            renamed(each, mapping.names) for each in places
        )

    def by_key(self, pool: Pool, keys: Iterable[str]) -> Iterator[tuple[str, Fields | BadRow]]:
        """See `HeadSource`."""
        wanted = list(keys)
        pool.load("Invoice", [key.removesuffix(ENDED) for key in wanted])
        self.load_around(pool, wanted)
        for key in wanted:
            invoice = pool.get("Invoice", key)
            if invoice is not None and not self._is_other(invoice):
                yield key, invoice if isinstance(invoice, BadRow) else self._row(pool, key, invoice)

    def referring(self, pool: Pool, keys: Iterable[str]) -> Iterator[tuple[str, Fields | BadRow]]:
        """See `HeadSource`."""
        wanted = {key for key in keys if not key.endswith(ENDED)}
        self._search(pool, wanted)
        found = [key for key, each in pool.all("Invoice") if self._refers(pool, each) in wanted]
        yield from self.by_key(pool, found)
        for key in sorted(wanted):
            invoice = pool.get("Invoice", key)
            if isinstance(invoice, dict) and invoice.get("status") in (CANCELLED, IN_ERROR):
                end = self._end(pool, key, invoice)
                if end is not None:
                    yield f"{key}{ENDED}", end

    def kind(self, invoice: Resource) -> str | None:
        """What the type of an Invoice means. Raises BadRow."""
        found: str | None = self._reader.one("kind", {"Invoice": invoice})
        return found

    def patient_number(self, pool: Pool, key: str, invoice: Resource) -> str:
        """The number of the patient that an Invoice is for. Raises BadRow."""
        self.load_around(pool, [key])
        patient = follow(pool, reference_in(invoice.get("subject")), "Patient", "subject")
        found: str = self._reader.one("patient_number", {"Patient": patient})
        return found

    def load_around(self, pool: Pool, keys: Iterable[str]) -> None:
        """Load the patients of these Invoices, and the encounters that are no part of them."""
        invoices = [each for key in keys if isinstance(each := pool.get("Invoice", key), dict)]
        pool.load("Patient", ids_of(pool, invoices, "subject", "Patient"))
        pool.load("Encounter", self._encounter_ids(pool, invoices))

    def _encounter_ids(self, pool: Pool, invoices: Iterable[Resource]) -> Iterator[str]:
        for invoice in invoices:
            try:
                reference = at({"Invoice": invoice}, "Invoice", self._encounter, "encounter")
                yield id_of(pool, reference, "Encounter", "encounter")
            except BadRow:  # contained, or told when the row is read
                continue

    def _search(self, pool: Pool, keys: Iterable[str]) -> None:
        """Load the Invoices that may refer to these."""
        if self._parameter is not None:
            pool.search("Invoice", self._parameter, (f"Invoice/{key}" for key in sorted(keys)))
            return
        invoices = [each for key in sorted(keys) if isinstance(each := pool.get("Invoice", key), dict)]
        patients = dict.fromkeys(ids_of(pool, invoices, "subject", "Patient"))
        pool.search("Invoice", "patient", (f"Patient/{id_}" for id_ in patients))

    def _is_other(self, invoice: Resource | BadRow) -> bool:
        """Whether this is no act of the cashier, as far as can be told."""
        if isinstance(invoice, BadRow):
            return False
        try:
            return self.kind(invoice) in (None, STATEMENT)
        except BadRow:
            return False

    def _refers(self, pool: Pool, invoice: Resource | BadRow) -> str | None:
        if isinstance(invoice, BadRow):
            return None
        try:
            return self._original_of(pool, invoice)
        except BadRow:
            return None

    def _original_of(self, pool: Pool, invoice: Resource) -> str | None:
        reference = at({"Invoice": invoice}, "Invoice", self._original, "original")
        return None if reference is None else id_of(pool, reference, "Invoice", "original")

    def _row(self, pool: Pool, key: str, invoice: Resource) -> Fields | BadRow:
        try:
            return self._fields(pool, key, invoice)
        except BadRow as bad:
            return bad

    def _fields(self, pool: Pool, key: str, invoice: Resource) -> Fields:
        status, kind = _status(invoice), RowKind(self.kind(invoice) or "")
        patient = follow(pool, reference_in(invoice.get("subject")), "Patient", "subject")
        nodes: dict[str, Resource] = {"Invoice": invoice, "Patient": patient}
        if kind in _MONEY_ONLY or status == IN_ERROR:
            return self._bare(pool, kind, nodes)
        nodes[STAY] = self._stay(pool, invoice)
        fields = self._reader.read(nodes)
        fields["original"] = self._original_of(pool, invoice)
        if status == DRAFT:
            fields["issued_at"] = None
        elif kind in DOCUMENT_OF and fields["issued_at"] is None:
            raise BadRow(Reason.MISSING, "issued_at")
        if kind in DOCUMENT_OF and fields["issued_at"] is not None and fields["number"] is None:
            raise BadRow(Reason.MISSING, "number")
        return fields

    def _bare(self, pool: Pool, kind: RowKind, nodes: Nodes) -> Fields:
        """What is needed of an Invoice that is no document, or shall be none."""
        one = self._reader.one
        return {
            "kind": kind,
            "patient_number": one("patient_number", nodes),
            "made_at": one("made_at", nodes),
            "issued_at": one("issued_at", nodes),
            "original": self._original_of(pool, nodes["Invoice"]),
            **dict.fromkeys(AMOUNTS, 0),
        }

    def _stay(self, pool: Pool, invoice: Resource) -> Resource:
        reference = at({"Invoice": invoice}, "Invoice", self._encounter, "encounter")
        if isinstance(reference, str) and reference.startswith("#"):
            return contained(invoice, reference, "Encounter", "encounter")
        return follow(pool, reference, "Encounter", "encounter")

    def _end(self, pool: Pool, key: str, invoice: Resource) -> Fields | None:
        """The mirror that a status stands for; None if the Invoice itself can not be read."""
        row = self._row(pool, key, invoice)
        if isinstance(row, BadRow) or row["kind"] not in DOCUMENT_OF:
            return None
        return {
            "kind": RowKind.MIRROR,
            "patient_number": row["patient_number"],
            "made_at": self._ended_at(invoice) or row["made_at"],
            "issued_at": None,
            "original": key,
            "resettles": False if invoice.get("status") == IN_ERROR else None,
            **{name: -row[name] for name in AMOUNTS},
        }

    def _ended_at(self, invoice: Resource) -> datetime | None:
        """When an Invoice was cancelled: as it says itself, else when it last changed."""
        meta: Any = invoice.get("meta")
        changed = meta.get("lastUpdated") if isinstance(meta, Mapping) else None
        try:
            return instant(at({"Invoice": invoice}, "Invoice", self._cancelled_at, "") or changed)
        except (BadRow, BadValue):
            return None


def _status(invoice: Resource) -> str:
    status = invoice.get("status")
    if status is None:
        raise BadRow(Reason.MISSING, "status")
    if not isinstance(status, str) or status not in _STATUSES:
        raise BadRow(Reason.CODE_UNMAPPED, "status")
    return status
