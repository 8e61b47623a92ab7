"""The hospital's database: opening it, making its tables and views, writing transactions at any speed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)

from chain.clock import Clock, utc_now
from sandbox.his import catalog, schema
from sandbox.his.events import Insert, Numbers, Step, Update
from sandbox.his.people import doctors, patient
from sandbox.his.views import create_views

DEFAULT_URL: Final = "sqlite:///.data/his.sqlite3"
KOREA: Final = ZoneInfo("Asia/Seoul")
_BULK_ROWS: Final = 20_000
_TICK_SECONDS: Final = 0.1


def open_database(url: str = DEFAULT_URL) -> Engine:
    """Connect to the hospital's database and make what is missing in it. SQLite files are made with their folder."""
    parts = make_url(url)
    sqlite = parts.get_backend_name() == "sqlite"
    if sqlite and parts.database and not parts.database.startswith("file:"):
        Path(parts.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        create_views(connection)
        _fill_masters(connection)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA busy_timeout = 10000")


def _fill_masters(connection: Connection) -> None:
    """Hospital, departments, doctors, fees: the same in every sandbox."""
    if connection.execute(select(func.count()).select_from(schema.DEPARTMENTS)).scalar():
        return
    departments = (*catalog.DEPARTMENTS, catalog.EMERGENCY)
    fees = {fee.code: fee for fee in _all_fees()}
    for table, rows in (
        (schema.HOSPITAL, [tuple(catalog.HOSPITAL.values())]),
        (schema.DEPARTMENTS, [(each.code, each.name, each.hira) for each in departments]),
        (
            schema.STAFF,
            [(each.number, each.name, "AA", each.licence, each.department.code) for each in doctors()],
        ),
        (
            schema.FEES,
            [(fee.code, fee.name, fee.row, fee.price, fee.cover.value) for fee in fees.values()],
        ),
    ):
        insert_rows(connection, table, rows)


def _all_fees() -> Iterator[catalog.Fee]:
    yield from (catalog.FIRST_VISIT, catalog.RETURN_VISIT, catalog.NIGHT_SURCHARGE)
    yield from (catalog.MEAL, catalog.EMERGENCY_CARE)
    for group in (
        catalog.OUTPATIENT,
        catalog.IMAGING,
        catalog.UNCOVERED,
        catalog.INPATIENT,
        catalog.WARD_DAY,
    ):
        yield from group


def ensure_patients(engine: Engine, population: int) -> None:
    """The first `population` patients exist."""
    table = schema.PATIENTS
    with engine.begin() as connection:
        known = select(func.count()).select_from(table).where(table.c.RRN_GB == "T")
        start = connection.execute(known).scalar() or 0
        people = (patient(index) for index in range(start + 1, population + 1))
        rows = [(who.number, who.name, f"{who.birth:%Y%m%d}", who.sex, who.resident, "T") for who in people]
        insert_rows(connection, table, rows)


def numbers_of(engine: Engine, day: str) -> Numbers:
    """Serial numbers that follow what the day already has."""
    visits, settlements = schema.VISITS.c.VST_NO, schema.SETTLEMENTS.c.SUNAP_NO
    receipts = schema.SETTLEMENTS.c.RCPT_NO
    with engine.connect() as connection:
        return Numbers(
            day,
            _last(connection, visits, f"V{day}"),
            _last(connection, settlements, day),
            _last(connection, receipts, f"{day[:6]}-{day[6:]}"),
        )


def _last(connection: Connection, number: Column[Any], prefix: str) -> int:
    last = connection.execute(select(func.max(number)).where(number.like(f"{prefix}______"))).scalar()
    return int(last[len(prefix) :]) if last else 0


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows given in column order, the quickest way the database has."""
    if not rows:
        return
    driver: Any = connection.connection.driver_connection
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(table.columns))
        driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608


class Writer:
    """Writes transactions, stamping rows that carry CHG_DT with the present (the hospital's local time)."""

    def __init__(
        self, engine: Engine, *, clock: Clock = utc_now, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._sleep = sleep

    def write(self, steps: Iterable[Step], *, rate: float | None = None) -> int:
        """Write everything; gives the receipts handed out. rate: receipts a second; None: as fast as it goes."""
        return self._paced(steps, rate) if rate else self._bulk(steps)

    def step(self, *steps: Step) -> None:
        """These in one transaction."""
        self._flush(steps)

    def _bulk(self, steps: Iterable[Step]) -> int:
        waiting: list[Step] = []
        rows = receipts = 0
        for step in steps:
            waiting.append(step)
            rows += len(step.writes)
            receipts += step.receipts
            if rows >= _BULK_ROWS:
                self._flush(waiting)
                waiting, rows = [], 0
        self._flush(waiting)
        return receipts

    def _paced(self, steps: Iterable[Step], rate: float) -> int:
        """Each transaction by itself, as many receipts a second as asked for."""
        started, receipts = self._clock(), 0
        for step in steps:
            due = receipts / rate - (self._clock() - started).total_seconds()
            if due > _TICK_SECONDS:
                self._sleep(due)
            self._flush([step])
            receipts += step.receipts
        return receipts

    def _flush(self, steps: Sequence[Step]) -> None:
        stamp = self._clock().astimezone(KOREA).replace(tzinfo=None)
        with self._engine.begin() as connection:
            sqlite = connection.dialect.name == "sqlite"
            inserts: defaultdict[Table, list[tuple[Any, ...]]] = defaultdict(list)
            stamped = (stamp.isoformat(sep=" ", timespec="microseconds") if sqlite else stamp,)
            for step in steps:
                for write in step.writes:
                    if isinstance(write, Insert):
                        extra = stamped if write.table.name in schema.STAMPED else ()
                        inserts[write.table].append((*write.values, *extra))
            for table, rows in inserts.items():
                insert_rows(connection, table, rows)
            _update(connection, [w for step in steps for w in step.writes if isinstance(w, Update)], stamp)


def _update(connection: Connection, updates: Sequence[Update], stamp: datetime) -> None:
    """Apply updates in their order; neighbours of the same form in one go."""
    for (table, names), alike in groupby(updates, key=lambda each: (each.table, tuple(each.changes))):
        (key,) = table.primary_key.columns
        stamped = {"CHG_DT": stamp} if table.name in schema.STAMPED else {}
        statement = table.update().where(key == bindparam("which"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in (*names, *stamped)})
        connection.execute(
            statement,
            [
                {"which": each.key, **{f"new_{n}": value for n, value in (each.changes | stamped).items()}}
                for each in alike
            ],
        )
