"""The whole document: a Bundle of type document whose Composition says which kind of record it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from records.fhir.clinical import DIAGNOSIS, VISIT, dress_diagnosis, dress_visit
from records.fhir.document import Document
from records.fhir.errors import FhirInvalid
from records.fhir.form6 import BILL, RECEIPT, dress_bill, dress_receipt
from records.fhir.paths import Item, get
from records.fhir.people import dress_people
from records.fhir.statement import STATEMENT, dress_statement
from records.fhir.systems import DOCUMENT_KIND, concept
from records.fhir.tables import Table, read, write
from records.kinds import KINDS, Kind, Record, kind_of
from records.kinds.problems import validated
from records.partial import disclosed, hidden_fields


@dataclass(frozen=True, slots=True)
class FhirMapping:
    """How one kind is written. table: where each field lies; dress: adds what the record does not say."""

    table: Table
    dress: Callable[[Document, dict[str, Any]], None]


MAPPINGS: Final[Mapping[str, FhirMapping]] = {
    "visit": FhirMapping(VISIT, dress_visit),
    "receipt": FhirMapping(RECEIPT, dress_receipt),
    "bill": FhirMapping(BILL, dress_bill),
    "statement": FhirMapping(STATEMENT, dress_statement),
    "diagnosis": FhirMapping(DIAGNOSIS, dress_diagnosis),
}
"""By the kind's name."""


def to_fhir(record: Record, *, identifier: UUID, timestamp: datetime) -> dict[str, Any]:
    """The record as a FHIR R4 document, as plain JSON data.

    identifier: the document's id; the same id gives the same document byte for byte. timestamp: aware.
    Of a partly disclosed record only what was shown is written, with the reason of absence "masked".
    """
    kind = kind_of(record)
    mapping = MAPPINGS[kind.name]
    data = disclosed(record)
    document = Document(identifier)
    composition = document.add("Composition")
    write(mapping.table, data, document)
    dress_people(document, data, hidden_fields(record))
    mapping.dress(document, data)
    _compose(composition, document, kind, data, timestamp)
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identifier}"},
        "type": "document",
        "timestamp": timestamp.isoformat(timespec="seconds"),
        "entry": [{"fullUrl": document.url(each), "resource": each} for each in document.resources],
    }


def _compose(
    composition: dict[str, Any], document: Document, kind: Kind, data: Mapping[str, Any], timestamp: datetime
) -> None:
    composition |= {
        "status": "final",
        "type": concept(DOCUMENT_KIND, kind.vct, kind.title.ko),
        "subject": document.refer("Patient"),
        "encounter": document.refer("Encounter"),
        "date": data.get("issued_date") or timestamp.isoformat(timespec="seconds"),
        "author": [document.refer("Organization")],
        "custodian": document.refer("Organization"),
        "title": kind.title.ko,
        "section": [{"title": kind.title.ko, "entry": _main_entries(kind, document)}],
    }


def _main_entries(kind: Kind, document: Document) -> list[dict[str, str]]:
    found = [each for each in document.resources if each["resourceType"] == kind.fhir]
    return [{"reference": document.url(each)} for each in found]


def from_fhir(bundle: object) -> Record:
    """Read a document that `to_fhir` could have written; raises `FhirInvalid` or `RecordInvalid`."""
    document = Document.of_bundle(bundle)
    vct = get(document.resources[0], ("type", "coding", Item({"system": DOCUMENT_KIND}), "code"))
    kind = KINDS.get(vct) if isinstance(vct, str) else None
    if kind is None:
        raise FhirInvalid("Composition.type", "names no kind of document known here")
    return validated(kind, kind.model, read(MAPPINGS[kind.name].table, document))
