"""Databases as every process here uses them: engine set-up, aware datetimes, leases, insert-or-ignore.

SQLite (WAL, write transactions begin IMMEDIATE so that two writers queue instead of failing half way) is the
embedded default, PostgreSQL the production one; code above this file does not ask which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, DateTime, Dialect, Engine, Table, create_engine, event, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Session, SQLModel, col, select

from chain.clock import Clock, utc_now

_Item = TypeVar("_Item")

READ_ONLY = "saegim_read_only"
"""Connection option: a transaction that only reads and must not wait for the SQLite write lock."""

CHUNK = 500
"""Rows per `IN (…)` list or multi-row insert: below SQLite's and PostgreSQL's limits on bound values."""


class NaiveDatetime(ValueError):
    """A datetime without a time zone was about to be stored; pass an aware one."""

    def __init__(self, value: datetime) -> None:
        super().__init__(f"{value.isoformat()} has no time zone: store aware datetimes only")
        self.value = value


class UtcDateTime(TypeDecorator[datetime]):
    """A column of aware datetimes: stored in UTC, read back aware, naive values refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC on the way in. Raises NaiveDatetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveDatetime(value)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite keeps no zone: what comes back naive was stored in UTC."""
        if value is None or value.tzinfo is not None:
            return value if value is None else value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


def make_engine(
    url: str,
    *,
    synchronous: Literal["NORMAL", "FULL"] = "FULL",
    busy_timeout: float = 10.0,
    connections: int | None = None,
) -> Engine:
    """An engine for `url` ("sqlite:///path", "postgresql+psycopg://…") with this project's settings.

    `synchronous` FULL keeps a committed transaction through a power cut; the sender needs that, because what
    it has broadcast must be on disk. NORMAL may lose the last commits (never corrupt) and is for caches.
    `busy_timeout` in seconds is how long a SQLite writer waits for another. `connections`: the most that are open
    at once; None: SQLAlchemy's 15. Threads that each hold one and want a second need one more than there are threads.
    """
    pool = {} if connections is None else {"pool_size": connections, "max_overflow": 0}
    # Values of statements stand in no message and no log: they may be personal data.
    ping = not url.startswith("sqlite")
    engine = create_engine(url, pool_pre_ping=ping, hide_parameters=True, **pool)
    if engine.dialect.name == "sqlite":
        if engine.url.database and engine.url.database != ":memory:":
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        _configure_sqlite(engine, synchronous, round(busy_timeout * 1000))
    return engine


def _configure_sqlite(engine: Engine, synchronous: str, busy_ms: int) -> None:
    pragmas = (
        f"PRAGMA busy_timeout={busy_ms}",
        "PRAGMA journal_mode=WAL",
        f"PRAGMA synchronous={synchronous}",
        "PRAGMA foreign_keys=ON",
    )

    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transaction control begins lazily and DEFERRED; ours is explicit, see on_begin.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that only reads: on SQLite it neither waits for a writer nor holds one up.

    It takes a connection with its first query: many that have not asked anything yet hold none up.
    """
    with Session(engine.execution_options(**{READ_ONLY: True})) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session with one transaction: committed at the end, rolled back by any error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a SQLModel class."""
    table = model.__dict__["__table__"]
    assert isinstance(table, Table)
    return table


def insert_ignore(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, leaving out those that break a unique constraint. One statement per `CHUNK` rows."""
    table, dialect = table_of(model), session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    for part in chunks(rows):
        session.execute(make(table).values([dict(row) for row in part]).on_conflict_do_nothing())


def chunks(items: Sequence[_Item], size: int = CHUNK) -> Iterator[Sequence[_Item]]:
    """`items` in slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


class LeaseRow(SQLModel, table=True):
    """Who may run what must run once. `term` grows with every change of owner."""

    __tablename__ = "chain_leases"

    name: str = Field(primary_key=True, max_length=200)
    owner: str = Field(max_length=200)
    until: datetime = Field(sa_type=UtcDateTime)
    term: int = Field(default=1)


class LeaseLost(RuntimeError):
    """Another process holds the lease `name`; stop working and try to acquire it again later."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(f"lease {name!r} is no longer held by {owner!r}: stop, and acquire it again later")
        self.name = name
        self.owner = owner


@dataclass(frozen=True)
class Lease:
    """A named right that one owner has at a time, kept in the database and timed out by `clock`."""

    name: str
    clock: Clock = utc_now

    def acquire(self, session: Session, owner: str, ttl: timedelta) -> bool:
        """Take or extend the lease for `ttl`. False if another owner's has not run out.

        One that runs much longer than `ttl` was written by a clock that ran ahead, and is void.
        """
        if self._extended(session, owner, ttl):
            return True
        now = self.clock()
        fresh = {"name": self.name, "owner": "", "until": now, "term": 0}
        insert_ignore(session, LeaseRow, [fresh])
        free = (
            update(LeaseRow)
            .where(col(LeaseRow.name) == self.name, col(LeaseRow.owner) != owner)
            .where((col(LeaseRow.until) <= now) | (col(LeaseRow.until) > now + 2 * ttl))
            .values(owner=owner, until=now + ttl, term=LeaseRow.term + 1)
        )
        return bool(session.execute(free).rowcount == 1)  # type: ignore[attr-defined]

    def hold(self, session: Session, owner: str, ttl: timedelta) -> None:
        """See inside a transaction that its work is still ours to do, and extend. Raises LeaseLost."""
        if not self._extended(session, owner, ttl):
            raise LeaseLost(self.name, owner)

    def release(self, session: Session, owner: str) -> None:
        """Give the lease up, so that another process need not wait for the time to run out."""
        row = (
            update(LeaseRow)
            .where(col(LeaseRow.name) == self.name, col(LeaseRow.owner) == owner)
            .values(until=self.clock(), owner="")
        )
        session.execute(row)

    def _extended(self, session: Session, owner: str, ttl: timedelta) -> bool:
        """Whether the lease is `owner`'s. Written only when half of it is used up: a write costs a disk sync."""
        now = self.clock()
        query = select(LeaseRow).where(col(LeaseRow.name) == self.name, col(LeaseRow.owner) == owner)
        row = session.exec(query.with_for_update()).first()  # locked, so that nobody takes it meanwhile
        if row is not None and row.until < now + ttl / 2:
            row.until = now + ttl
            session.add(row)
            session.flush()
        return row is not None
