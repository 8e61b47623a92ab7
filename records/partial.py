"""Records of which the holder showed only a part.

A partly disclosed record is an instance of its kind's own class, so `record.total` reads the same. A field
that was left out holds `HIDDEN`, a list holds the elements that were shown, and rules that need something
hidden are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any, Final, TypeGuard

from pydantic import BaseModel, Field, create_model

from records.kinds.base import Kind, Record
from records.kinds.problems import validated
from records.layout import FieldPlan, Place, element_model, plan_of


class Hidden(Enum):
    """The type of `HIDDEN`."""

    HIDDEN = "hidden"

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "(가려짐)"


HIDDEN: Final = Hidden.HIDDEN
"""Stands in a field that the holder did not disclose. Unlike None, which says that the field is empty."""


def is_hidden(value: object) -> TypeGuard[Hidden]:
    """Whether a field was left out of the presentation."""
    return value is HIDDEN


@cache
def partial_model(model: type[BaseModel]) -> type[BaseModel]:
    """The class of partly disclosed instances of a model: a subclass whose hideable fields may be hidden."""
    overrides: dict[str, Any] = {}
    for field in plan_of(model):
        override = _override(model, field)
        if override is not None:
            overrides[field.name] = override
    return create_model(model.__name__, __base__=model, __module__=model.__module__, **overrides)


def _override(model: type[BaseModel], field: FieldPlan) -> Any:
    info = model.model_fields[field.name]
    if field.place is Place.HIDEABLE:
        # defaults are not validated, so HIDDEN gets in by default only: no input can say it
        return (info.rebuild_annotation(), Field(default=HIDDEN))
    if field.place is Place.ELEMENTS:
        return (tuple[element_model(model, field.name), ...], ())  # type: ignore[misc]
    if field.place is Place.PARTS:
        assert isinstance(info.annotation, type)
        assert issubclass(info.annotation, BaseModel)
        return (partial_model(info.annotation), ...)
    return None


def partial_record(kind: Kind, data: Mapping[str, Any], hidden: frozenset[str]) -> Record:
    """A record of which the paths in `hidden` are missing; raises `RecordInvalid`."""
    model = partial_model(kind.model)
    assert issubclass(model, Record)
    return validated(kind, model, data, context={"hidden": hidden})


def disclosed(record: BaseModel) -> dict[str, Any]:
    """What is to be seen of a record, as plain JSON data: hidden fields are absent."""
    return record.model_dump(mode="json", exclude=_hidden_tree(record))


def hidden_fields(record: BaseModel) -> frozenset[str]:
    """Dotted paths of the fields that hold `HIDDEN`. (List elements that were left out are not counted
    here.)"""
    return frozenset(_flat(_hidden_tree(record), ""))


def _hidden_tree(part: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if is_hidden(value):
            found[name] = True
        elif isinstance(value, BaseModel) and (inner := _hidden_tree(value)):
            found[name] = inner
    return found


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, inner in tree.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield prefix + name
