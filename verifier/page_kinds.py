"""Kinds of document for the static page: fields with their names, types and defaults, read off the models.

A type is read from the model's own validator, so the page refuses the same values. The rules over several fields
(sums of the form) are code and stay here; verifier/page/README.md says so to whoever relies on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from records import codes, text
from records.kinds import diagnosis, parts
from records.kinds.base import Kind
from records.labels import Hideable, Label, Parts
from verifier.document import _code_text

_CHECKS: Mapping[Callable[..., Any], str] = {
    text._plain_text: "plain",
    text._real_date: "date",
    text._real_moment: "moment",
    text._quantity: "quantity",
    parts._hira_department: "department",
    diagnosis._kcd: "kcd",
}
"""What the page knows to check (verifier/page/src/records/texts.js), by the function that does it here."""


class PageDataError(Exception):
    """A kind of document uses something that the page was not taught. `what`: its name; teach it in
    verifier/page_kinds.py and verifier/page/src/records."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the static page does not know {what}; add it to verifier/page_kinds.py and the page"
        )
        self.what = what


def kind_data(kind: Kind) -> dict[str, Any]:
    """One kind: name, title, fields."""
    return {
        "name": kind.name,
        "ko": kind.title.ko,
        "en": kind.title.en,
        "fields": _fields(kind.model, {}),
    }


def _fields(model: type[BaseModel], refs: dict[str, Any]) -> list[dict[str, Any]]:
    described = _model_fields(model.__pydantic_core_schema__, refs)
    return [_field(model, name, described[name]["schema"], refs) for name in model.model_fields]


def _model_fields(schema: Mapping[str, Any], refs: dict[str, Any]) -> Mapping[str, Any]:
    """The fields of a model's validator, which may stand inside other validators."""
    while schema["type"] != "model-fields":
        if schema["type"] == "definitions":
            refs.update({each["ref"]: each for each in schema["definitions"]})
        elif schema["type"] == "definition-ref":
            schema = refs[schema["schema_ref"]]
            continue
        elif schema["type"] not in ("model", "function-after"):
            raise PageDataError(f"a model inside {schema['type']!r}")
        schema = schema["schema"]
    fields: Mapping[str, Any] = schema["fields"]
    return fields


def _field(
    model: type[BaseModel], name: str, schema: Mapping[str, Any], refs: dict[str, Any]
) -> dict[str, Any]:
    info = model.model_fields[name]
    label = next(each for each in info.metadata if isinstance(each, Label))
    kind = _type(schema, refs)
    place = "visible"
    if isinstance(label, Parts):
        place = "parts"
    elif isinstance(label, Hideable):
        place = "elements" if kind["is"] == "list" else "hideable"
    found = {"name": name, "ko": label.ko, "en": label.en, "place": place, "type": kind}
    if info.default is not PydanticUndefined:
        found["default"] = _plain(info.default)
    return found


def _type(schema: Mapping[str, Any], refs: dict[str, Any]) -> dict[str, Any]:
    """A value's type; `checks` are applied in order after the text's own limits, `before` ahead of them."""
    match schema["type"]:
        case "default":
            return _type(schema["schema"], refs)
        case "definition-ref":
            return _type(refs[schema["schema_ref"]], refs)
        case "nullable":
            return {**_type(schema["schema"], refs), "nullable": True}
        case "model":
            return {"is": "part", "fields": _fields(schema["cls"], refs)}
        case "tuple":
            return _list(schema, refs)
        case "chain":
            return _chain(schema, refs)
        case "function-after":
            inner = _type(schema["schema"], refs)
            return {**inner, "checks": [*inner.get("checks", []), _check(schema)]}
        case "function-wrap" | "function-before":
            return _type(schema["schema"], refs)
        case _:
            return _scalar(schema)


def _scalar(schema: Mapping[str, Any]) -> dict[str, Any]:
    match schema["type"]:
        case "str":
            limits = {"min": "min_length", "max": "max_length", "pattern": "pattern"}
            return {"is": "text", **{name: schema[key] for name, key in limits.items() if key in schema}}
        case "int" if schema.get("strict"):
            return {"is": "int", "min": schema["ge"], "max": schema["le"]}
        case "bool" if schema.get("strict"):
            return {"is": "bool"}
        case "literal":
            return {"is": "one-of", "values": list(schema["expected"])}
        case "enum":
            return {"is": "code", "values": {member.value: _texts(member) for member in schema["members"]}}
        case other:
            raise PageDataError(f"values of type {other!r}")


def _texts(member: Enum) -> list[str]:
    """A coded value as it is shown to a reader of Korean and of English."""
    return [_code_text(member, "ko"), _code_text(member, "en")]


def _list(schema: Mapping[str, Any], refs: dict[str, Any]) -> dict[str, Any]:
    """A tuple of any length whose elements are all of one type."""
    (element,) = schema["items_schema"]
    return {
        "is": "list",
        "of": _type(element, refs),
        "min": schema.get("min_length", 0),
        "max": schema["max_length"],
    }


def _chain(schema: Mapping[str, Any], refs: dict[str, Any]) -> dict[str, Any]:
    """A function that prepares the value, then its type."""
    first, then = schema["steps"]
    if first["type"] != "function-before":
        raise PageDataError(f"a chain that begins with {first['type']!r}")
    return {**_type(then, refs), "before": _check(first)}


def _check(schema: Mapping[str, Any]) -> str:
    function = schema["function"]["function"]
    if function not in _CHECKS:
        raise PageDataError(f"the check {function.__qualname__!r}")
    return _CHECKS[function]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return value.value if isinstance(value, Enum) else value


def departments() -> list[str]:
    """HIRA's department codes, which the check "department" looks up."""
    return sorted(codes.DEPARTMENTS)
