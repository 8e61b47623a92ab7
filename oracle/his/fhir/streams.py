"""From new or changed resources to documents: the streams of `oracle.his.streams`, fed with what FHIR splits up.

A diagnosis document changes when its Encounter or one of its Conditions does, a receipt's statement when the receipt
or the Invoice that itemises it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

from oracle.his import payload
from oracle.his.base import Action, Reason
from oracle.his.fhir.bundles import Resource
from oracle.his.fhir.details import FormRows, Lines
from oracle.his.fhir.invoices import IN_ERROR, Invoices
from oracle.his.fhir.mapping import STATEMENT, FhirMapping
from oracle.his.fhir.pool import Pool
from oracle.his.fhir.reading import instant
from oracle.his.fhir.references import id_of, reference_in
from oracle.his.fhir.visits import OF_DIAGNOSES, Diagnoses, Encounters, load_conditions
from oracle.his.rows import BadRow
from oracle.his.scan import Found
from oracle.his.settlement import Ref
from oracle.his.streams import Made, SettlementStream, VisitStream
from oracle.his.values import BadValue


class EncounterStream:
    """진료이력 and 진단내역, by Encounter."""

    name = "visit"

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self.kinds: Sequence[str] = [kind for kind in ("visit", "diagnosis") if kind in mapping.documents]
        issuer = mapping.issuer()
        self._visits = VisitStream[Pool](
            Encounters(mapping, zone), None, mapping.documents & {"visit"}, issuer
        )
        found = mapping.documents & {"diagnosis"}
        head = Encounters(mapping, zone, OF_DIAGNOSES)
        self._diagnoses = VisitStream[Pool](head, Diagnoses(mapping, zone), found, issuer)

    def make(self, pool: Pool, found: Sequence[Found]) -> Made:
        """See `Stream`."""
        made = self._visits.make(pool, found) if self._visits.kinds else Made()
        made.add(self.diagnoses(pool, [each.key for each in found]))
        return made

    def diagnoses(self, pool: Pool, keys: Sequence[str]) -> Made:
        """The diagnosis documents of these Encounters."""
        if not self._diagnoses.kinds:
            return Made()
        pool.load("Encounter", keys)
        encounters = {key: each for key in keys if isinstance(each := pool.get("Encounter", key), dict)}
        load_conditions(pool, encounters.values())
        latest = {key: changed_at(each) or _NEVER for key, each in encounters.items()}
        for _, condition in pool.all("Condition"):
            key = _encounter(pool, condition) if isinstance(condition, dict) else None
            if key in latest and isinstance(condition, dict):
                latest[key] = max(latest[key], changed_at(condition) or _NEVER)
        return self._diagnoses.make(pool, [Found(key, at) for key, at in latest.items()])


class ConditionStream:
    """진단내역, by Condition."""

    name = "condition"
    kinds: Sequence[str] = ("diagnosis",)

    def __init__(self, encounters: EncounterStream) -> None:
        self._encounters = encounters

    def make(self, pool: Pool, found: Sequence[Found]) -> Made:
        """See `Stream`."""
        pool.load("Condition", (each.key for each in found))
        resources = [pool.get("Condition", each.key) or pool.buried("Condition", each.key) for each in found]
        keys = (_encounter(pool, each) for each in resources if isinstance(each, dict))
        return self._encounters.diagnoses(pool, list(dict.fromkeys(key for key in keys if key is not None)))


class InvoiceStream:
    """계산서, 영수증, 세부산정내역, by Invoice."""

    name = "settlement"

    def __init__(self, mapping: FhirMapping, zone: tzinfo) -> None:
        self._invoices, self._lines = Invoices(mapping, zone), Lines(mapping, zone)
        self._cashier = SettlementStream[Pool](
            self._invoices,
            FormRows(mapping, zone),
            self._lines,
            mapping.documents,
            mapping.issuer(),
            mapping.history_from,
        )
        self.kinds = self._cashier.kinds

    def make(self, pool: Pool, found: Sequence[Found]) -> Made:
        """See `Stream`."""
        pool.load("Invoice", (each.key for each in found))
        made = Made()
        keys = dict.fromkeys(self._acts(pool, found, made))
        made.add(self._cashier.make(pool, [Found(key, at) for key, at in keys]))
        return self._without_errors(pool, made)

    def _acts(self, pool: Pool, found: Iterable[Found], made: Made) -> Iterator[tuple[str, datetime]]:
        """The acts of the cashier among these Invoices; of a statement the receipt that it explains."""
        known: set[str] = set()
        for each in found:
            invoice = pool.get("Invoice", each.key)
            key: str | None = each.key
            if isinstance(invoice, dict):
                try:
                    key = self._act(pool, each, invoice, made)
                except BadRow as bad:
                    made.reject(f"receipt:{each.key}", bad)
                    continue
            if key is not None and key not in known:
                known.add(key)
                yield key, each.changed_at

    def _act(self, pool: Pool, each: Found, invoice: Resource, made: Made) -> str | None:
        try:
            kind = self._invoices.kind(invoice)
        except BadRow:  # told when the row is read
            return each.key
        if kind != STATEMENT:
            return kind and each.key
        receipt = self._lines.receipt_id(pool, invoice)
        if invoice.get("status") != IN_ERROR:
            return receipt
        number = self._invoices.patient_number(pool, each.key, invoice)
        made.documents.append(payload.cancelled(Ref(STATEMENT, receipt), number, each.changed_at))
        return None

    @staticmethod
    def _without_errors(pool: Pool, made: Made) -> Made:
        """What never was right, or was deleted, is only taken back, never issued or missed."""

        def in_error(source_key: str) -> bool:
            invoice = pool.get("Invoice", source_key.partition(":")[2])
            return isinstance(invoice, dict) and invoice.get("status") == IN_ERROR

        missed = Reason.NO_DETAIL.value
        return Made(
            [d for d in made.documents if d.action is Action.CANCEL or not in_error(d.source_key)],
            [r for r in made.rejects if r.reason_code != missed or not in_error(r.source_key)],
        )


_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def changed_at(resource: Resource) -> datetime | None:
    """When a resource last changed, or None if it does not say so in a way that can be read."""
    meta: Any = resource.get("meta")
    try:
        return instant(meta.get("lastUpdated")) if isinstance(meta, dict) else None
    except BadValue:
        return None


def _encounter(pool: Pool, condition: Resource) -> str | None:
    try:
        return id_of(pool, reference_in(condition.get("encounter")), "Encounter", "encounter")
    except BadRow:
        return None
