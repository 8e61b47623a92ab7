"""Reads views set-wise, one row at a time so that nothing large is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnClause, Connection, Select, TableClause, bindparam, column, select, table

from oracle.his.fields import Field
from oracle.his.mapping import Columns
from oracle.his.rows import BadRow, Conversion, Fields, RowReader, add_detail
from oracle.his.sql.mapping import Detail, Head

KEYS_PER_QUERY = 500
"""Keys in one IN list (Oracle takes a thousand at the most)."""

_ROWS_AT_ONCE = 100


class Row(RowReader):
    """A compiled list of columns of a view."""

    def __init__(
        self, view: TableClause, columns: Columns, known: Mapping[str, Field], conversion: Conversion
    ) -> None:
        super().__init__(columns, known, conversion)
        self.columns: list[ColumnClause[Any]] = [column_of(view, name) for name in self.names]


class HeadReader:
    """Reads rows of a head view by key or by reference. Its session is a connection."""

    def __init__(self, view: Head, known: Mapping[str, Field], conversion: Conversion) -> None:
        self.view = named(view.view)
        self.key = column_of(self.view, view.key)
        self.row = Row(self.view, view.columns, known, conversion)
        reference = view.columns.get("original")
        self._reference = column_of(self.view, reference.column) if reference and reference.column else None
        self._select = select(self.key, *self.row.columns).select_from(self.view)

    def by_key(self, session: Connection, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """The rows of these keys, each with its key."""
        return self._rows(session, self._select, self.key, keys)

    def referring(self, session: Connection, keys: Iterable[str]) -> Iterator[tuple[Any, Fields | BadRow]]:
        """The rows whose field `original` is one of these keys."""
        if self._reference is None:
            return iter(())
        return self._rows(session, self._select, self._reference, keys)

    def _rows(
        self, connection: Connection, query: Select[Any], field: ColumnClause[Any], keys: Iterable[str]
    ) -> Iterator[tuple[Any, Fields | BadRow]]:
        for values in in_parts(connection, query, field, keys):
            yield values[0], self.row.reading(values[1:])


class DetailReader:
    """Reads all detail rows of many heads at once. Its session is a connection."""

    def __init__(self, view: Detail, known: Mapping[str, Field], conversion: Conversion) -> None:
        self.view = named(view.view)
        self.parent = column_of(self.view, view.parent)
        self.order = column_of(self.view, view.order)
        self.row = Row(self.view, view.columns, known, conversion)
        self._select = (
            select(self.parent, *self.row.columns).select_from(self.view).order_by(self.parent, self.order)
        )

    def of(self, session: Connection, keys: Iterable[str]) -> dict[str, list[Fields] | BadRow]:
        """The rows of each head that has any, in order; the first bad row stands for all of its head."""
        found: dict[str, list[Fields] | BadRow] = {}
        for values in in_parts(session, self._select, self.parent, keys):
            parent = str(values[0])
            rows = found.setdefault(parent, [])
            if not isinstance(rows, BadRow):
                found[parent] = add_detail(rows, self.row.reading(values[1:]))
        return found

    def digest_into(
        self, connection: Connection, keys: Iterable[str], digests: Mapping[str, hashlib._Hash]
    ) -> None:
        """Add the rows of each head to its digest."""
        for values in in_parts(connection, self._select, self.parent, keys):
            digest = digests.get(str(values[0]))
            if digest is not None:
                digest.update(b"\x1f" + repr(tuple(values[1:])).encode("utf-8", "surrogatepass"))


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
