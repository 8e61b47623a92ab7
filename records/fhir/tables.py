"""The rows of a mapping table, and reading them in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from records.fhir.codecs import SAME, Codec
from records.fhir.document import Document
from records.fhir.errors import FhirInvalid
from records.fhir.paths import Place, get, put, spell

ENTRY = "entry"
"""In the table of `Rows`: the list entry itself."""

RESOURCE = "resource"
"""In the table of `Rows`: the resource of its own that the entry refers to."""


@dataclass(frozen=True, slots=True)
class Map:
    """A field lies at a place of a resource. field: dotted path in the record; node: resource type."""

    field: str
    node: str
    place: Place
    codec: Codec = SAME


@dataclass(frozen=True, slots=True)
class Rows:
    """A list field lies in a list of a resource, one entry for each element.

    resource: type of the resource each entry refers to, by the reference at `link`; empty for none.
    """

    field: str
    node: str
    place: Place
    table: Sequence[Map]
    resource: str = ""
    link: Place = ()


Table = Sequence[Map | Rows]


def fields_of(table: Table) -> Iterator[str]:
    """Paths of the fields a table maps; elements of a list as ``lines.*.name``."""
    for row in table:
        if isinstance(row, Map):
            yield row.field
        else:
            yield from (f"{row.field}.*.{each.field}" for each in row.table)


def write(table: Table, data: Mapping[str, Any], document: Document) -> None:
    """Put every field that has a value where the table says."""
    for row in table:
        if isinstance(row, Map):
            _write_field(row, data, document.node)
        else:
            _write_rows(row, data.get(row.field, ()), document)


def _write_field(row: Map, data: Mapping[str, Any], node: Any) -> None:
    value = dig(data, row.field)
    written = None if value is None else row.codec.to(value)
    if written is not None:
        put(node(row.node), row.place, written)


def _write_rows(row: Rows, elements: Iterable[Mapping[str, Any]], document: Document) -> None:
    entries: list[dict[str, Any]] = []
    for element in elements:
        nodes: dict[str, dict[str, Any]] = {ENTRY: {}}
        if row.resource:
            nodes[RESOURCE] = document.add(row.resource)
            put(nodes[ENTRY], row.link, document.url(nodes[RESOURCE]))
        for each in row.table:
            _write_field(each, element, nodes.__getitem__)
        entries.append(nodes[ENTRY])
    if entries:  # FHIR knows no empty list
        put(document.node(row.node), row.place, entries)


def read(table: Table, document: Document) -> dict[str, Any]:
    """The record's data, as the table finds it in the document; fields that are not there are left out."""
    data: dict[str, Any] = {}
    for row in table:
        if isinstance(row, Map):
            _read_field(row, document.find(row.node), data)
        else:
            data[row.field] = [_read_row(row, entry, document) for entry in _entries(row, document)]
    return data


def _read_field(row: Map, node: Mapping[str, Any] | None, data: dict[str, Any]) -> None:
    found = None if node is None else get(node, row.place)
    if found is None:
        return
    value = row.codec.back(found)
    if value is not None:
        bury(data, row.field, value)


def _entries(row: Rows, document: Document) -> list[Any]:
    node = document.find(row.node)
    entries = None if node is None else get(node, row.place)
    if not isinstance(entries, list):
        raise FhirInvalid(f"{row.node}.{spell(row.place)}", "must be a list")
    return entries


def _read_row(row: Rows, entry: Any, document: Document) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise FhirInvalid(f"{row.node}.{spell(row.place)}", "must hold objects")
    nodes = {ENTRY: entry}
    if row.resource:
        nodes[RESOURCE] = document.resolve(get(entry, row.link), row.resource)
    data: dict[str, Any] = {}
    for each in row.table:
        _read_field(each, nodes[each.node], data)
    return data


def dig(data: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None."""
    current: Any = data
    for step in path.split("."):
        current = current.get(step) if isinstance(current, Mapping) else None
    return current


def bury(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making objects on the way."""
    *steps, last = path.split(".")
    for step in steps:
        data = data.setdefault(step, {})
    data[last] = value
