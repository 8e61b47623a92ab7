"""Leases, aware datetimes and transactions, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import Field, Session, SQLModel

from chain.db import (
    CHUNK,
    Lease,
    LeaseLost,
    LeaseRow,
    NaiveDatetime,
    UtcDateTime,
    chunks,
    insert_ignore,
    make_engine,
    reading,
    table_of,
    writing,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Moment(SQLModel, table=True):
    __tablename__ = "test_moments"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime | None = Field(sa_type=UtcDateTime)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path}/deep/er/test.sqlite3")
    else:
        engine = make_engine(request.getfixturevalue("postgres_url")())
    SQLModel.metadata.create_all(engine, tables=[table_of(LeaseRow), table_of(Moment)])
    yield engine
    engine.dispose()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_a_naive_datetime_is_refused(db: Engine) -> None:
    with writing(db) as session, pytest.raises(StatementError) as caught:
        insert_ignore(session, Moment, [{"id": 1, "at": datetime(2026, 1, 1)}])
    assert isinstance(caught.value.orig, NaiveDatetime)


def test_datetimes_come_back_aware_and_in_utc(db: Engine) -> None:
    korean = datetime(2026, 3, 2, 21, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with writing(db) as session:
        session.add_all([Moment(id=1, at=korean), Moment(id=2, at=None)])
    with reading(db) as session:
        found = session.get(Moment, 1)
        assert found is not None
        assert found.at == korean
        assert found.at.tzinfo is UTC
        assert session.get(Moment, 2).at is None


def test_an_error_rolls_the_transaction_back(db: Engine) -> None:
    def fail() -> None:
        with writing(db) as session:
            session.add(Moment(id=1, at=NOON))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with reading(db) as session:
        assert session.get(Moment, 1) is None


def test_insert_ignore_leaves_out_what_is_there(db: Engine) -> None:
    with writing(db) as session:
        insert_ignore(session, Moment, [{"id": 1, "at": NOON}])
        insert_ignore(session, Moment, [{"id": 1, "at": None}, {"id": 2, "at": NOON}])
    with reading(db) as session:
        assert [session.get(Moment, i).at for i in (1, 2)] == [NOON, NOON]


def test_a_lease_is_one_owners_until_it_runs_out(db: Engine) -> None:
    clock = Clock()
    lease = Lease("job", clock)

    def acquire(owner: str) -> bool:
        with writing(db) as session:
            return lease.acquire(session, owner, MINUTE)

    assert acquire("a")
    assert not acquire("b")
    clock.now += timedelta(seconds=50)
    assert acquire("a")
    clock.now += timedelta(seconds=50)
    assert not acquire("b")
    clock.now += timedelta(seconds=11)
    assert acquire("b")
    assert not acquire("a")
    with reading(db) as session:
        assert session.get(LeaseRow, "job").term == 2


def test_work_under_a_lost_lease_is_rolled_back(db: Engine) -> None:
    clock = Clock()
    lease = Lease("job", clock)
    with writing(db) as session:
        lease.acquire(session, "a", MINUTE)
    clock.now += 2 * MINUTE
    with writing(db) as session:
        lease.acquire(session, "b", MINUTE)

    def work() -> None:
        with writing(db) as session:
            session.add(Moment(id=1, at=NOON))
            lease.hold(session, "a", MINUTE)

    with pytest.raises(LeaseLost) as caught:
        work()
    assert (caught.value.name, caught.value.owner) == ("job", "a")
    with reading(db) as session:
        assert session.get(Moment, 1) is None


def test_a_released_lease_is_free_at_once_and_only_its_owner_releases_it(db: Engine) -> None:
    lease = Lease("job", Clock())
    with writing(db) as session:
        lease.acquire(session, "a", MINUTE)
        lease.release(session, "b")
        assert not lease.acquire(session, "b", MINUTE)
        lease.release(session, "a")
        assert lease.acquire(session, "b", MINUTE)


def test_a_lease_from_a_clock_that_ran_ahead_keeps_nobody_out(db: Engine) -> None:
    ahead = Clock()
    ahead.now += timedelta(hours=1)
    with writing(db) as session:
        assert Lease("job", ahead).acquire(session, "a", MINUTE)
    with writing(db) as session:
        assert Lease("job", Clock()).acquire(session, "b", MINUTE)


def test_sqlite_survives_power_cuts_and_queues_writers(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/x.sqlite3", busy_timeout=0.01)
    SQLModel.metadata.create_all(engine, tables=[table_of(Moment)])

    def pragma(session: Session, name: str) -> Any:
        return session.connection().execute(text(f"PRAGMA {name}")).scalar()

    with writing(engine) as session:
        session.add(Moment(id=1, at=NOON))
        session.flush()
        names = ("journal_mode", "synchronous", "foreign_keys")
        assert [pragma(session, name) for name in names] == ["wal", 2, 1]
        # A reader sees the state before, without waiting; a second writer waits and then says so.
        with reading(engine) as other:
            assert other.get(Moment, 1) is None
        with pytest.raises(OperationalError, match="locked"), writing(engine) as other:
            other.get(Moment, 1)
    engine.dispose()


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_chunks_cover_everything_in_order(size: int) -> None:
    items = list(range(size))
    parts = list(chunks(items))
    assert [item for part in parts for item in part] == items
    assert all(0 < len(part) <= CHUNK for part in parts)
