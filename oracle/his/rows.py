"""From a row of the hospital's values to plain fields, whichever way the row came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from oracle.his.base import Reason
from oracle.his.fields import Field, Type
from oracle.his.mapping import Column
from oracle.his.values import BadValue, Convert, TextRules, coded, day, moment, quantity, text, when, won

MOST_DETAILS: Final = 2_000
"""Detail rows of one document; a record takes no more."""

_LONGEST_KEY = 60

Fields: TypeAlias = dict[str, Any]


class BadRow(Exception):
    """A row that can not be mapped. reason and field say what is wrong where; no value is kept."""

    def __init__(self, reason: Reason, field: str) -> None:
        self.reason = reason
        self.field = field
        super().__init__(f"{field}: {reason}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a hospital's mapping says for all its rows."""

    text: TextRules
    zone: ZoneInfo

    def of(self, field: Field, source: Column) -> Convert:
        """How to read a column into a field."""
        if field.type is Type.TEXT:
            return text(self.text, field.longest)
        if field.type is Type.CODE:
            return self._code(field, source)
        return {
            Type.WON: won,
            Type.QUANTITY: quantity,
            Type.DAY: day,
            Type.WHEN: when(self.zone),
            Type.MOMENT: moment(self.zone),
        }[field.type]

    def _code(self, field: Field, source: Column) -> Convert:
        if source.values is None and source.strict:
            return text(self.text, field.longest)
        return coded(self.text, source.values or {}, source.otherwise, strict=source.strict)


_Step: TypeAlias = tuple[str, Convert, bool, Any]
"""Field, how to read it, whether it may be empty, what an empty column means."""


class RowReader:
    """A compiled list of columns: which to take, in `names`, and how to read their values."""

    def __init__(
        self, columns: Mapping[str, Column], known: Mapping[str, Field], conversion: Conversion
    ) -> None:
        used = {name: source for name, source in columns.items() if source.column is not None}
        self._constants = {name: source.constant for name, source in columns.items() if source.column is None}
        self.names: list[str] = [str(source.column) for source in used.values()]
        self._steps: list[_Step] = [
            (name, conversion.of(known[name], source), known[name].nullable, _when_empty(source))
            for name, source in used.items()
        ]

    def read(self, values: Sequence[Any]) -> Fields:
        """The fields of a row, from the values of `names`; raises `BadRow`."""
        fields = dict(self._constants)
        for value, (name, convert, nullable, when_empty) in zip(values, self._steps, strict=True):
            try:
                found = when_empty if value is None else convert(value)
            except BadValue as bad:
                raise BadRow(bad.reason, name) from None
            if found is None and not nullable:
                raise BadRow(Reason.MISSING, name)
            fields[name] = found
        return fields

    def reading(self, values: Sequence[Any]) -> Fields | BadRow:
        """The fields of a row, or what is wrong with it."""
        try:
            return self.read(values)
        except BadRow as bad:
            return bad


def add_detail(rows: list[Fields] | BadRow, fields: Fields | BadRow) -> list[Fields] | BadRow:
    """The detail rows of one head with one more; the first bad row, or one too many, stands for all."""
    if isinstance(rows, BadRow):
        return rows
    if isinstance(fields, BadRow):
        return fields
    if len(rows) >= MOST_DETAILS:
        return BadRow(Reason.TOO_MANY_DETAILS, "rows")
    rows.append(fields)
    return rows


def _when_empty(source: Column) -> Any:
    return (source.values or {}).get("", source.otherwise)


def good_key(value: Any) -> str | None:
    """A row's key as text, or None if it can not be one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_KEY or not value.isprintable():
        return None
    return value
