"""From the validator's own errors to `RecordInvalid`: one message for each broken rule, without the
values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from records.errors import Problem, RecordInvalid, printable
from records.kinds.base import Kind, Record

R = TypeVar("R", bound=Record)

_MESSAGES = {
    "extra_forbidden": "no such field",
    "missing": "required",
    "string_pattern_mismatch": "not in the form this field has (or holds characters that no form takes)",
    "string_unicode": "not well-formed Unicode text",
    "string_sub_type": "must be plain text",
}


def validated(
    kind: Kind, model: type[R], data: Mapping[str, Any], *, context: dict[str, Any] | None = None
) -> R:
    """Validate data as this model; raises `RecordInvalid` with every problem."""
    if not isinstance(data, Mapping):
        raise RecordInvalid(kind.name, [Problem("", "not_an_object", "must be a mapping of fields")])
    try:
        return model.model_validate(dict(data), context=context)
    except ValidationError as error:
        problems = [
            problem
            for detail in error.errors(include_url=False, include_input=False)
            for problem in _problems(detail)
        ]
        raise RecordInvalid(kind.name, problems) from None


def _problems(detail: ErrorDetails) -> Iterator[Problem]:
    if detail["type"] == "rules":
        yield from detail["ctx"]["problems"]
        return
    path = ".".join(printable(str(step), 40) for step in detail["loc"])
    yield Problem(path, detail["type"], _MESSAGES.get(detail["type"], detail["msg"]))
