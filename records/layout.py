"""How a record's fields lie in a credential, read off the labels of its model.

Three ways: always visible, hideable as a whole, or a list whose elements are each hideable. Decided here for
all kinds:

* A hideable field has a disclosure even when it is empty (null). So every credential of a kind has the same
  number of digests, and the count does not tell whether, say, a DRG number was there.
* List elements are disclosed whole: one disclosure per row. One per cell would be four times the size and a
  fifth of the speed, and a row without its amounts is of no use to anybody.
* Where the number of elements tells something by itself (diagnoses), digests are padded with decoys at random
  places. The number of fee rows or lines says little beside the totals, which are always visible, so those
  are not padded.
* Inside a disclosed object or row, fields that have their default value are left out; a field's default is
  part of its kind's version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from records.kinds.base import Kind, Record
from records.labels import Hideable, Label, Parts
from records.sdjwt.disclosures import Salter, decoy
from records.sdjwt.drawing import Draws


class Place(Enum):
    """Where a field goes in the credential."""

    VISIBLE = auto()
    HIDEABLE = auto()
    ELEMENTS = auto()
    PARTS = auto()


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field: its name, label and place, its value when empty, and the plan of its parts."""

    name: str
    label: Label
    place: Place
    empty: Any
    parts: tuple[FieldPlan, ...]


@cache
def plan_of(model: type[BaseModel]) -> tuple[FieldPlan, ...]:
    """The plan of a record's model, or of a part's."""
    return tuple(_field_plan(model, name) for name in model.model_fields)


def _field_plan(model: type[BaseModel], name: str) -> FieldPlan:
    info = model.model_fields[name]
    label = next(each for each in info.metadata if isinstance(each, Label))
    empty = info.default.model_dump(mode="json") if isinstance(info.default, BaseModel) else info.default
    if isinstance(label, Parts):
        assert isinstance(info.annotation, type)
        assert issubclass(info.annotation, BaseModel)
        return FieldPlan(name, label, Place.PARTS, None, plan_of(info.annotation))
    if not isinstance(label, Hideable):
        return FieldPlan(name, label, Place.VISIBLE, empty, ())
    if get_origin(info.annotation) is tuple:
        return FieldPlan(name, label, Place.ELEMENTS, None, ())
    return FieldPlan(name, label, Place.HIDEABLE, empty, ())


def element_model(model: type[BaseModel], name: str) -> type[BaseModel]:
    """The model of the elements of a list field."""
    element: type[BaseModel] = get_args(model.model_fields[name].annotation)[0]
    return element


@cache
def hideable(model: type[Record]) -> Mapping[str, FieldPlan]:
    """Every field with a disclosure of its own by its path (a list by its name): what a patient can choose
    from."""
    return dict(_hideable(plan_of(model), ""))


def _hideable(plan: tuple[FieldPlan, ...], prefix: str) -> Iterator[tuple[str, FieldPlan]]:
    for field in plan:
        if field.place is Place.PARTS:
            yield from _hideable(field.parts, f"{field.name}.")
        elif field.place is not Place.VISIBLE:
            yield prefix + field.name, field


def pack(kind: Kind, record: Record, draws: Draws | None = None) -> tuple[dict[str, Any], list[str]]:
    """The claims of a record with digests in place of what can be hidden, and the disclosures that belong
    to them. draws: where salts and decoys come from, by default the system."""
    plan = plan_of(kind.model)
    visible = {field.name for field in plan if field.place is Place.VISIBLE}
    data = record.model_dump(mode="json", exclude=visible, exclude_defaults=True)
    data |= record.model_dump(mode="json", include=visible)
    salter = Salter.for_about(
        24 + sum(len(data[field.name]) for field in plan if field.place is Place.ELEMENTS), draws
    )
    claims = _pack(plan, data, salter, kind.decoys)
    return claims, salter.disclosures


def _pack(
    plan: tuple[FieldPlan, ...], data: dict[str, Any], salter: Salter, decoys: Mapping[str, int]
) -> dict[str, Any]:
    claims: dict[str, Any] = {}
    digests: list[str] = []
    for field in plan:
        value = data.get(field.name, field.empty)
        if field.place is Place.HIDEABLE:
            digests.append(salter.member(field.name, value))
        elif field.place is Place.ELEMENTS:
            elements = [salter.element(each) for each in value]
            claims[field.name] = _padded(elements, decoys.get(field.name, 1), salter.draws)
        elif field.place is Place.PARTS:
            claims[field.name] = _pack(field.parts, value, salter, {})
        else:
            claims[field.name] = value
    if digests:
        claims["_sd"] = sorted(digests)  # sorted, so that their order does not tell which is which
    return claims


def _padded(elements: list[dict[str, str]], multiple: int, draws: Draws) -> list[dict[str, str]]:
    for _ in range(-len(elements) % multiple):
        elements.insert(draws.below(len(elements) + 1), {"...": decoy(draws)})
    return elements
