"""From the validator's own errors to `RecordInvalid`: one message for each broken rule, without the
values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        details = error.errors(include_url=False, include_input=False)
        raise RecordInvalid(
            kind.name, [each for detail in details for each in _problems(detail, details)]
        ) from None


def _problems(detail: ErrorDetails, others: Sequence[ErrorDetails]) -> Iterator[Problem]:
    if detail["type"] == "rules":
        yield from detail["ctx"]["problems"]
        return
    place = detail["loc"]
    if detail["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other is not detail for other in others
    ):
        return  # the validator counts valid elements only; the invalid ones are named anyway
    path = ".".join(printable(str(step), 40) for step in place)
    yield Problem(path, detail["type"], _MESSAGES.get(detail["type"], detail["msg"]))
