"""Writing: at once or paced, numbers that follow, stamps of the moment, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sandbox.his import schema
from sandbox.his.day import Day, Plan
from sandbox.his.store import Writer, ensure_patients, numbers_of, open_database

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def contents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Everything but the change stamps."""
    found = {}
    with engine.connect() as connection:
        for table in schema.metadata.sorted_tables:
            names = [
                f'"{column.name}"' for column in table.columns if column.name not in ("CHG_DT", "CLS_DT")
            ]
            rows = connection.execute(text(f'SELECT {", ".join(names)} FROM "{table.name}"'))
            found[table.name] = sorted(
                tuple(str(float(v)) if isinstance(v, float) else str(v) for v in row) for row in rows
            )
    return found


def filled(url: str, *, rate: float | None = None) -> Engine:
    engine = open_database(url)
    ensure_patients(engine, 60)
    writer = Writer(engine, clock=lambda: NOON, sleep=lambda _: None)
    writer.write(Day(Plan(DAY, 50, seed=5)).steps(), rate=rate)
    return engine


def test_a_paced_day_ends_like_one_written_at_once(tmp_path: Path):
    at_once = filled(f"sqlite:///{tmp_path}/a.db")
    paced = filled(f"sqlite:///{tmp_path}/b.db", rate=1_000_000)
    assert contents(at_once) == contents(paced)


@pytest.mark.postgres
def test_postgres_holds_the_same_hospital(tmp_path: Path, postgres_url: Callable[[], str]):
    here, there = contents(filled(f"sqlite:///{tmp_path}/a.db")), contents(filled(postgres_url()))
    for name, rows in here.items():
        assert len(rows) == len(there[name])
        if name not in ("SRCPTD", "OCORDT"):  # these have decimals, which the two print differently
            assert rows == there[name]


def test_the_pace_is_kept(hospital: Engine):
    clock = [NOON]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += timedelta(seconds=seconds)

    ensure_patients(hospital, 60)
    writer = Writer(hospital, clock=lambda: clock[0], sleep=sleep)
    writer.write(Day(Plan(DAY, 40, plain=True)).steps(), rate=5)
    assert sum(slept) == pytest.approx(40 / 5, abs=0.5)


def test_changed_rows_carry_the_moment_of_the_change_in_the_hospitals_time(
    hospital: Engine, fill: Callable[..., Day]
):
    fill(20)
    with hospital.connect() as connection:
        stamps = set(connection.execute(text('SELECT DISTINCT "CHG_DT" FROM "SRCPTM"')).scalars())
    assert stamps == {"2026-11-24 12:00:00.000000"}


def test_a_second_day_on_the_same_date_goes_on_with_the_numbers(hospital: Engine, fill: Callable[..., Day]):
    first, second = fill(30), fill(30, seed=9)
    assert not first.truth.documents.keys() & second.truth.documents.keys()
    numbers = numbers_of(hospital, "20261124")
    with hospital.connect() as connection:
        last = connection.execute(text('SELECT max("SUNAP_NO") FROM "SRCPTM"')).scalar()
    assert int(numbers.settlement()) == int(str(last)) + 1


def test_opening_twice_changes_nothing(url: str, hospital: Engine, fill: Callable[..., Day]):
    fill(5)
    before = contents(hospital)
    again = open_database(url)
    ensure_patients(again, 40)
    assert contents(again) == before
    again.dispose()


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/many.db")
    yield engine
    engine.dispose()


def test_a_flush_in_the_middle_of_a_story_loses_no_update(many: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.his.store._BULK_ROWS", 7)
    ensure_patients(many, 60)
    day = Day(Plan(DAY, 50, seed=5))
    Writer(many, clock=lambda: NOON).write(day.steps())
    with many.connect() as connection:
        finished = connection.execute(text("""SELECT count(*) FROM "OVSITM" WHERE "STAT_GB" IN ('F', 'D')"""))
        kept = [
            name
            for name, each in day.truth.documents.items()
            if name[:6] == "visit:" and each.state == "issued"
        ]
        assert finished.scalar() == len(kept)
