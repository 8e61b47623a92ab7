"""Where each field lies in R4 resources: the places that Saegim's own export writes to, read the other way round.

`records.fhir` says where a record's fields lie; a server has some more (who cancels what, when a row was made), which
are here. A hospital that names a system or an extension otherwise says so under `names` in its mapping file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

from records.fhir.clinical import DIAGNOSIS, VISIT
from records.fhir.form6 import RECEIPT
from records.fhir.paths import Item, Place
from records.fhir.statement import STATEMENT
from records.fhir.systems import extension
from records.fhir.tables import ENTRY, RESOURCE, Map, Rows, Table

__all__ = ["ENTRY", "RESOURCE"]

STAY: Final = "Encounter"
"""The encounter that an invoice was made for."""


class Element(NamedTuple):
    """A place in a resource. node: type of the resource, `ENTRY` or `RESOURCE`."""

    node: str
    place: Place


Elements: TypeAlias = Mapping[str, Sequence[Element]]
"""By field; of several places the first that holds something counts."""


def _flat(table: Table) -> dict[str, list[Element]]:
    """The places of the plain fields of a table, by flattened name."""
    found: dict[str, list[Element]] = {}
    for row in table:
        if isinstance(row, Map):
            found.setdefault(row.field.replace(".", "_"), []).append(Element(row.node, row.place))
    return found


def _rows(table: Table, name: str) -> dict[str, list[Element]]:
    """The places of the fields of a list."""
    (rows,) = (row for row in table if isinstance(row, Rows) and row.field == name)
    return _flat(rows.table)


def reference(name: str) -> Place:
    """The place of the reference in one of our extensions."""
    return (*extension(name, "valueReference"), "reference")


VISIT_ELEMENTS: Final[Elements] = {
    **_flat(VISIT),
    "state": [Element("Encounter", ("status",))],
    "discharge_date": [Element("Encounter", ("period", "end"))],
}
DIAGNOSIS_ELEMENTS: Final[Elements] = _rows(DIAGNOSIS, "diagnoses")
SETTLEMENT_ELEMENTS: Final[Elements] = {
    **_flat(RECEIPT),
    "kind": [Element("Invoice", ("type", "coding"))],
    "issued_at": [Element("Invoice", ("date",))],
    "made_at": [Element("Invoice", extension("made-at", "valueDateTime")), Element("Invoice", ("date",))],
    "settled_date": [
        Element("Invoice", extension("settled-date", "valueDate")),
        Element("Invoice", ("date",)),
    ],
    "original_date": [Element("Invoice", extension("original-date", "valueDate"))],
    "resettles": [Element("Invoice", extension("resettles", "valueBoolean"))],
    "period_start": [Element(STAY, ("period", "start"))],
    "period_end": [Element(STAY, ("period", "end"))],
}
FORM_ROW_ELEMENTS: Final[Elements] = _rows(RECEIPT, "rows")
LINE_ELEMENTS: Final[Elements] = _rows(STATEMENT, "lines")

ENCOUNTER_OF: Final = reference("encounter")
ORIGINAL_OF: Final = reference("original")
STATEMENT_OF: Final = reference("statement")
RECEIPT_OF: Final = reference("receipt")
CANCELLED_AT: Final = extension("cancelled-at", "valueDateTime")


def _names(value: Any) -> Iterator[str]:
    """Systems and extension addresses in a place or in the template of an item."""
    if isinstance(value, Item):
        yield from _names(value.template)
    elif isinstance(value, Mapping):
        yield from (value[key] for key in ("system", "url") if isinstance(value.get(key), str))
        yield from (name for each in value.values() for name in _names(each))
    elif isinstance(value, tuple | list):
        yield from (name for each in value for name in _names(each))


_LINKS: Final = (ENCOUNTER_OF, ORIGINAL_OF, STATEMENT_OF, RECEIPT_OF, CANCELLED_AT)
_TABLES: Final = (
    VISIT_ELEMENTS,
    DIAGNOSIS_ELEMENTS,
    SETTLEMENT_ELEMENTS,
    FORM_ROW_ELEMENTS,
    LINE_ELEMENTS,
)
NAMES: Final = frozenset(
    {
        *(name for place in _LINKS for name in _names(place)),
        *(
            name
            for table in _TABLES
            for places in table.values()
            for element in places
            for name in _names(element.place)
        ),
    }
    - {"phone"}
)
"""Every system and extension address that a mapping may give another name to."""

DESK_NAMES: Final = frozenset(
    {
        "urn:saegim:registration-request",
        "urn:saegim:bill-number",
        *(
            f"urn:saegim:fhir:{name}"
            for name in ("seats", "free-seats", "session", "released", "release-rule", "department")
        ),
    }
)
"""What the relay's questions use beside them."""


def renamed(place: Place, names: Mapping[str, str]) -> Place:
    """The place with the hospital's names in it."""
    if not names:
        return place
    return tuple(
        replace(step, template=_renamed(step.template, names)) if isinstance(step, Item) else step
        for step in place
    )


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: names.get(each, each)
            if key in ("system", "url") and isinstance(each, str)
            else _renamed(each, names)
            for key, each in value.items()
        }
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value
