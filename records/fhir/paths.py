"""Places in a FHIR resource, and writing and reading them.

A place is a tuple of steps: a text step names an element; an `Item` picks, in a list, the entry that
includes a template, and when writing adds it. So one place serves both directions:

    ("identifier", Item({"system": HIRA}), "value")
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from records.fhir.errors import FhirInvalid


@dataclass(frozen=True, slots=True)
class Item:
    """The entry of a list that includes `template`; the first entry if the template is empty."""

    template: Mapping[str, Any] = field(default_factory=dict)


Step = str | Item
Place = tuple[Step, ...]


def spell(place: Place) -> str:
    """A place for messages."""
    return ".".join("[]" if isinstance(step, Item) else step for step in place)


def put(node: dict[str, Any], place: Place, value: Any) -> None:
    """Write a value, making what is missing on the way."""
    current: Any = node
    for step, after in zip(place, (*place[1:], None), strict=True):
        if isinstance(step, Item):
            current = _entry(current, step)
        elif after is None:
            current[step] = value
        else:
            current = current.setdefault(step, [] if isinstance(after, Item) else {})


def _entry(entries: list[dict[str, Any]], item: Item) -> dict[str, Any]:
    found = next((each for each in entries if includes(each, item.template)), None)
    if found is None:
        found = copy.deepcopy(dict(item.template))
        entries.append(found)
    return found


def get(node: Mapping[str, Any], place: Place) -> Any:
    """Read a value; None where something on the way is absent. Raises `FhirInvalid` where the shape is
    wrong."""
    current: Any = node
    for step in place:
        if current is None:
            return None
        if isinstance(step, Item):
            if not isinstance(current, list):
                raise FhirInvalid(spell(place), "must be a list")
            current = next((each for each in current if includes(each, step.template)), None)
        else:
            if not isinstance(current, Mapping):
                raise FhirInvalid(spell(place), "must be an object")
            current = current.get(step)
    return current


def includes(value: Any, template: Any) -> bool:
    """Whether value has everything that template has: members of objects, and for each list entry one that
    includes it."""
    if isinstance(template, Mapping):
        return isinstance(value, Mapping) and all(
            name in value and includes(value[name], wanted) for name, wanted in template.items()
        )
    if isinstance(template, list):
        return isinstance(value, list) and all(
            any(includes(each, wanted) for each in value) for wanted in template
        )
    return bool(value == template)
