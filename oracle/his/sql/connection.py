"""A connection that can only read: to the views of a hospital's database, in one consistent snapshot at a time.

The first line of defence is the database account, which should have SELECT on the views and nothing else. This is
the second: SQLite runs with ``query_only``, PostgreSQL in read-only transactions, Oracle likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import methodcaller
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from oracle.his.base import HisError, HisMalformed, HisUnavailable

_SQLITE_BUSY_MS = 5_000
_keep_bytes = methodcaller("decode", "utf-8", "surrogateescape")
"""SQLite's text as text, whatever bytes it holds: those that are not UTF-8 stay recognisable."""

_MISSING = (
    "no such table",
    "no such column",
    "undefinedtable",
    "undefinedcolumn",
    "does not exist",
    "ora-00942",
    "ora-00904",
    "invalid object name",
    "invalid column name",
)
"""How databases say that a view or column is not there; compared in lower case with error and error class."""

COMPARE_WITH_MAPPING = (
    "Compare the mapping file with the views (SELECT … WHERE 1 = 0), and the rights of the account."
)


class ReadOnlyDatabase:
    """The hospital's database, by URL. The constructor opens no connection. Raises HisMalformed for a database kind
    whose reading can not be made safe."""

    def __init__(self, name: str, url: str, *, timeout: float = 30.0) -> None:
        self._name = name
        self._engine = _read_only_engine(name, make_url(url), timeout)

    @property
    def dialect(self) -> str:
        """Kind of database: sqlite, postgresql, oracle."""
        return self._engine.dialect.name

    @contextmanager
    def snapshot(self, doing: str) -> Iterator[Connection]:
        """A connection that sees one state of the database. Raises HisUnavailable or HisMalformed, saying `doing`."""
        try:
            with self._engine.connect() as connection:
                yield connection
                connection.rollback()
        except SQLAlchemyError as error:
            raise _translated(self._name, doing, error) from error

    def refuses_writing(self) -> bool:
        """Whether the session itself is read-only (the account's rights are for the hospital to set)."""
        with self.snapshot("checking that nothing can be written") as connection:
            answer = connection.execute(text(_ASK_READ_ONLY[self.dialect])).scalar()
        return str(answer).lower() in ("1", "on", "true")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


_ASK_READ_ONLY = {
    "sqlite": "PRAGMA query_only",
    "postgresql": "SHOW transaction_read_only",
    "oracle": "SELECT 1 FROM dual",
}


def _read_only_engine(name: str, url: URL, timeout: float) -> Engine:
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite(url)
    if kind == "postgresql":
        options = f"-c default_transaction_read_only=on -c statement_timeout={int(timeout * 1000)}"
        return create_engine(
            url,
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
            connect_args={"options": options, "connect_timeout": max(2, int(timeout / 3))},
        )
    if kind == "oracle":
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(
            engine, "begin", lambda connection: connection.execute(text("SET TRANSACTION READ ONLY"))
        )
        return engine
    what = f"databases of kind {kind} are not supported"
    raise HisMalformed(name, what, "Use PostgreSQL, Oracle or SQLite, or the hospital's web service.")


def _sqlite(url: URL) -> Engine:
    """SQLite that opens only a file that exists, writes nothing and reads in real transactions."""
    query = {"mode": "ro", "uri": "true", **url.query} if url.database else url.query
    where = f"file:{url.database}" if url.database and not url.database.startswith("file:") else url.database
    engine = create_engine(url.set(database=where, query=query))

    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.text_factory = _keep_bytes
        connection.execute(f"PRAGMA busy_timeout = {_SQLITE_BUSY_MS}")
        connection.execute("PRAGMA query_only = ON")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _translated(name: str, doing: str, error: SQLAlchemyError) -> HisError:
    """The one place where a driver's words are read."""
    origin = error.orig if isinstance(error, DBAPIError) else None
    said = f"{type(origin).__name__} {origin}".lower()
    if any(sign in said for sign in _MISSING) and "database" not in said.split("does not exist")[0][-60:]:
        return HisMalformed(name, f"a view or column is missing (seen while {doing})", COMPARE_WITH_MAPPING)
    return HisUnavailable(name, doing)
