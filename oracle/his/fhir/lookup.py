"""Reading the same places of thousands of resources: lists are indexed once for each row, not searched for each field.

`records.fhir.paths.get` says what a place means; this gives the same, sooner. Most places begin with an entry of a
list that is named by one thing: an extension by its address, an identifier by its system, a price by its code.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, TypeAlias

from oracle.his.fhir.bundles import Resource
from records.fhir.errors import FhirInvalid
from records.fhir.paths import Item, Place, get, spell

Index: TypeAlias = dict[tuple[int, str], dict[Hashable, Any]]
"""By resource and list: the first entry of each name. Lives as long as the row that is read."""
Find: TypeAlias = Callable[[Resource, Index], Any]


def finder(place: Place) -> Find:
    """How to read a place. Raises FhirInvalid where the shape is wrong, as `get` does."""
    name = _name_in(place[1].template) if len(place) > 2 and isinstance(place[1], Item) else None
    if name is None or not isinstance(place[0], str):
        return lambda resource, index: get(resource, place)
    element, rest = place[0], place[2:]

    def find(resource: Resource, index: Index) -> Any:
        entries = index.get((id(resource), element))
        if entries is None:
            listed = resource.get(element)
            if listed is not None and not isinstance(listed, list):
                raise FhirInvalid(spell(place), "must be a list")
            entries = index[id(resource), element] = _indexed(listed or ())
        found = entries.get(name)
        return None if found is None else get(found, rest)

    return find


def _indexed(listed: Any) -> dict[Hashable, Any]:
    entries: dict[Hashable, Any] = {}
    for entry in listed:
        if isinstance(entry, Mapping):
            for name in _names_of(entry):
                entries.setdefault(name, entry)
    return entries


def _names_of(entry: Mapping[str, Any]) -> Iterator[Hashable]:
    """Every name that a template may know an entry by."""
    for key in ("url", "system"):
        if isinstance(entry.get(key), str):
            yield key, entry[key]
    code = entry.get("code")
    codings = code.get("coding") if isinstance(code, Mapping) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, Mapping):
            named = (entry.get("type"), coding.get("system"), coding.get("code"))
            if all(isinstance(each, str) for each in named):
                yield "price", *named


def _name_in(template: Mapping[str, Any]) -> Hashable | None:
    """The name of a template that asks for one thing; None for any other."""
    if len(template) == 1:
        ((key, value),) = template.items()
        return (key, value) if key in ("url", "system") and isinstance(value, str) else None
    if template.keys() != {"type", "code"} or not isinstance(template["code"], Mapping):
        return None
    codings = template["code"].get("coding")
    if template["code"].keys() != {"coding"} or not isinstance(codings, list) or len(codings) != 1:
        return None
    coding = codings[0]
    return (
        ("price", template["type"], coding["system"], coding["code"])
        if coding.keys() == {"system", "code"}
        else None
    )
