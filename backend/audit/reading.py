"""Streaming the log as it is stored: one snapshot, raw values, a few thousand lines in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, literal_column, select
from sqlalchemy.sql import Select

from backend.audit.line import FIELDS, line_hash
from backend.audit.models import AuditAnchor, AuditEvent
from chain.db import READ_ONLY, table_of

AT_A_TIME = 2_000

Line = dict[str, Any]
_EVENTS, _ANCHORS = table_of(AuditEvent), table_of(AuditAnchor)
_ANCHOR_FIELDS = ("number", "salt", "commitment", "issuer", "root", "path")


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One state of the database for several queries: appends and a pruning meanwhile are not seen half."""
    options: dict[str, Any] = {READ_ONLY: True}
    if engine.dialect.name == "postgresql":  # on SQLite (WAL) every reading transaction is a snapshot
        options["isolation_level"] = "REPEATABLE READ"
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def lines(connection: Connection) -> Iterator[Line]:
    """Every line in order, its values as the driver gives them: a line that was tampered with may hold anything."""
    for row in _stream(connection, raw(FIELDS).select_from(_EVENTS).order_by(_EVENTS.c.number)):
        yield dict(zip(FIELDS, row, strict=True))


def anchors(connection: Connection) -> Iterator[Line]:
    """Every commitment, in the order of the heads."""
    for row in _stream(connection, raw(_ANCHOR_FIELDS).select_from(_ANCHORS).order_by(_ANCHORS.c.number)):
        yield dict(zip(_ANCHOR_FIELDS, row, strict=True))


def raw(names: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    """Columns without any conversion on the way out."""
    return select(*(literal_column(name) for name in names))


def _stream(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from connection.execute(query.execution_options(yield_per=AT_A_TIME))


def stored_moment(value: object) -> datetime:
    """A moment as a driver gives it: aware from PostgreSQL, text in UTC from SQLite. Raises ValueError, TypeError."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, datetime):
        raise TypeError("not a moment")
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def right_hash(line: Line, number: int | None = None) -> bool:
    """Whether a stored line's hash is its own; with `number`, whether it would be under that number."""
    try:
        whole = line | {
            "at": stored_moment(line["at"]),
            "number": line["number"] if number is None else number,
        }
        return bool(line_hash(whole) == line["hash"])
    except (AttributeError, TypeError, ValueError):  # values of types that no line has
        return False
