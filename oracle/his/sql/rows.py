"""Reads views set-wise and turns driver rows into plain fields, one row at a time so that nothing large is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, Connection, Select, TableClause, bindparam, column, select, table

from oracle.his.base import Reason
from oracle.his.sql.fields import Field, Type
from oracle.his.sql.mapping import Column, Columns, Detail, Head
from oracle.his.values import BadValue, Convert, TextRules, coded, day, moment, quantity, text, when, won

KEYS_PER_QUERY = 500
"""Keys in one IN list (Oracle takes a thousand at the most)."""

MOST_DETAILS = 2_000
"""Detail rows of one document; a record takes no more."""

_LONGEST_KEY = 60
_ROWS_AT_ONCE = 100

Fields: TypeAlias = dict[str, Any]


class BadRow(Exception):
    """A row that can not be mapped. reason and field say what is wrong where; no value is kept."""

    def __init__(self, reason: Reason, field: str) -> None:
        self.reason = reason
        self.field = field
        super().__init__(f"{field}: {reason}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a hospital's mapping says for all its views."""

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


class Row:
    """A compiled list of columns: what to select, and how to read a row of it."""

    def __init__(
        self, view: TableClause, columns: Columns, known: Mapping[str, Field], conversion: Conversion
    ) -> None:
        used = {name: source for name, source in columns.items() if source.column is not None}
        self._constants = {name: source.constant for name, source in columns.items() if source.column is None}
        self.columns: list[ColumnClause[Any]] = [
            column_of(view, str(source.column)) for source in used.values()
        ]
        self._steps: list[_Step] = [
            (name, conversion.of(known[name], source), known[name].nullable, _when_empty(source))
            for name, source in used.items()
        ]

    def read(self, values: Sequence[Any]) -> Fields:
        """The fields of a row; raises `BadRow`."""
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


def _when_empty(source: Column) -> Any:
    return (source.values or {}).get("", source.otherwise)


class HeadReader:
    """Reads rows of a head view by key or by reference."""

    def __init__(self, view: Head, known: Mapping[str, Field], conversion: Conversion) -> None:
        self.view = named(view.view)
        self.key = column_of(self.view, view.key)
        self.row = Row(self.view, view.columns, known, conversion)
        self._select = select(self.key, *self.row.columns).select_from(self.view)

    def by_key(self, connection: Connection, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """The rows of these keys, each with its key."""
        return self._rows(connection, self._select, self.key, keys)

    def referring(
        self, connection: Connection, field: ColumnClause[Any], keys: Iterable[str]
    ) -> Iterator[tuple[Any, Fields | BadRow]]:
        """The rows whose column `field` is one of these keys."""
        return self._rows(connection, self._select, field, keys)

    def _rows(
        self, connection: Connection, query: Select[Any], field: ColumnClause[Any], keys: Iterable[str]
    ) -> Iterator[tuple[Any, Fields | BadRow]]:
        for values in in_parts(connection, query, field, keys):
            yield values[0], reading(self.row, values[1:])


class DetailReader:
    """Reads all detail rows of many heads at once."""

    def __init__(self, view: Detail, known: Mapping[str, Field], conversion: Conversion) -> None:
        self.view = named(view.view)
        self.parent = column_of(self.view, view.parent)
        self.order = column_of(self.view, view.order)
        self.row = Row(self.view, view.columns, known, conversion)
        self._select = (
            select(self.parent, *self.row.columns).select_from(self.view).order_by(self.parent, self.order)
        )

    def of(self, connection: Connection, keys: Iterable[str]) -> dict[str, list[Fields] | BadRow]:
        """The rows of each head that has any, in order; the first bad row stands for all of its head."""
        found: dict[str, list[Fields] | BadRow] = {}
        for values in in_parts(connection, self._select, self.parent, keys):
            rows = found.setdefault(str(values[0]), [])
            if isinstance(rows, BadRow):
                continue
            fields = reading(self.row, values[1:])
            if isinstance(fields, BadRow) or len(rows) >= MOST_DETAILS:
                too_many = BadRow(Reason.TOO_MANY_DETAILS, "rows")
                found[str(values[0])] = fields if isinstance(fields, BadRow) else too_many
            else:
                rows.append(fields)
        return found

    def digest_into(
        self, connection: Connection, keys: Iterable[str], digests: Mapping[str, hashlib._Hash]
    ) -> None:
        """Add the rows of each head to its digest."""
        for values in in_parts(connection, self._select, self.parent, keys):
            digest = digests.get(str(values[0]))
            if digest is not None:
                digest.update(b"\x1f" + repr(tuple(values[1:])).encode("utf-8", "surrogatepass"))


def reading(row: Row, values: Sequence[Any]) -> Fields | BadRow:
    """The fields of a row, or what is wrong with it."""
    try:
        return row.read(values)
    except BadRow as bad:
        return bad


def in_parts(
    connection: Connection, query: Select[Any], field: ColumnClause[Any], keys: Iterable[str]
) -> Iterator[Sequence[Any]]:
    """Rows of `query` where `field` is one of `keys`, without one query per key and without one huge list."""
    wanted = iter(keys)
    limited = query.where(field.in_(bindparam("keys", expanding=True)))
    while part := list(islice(wanted, KEYS_PER_QUERY)):
        yield from streamed(connection, limited, {"keys": part})


def streamed(
    connection: Connection, query: Select[Any], values: Mapping[str, Any]
) -> Iterator[Sequence[Any]]:
    """Rows a few at a time, so that a hostile row of a megabyte is dropped before the next comes."""
    yield from connection.execute(query, values, execution_options={"yield_per": _ROWS_AT_ONCE})


def named(name: str) -> TableClause:
    """A view, with its schema if the name has one."""
    schema, _, view = name.rpartition(".")
    return table(view, schema=schema or None)


def column_of(view: TableClause, name: str) -> ColumnClause[Any]:
    """A column of a view, written with the view's name: SQLite takes a lone unknown name in quotes for text."""
    if name not in view.c:
        view.append_column(column(name))
    found: ColumnClause[Any] = view.c[name]
    return found


def good_key(value: Any) -> str | None:
    """A row's key as text, or None if it can not be one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_KEY or not value.isprintable():
        return None
    return value
