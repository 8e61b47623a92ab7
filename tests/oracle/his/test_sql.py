"""The sql adapter keeps the adapters' contract: with and without a change stamp, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import contract
import pytest
from sqlalchemy import Engine, create_engine, text

from oracle.his.sql import Mapping, SqlAdapter, SqlDigestStore
from sandbox.his import schema
from sandbox.his.events import Step
from sandbox.his.store import Writer, ensure_patients, open_database

MAPPING = Path(__file__).parents[3] / "oracle/his/sql/mapping.yaml"


def mapping(*, stamped: bool) -> Mapping:
    """The sandbox's mapping, or the same for the views without a change stamp."""
    full = Mapping.load(MAPPING)
    if stamped:
        return full
    heads = {
        name: head.model_copy(update={"view": f"{head.view}_NS", "changed": None})
        for name, head in (("visits", full.visits), ("settlements", full.settlements))
        if head is not None
    }
    return full.model_copy(update=heads)


class SqlHospital:
    """A sandbox database, a clock, and the oracle's own small database for digests."""

    def __init__(self, url: str, state: Path, *, stamped: bool) -> None:
        self.sqlite = url.startswith("sqlite")
        self._url = url
        self._stamped = stamped
        self._now = contract.NOON
        self.engine: Engine = open_database(url)
        ensure_patients(self.engine, 200)
        self._store = SqlDigestStore(create_engine(f"sqlite:///{state}"))
        self._store.prepare()
        self._adapters: list[SqlAdapter] = []

    def clock(self) -> datetime:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def write(self, steps: Iterable[Step], *, stamped: timedelta = timedelta()) -> None:
        writer = Writer(self.engine, clock=lambda: self._now - stamped)
        for step in steps:
            if step.writes:
                writer.step(step)
            self.pass_time(0.5)

    def adapter(self) -> SqlAdapter:
        for old in self._adapters:
            old.close()  # keeps no connection; it can still be used
        adapter = SqlAdapter(mapping(stamped=self._stamped), self._url, digests=self._store, clock=self.clock)
        self._adapters.append(adapter)
        return adapter

    @contextmanager
    def outage(self) -> Iterator[None]:
        """SQLite: the file is away. PostgreSQL: the database takes no connections and drops those it has."""
        for adapter in self._adapters:
            adapter.close()
        if self.sqlite:
            self.engine.dispose()
            file = Path(str(self.engine.url.database))
            away = file.rename(file.with_suffix(".away"))
            try:
                yield
            finally:
                away.rename(file)
            return
        name = self.engine.url.database
        self.engine.dispose()
        admin = create_engine(self.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            query = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(query, {"name": name})
            try:
                yield
            finally:
                connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        admin.dispose()

    def close(self) -> None:
        for adapter in self._adapters:
            adapter.close()
        self.engine.dispose()


def empty(url: str) -> None:
    """Drop every row of the hospital but its code tables."""
    engine = open_database(url)
    kept = {"CHOSPM", "CDEPTM", "HUSERM", "CSUGAM"}
    names = ", ".join(f'"{table}"' for table in schema.metadata.tables if table not in kept)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names}"))
    engine.dispose()


@pytest.fixture
def sqlite_hospitals(tmp_path: Path) -> Iterator[Callable[..., SqlHospital]]:
    numbers, made = count(), []

    def make(*, stamped: bool) -> SqlHospital:
        number = next(numbers)
        hospital = SqlHospital(
            f"sqlite:///{tmp_path}/his{number}.db", tmp_path / f"oracle{number}.db", stamped=stamped
        )
        made.append(hospital)
        return hospital

    yield make
    for hospital in made:
        hospital.close()


@pytest.fixture(scope="module")
def postgres_database(postgres_url: Callable[[], str]) -> str:
    """One database for all hospitals of this module: emptied for each, which is quicker than a new one."""
    return postgres_url()


@pytest.fixture
def postgres_hospitals(tmp_path: Path, postgres_database: str) -> Iterator[Callable[..., SqlHospital]]:
    numbers, made = count(), []

    def make(*, stamped: bool) -> SqlHospital:
        for old in made:
            old.close()
        empty(postgres_database)
        state = tmp_path / f"oracle{next(numbers)}.db"
        hospital = SqlHospital(postgres_database, state, stamped=stamped)
        made.append(hospital)
        return hospital

    yield make
    for hospital in made:
        hospital.close()


class TestSqliteWithStamp(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, sqlite_hospitals: Callable[..., SqlHospital]) -> Callable[[], SqlHospital]:
        return lambda: sqlite_hospitals(stamped=True)


class TestSqliteWithoutStamp(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, sqlite_hospitals: Callable[..., SqlHospital]) -> Callable[[], SqlHospital]:
        return lambda: sqlite_hospitals(stamped=False)


@pytest.mark.postgres
class TestPostgresWithStamp(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, postgres_hospitals: Callable[..., SqlHospital]) -> Callable[[], SqlHospital]:
        return lambda: postgres_hospitals(stamped=True)


@pytest.mark.postgres
class TestPostgresWithoutStamp(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, postgres_hospitals: Callable[..., SqlHospital]) -> Callable[[], SqlHospital]:
        return lambda: postgres_hospitals(stamped=False)
