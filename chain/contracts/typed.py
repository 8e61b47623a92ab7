"""From ABI values to the field types that events and errors declare: moments, enums, addresses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints

from chain.contracts.abi import AbiMismatch

_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1


def moment(seconds: int) -> datetime:
    """A block time as an aware datetime; beyond the year 9999 (a key without an end) the last there is."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)


def moment_or_none(seconds: int) -> datetime | None:
    """A block time, None for zero (never, or open)."""
    return moment(seconds) if seconds else None


@cache
def converters(kind: type) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """(field, conversion) of a class, in the order its fields are declared."""
    hints = get_type_hints(kind)
    names = list(inspect.get_annotations(kind))
    return tuple((name, _conversion(hints[name])) for name in names)


def build(kind: type, values: Sequence[Any]) -> dict[str, Any]:
    """Keyword arguments for `kind` from ABI values in order. Raises AbiMismatch for a value no enum has."""
    try:
        return {name: convert(v) for (name, convert), v in zip(converters(kind), values, strict=True)}
    except ValueError as error:
        raise AbiMismatch(kind.__name__) from error


def _conversion(hint: Any) -> Callable[[Any], Any]:
    if isinstance(hint, UnionType) and datetime in get_args(hint):
        return moment_or_none
    if hint is datetime:
        return moment
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return _same


def _same(value: Any) -> Any:
    return value
