"""What is particular to the sql adapter: it can not write, it says what is missing, it needs little memory."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.sql import Mapping, SqlAdapter, SqlDigestStore
from oracle.his.sql.connection import ReadOnlyDatabase
from oracle.his.sql.digests import Version
from sandbox.his.day import Day, Plan
from sandbox.his.store import Writer, ensure_patients, open_database
from sandbox.his.views import READER

FILE = Path(__file__).parents[3] / "oracle/his/sql/mapping.yaml"
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def his(tmp_path: Path) -> str:
    """A hospital with a small day; its URL."""
    url = f"sqlite:///{tmp_path}/his.db"
    engine = open_database(url)
    ensure_patients(engine, 40)
    Writer(engine, clock=lambda: NOON).write(Day(Plan(date(2026, 11, 24), 30)).steps())
    engine.dispose()
    return url


def adapter_of(url: str, **options: object) -> SqlAdapter:
    return SqlAdapter(Mapping.load(FILE), url, clock=lambda: NOON + timedelta(hours=1), **options)  # type: ignore[arg-type]


def unstamped() -> Mapping:
    mapping = Mapping.load(FILE)
    assert mapping.visits is not None
    visits = mapping.visits.model_copy(update={"view": "V_SGM_NAEWON_NS", "changed": None})
    return mapping.model_copy(update={"visits": visits})


# It can not write


@pytest.mark.parametrize(
    "statement", ['DELETE FROM "SRCPTM"', "CREATE TABLE x (a)", 'UPDATE "PPTNTM" SET "PT_NM" = 1', "VACUUM"]
)
def test_the_session_on_sqlite_can_not_write(his: str, statement: str):
    database = ReadOnlyDatabase("sql:test", his)
    with pytest.raises(HisUnavailable), database.snapshot("trying to write") as connection:
        connection.execute(text(statement))
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        assert connection.execute('SELECT count(*) FROM "SRCPTM"').fetchone()[0] > 30


@pytest.mark.postgres
@pytest.mark.parametrize("statement", ['DELETE FROM "SRCPTM"', "CREATE TABLE x (a int)"])
def test_the_session_on_postgres_can_not_write(postgres_url: Callable[[], str], statement: str):
    url = postgres_url()
    open_database(url).dispose()
    database = ReadOnlyDatabase("sql:test", url)
    assert database.refuses_writing()
    with pytest.raises(HisUnavailable), database.snapshot("trying to write") as connection:
        connection.execute(text(statement))


@pytest.mark.postgres
def test_the_sandboxs_reader_account_sees_the_views_and_nothing_else(postgres_url: Callable[[], str]):
    url = postgres_url()
    engine = open_database(url)
    ensure_patients(engine, 40)
    Writer(engine, clock=lambda: NOON).write(Day(Plan(date(2026, 11, 24), 5)).steps())
    as_reader = str(engine.url.set(username=READER))
    adapter = adapter_of(as_reader)
    adapter.check()
    assert adapter.read(None, 100).documents
    with create_engine(as_reader).connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text('SELECT "RRN_NO" FROM "PPTNTM"'))
    adapter.close()
    engine.dispose()


def test_reading_leaves_the_file_as_it_was(his: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        before = list(connection.iterdump())
        adapter = adapter_of(his)
        adapter.check()
        adapter.read(None, 1_000)
        adapter.close()
        assert list(connection.iterdump()) == before


# It says what is wrong


def test_a_database_kind_that_can_not_be_made_safe_is_refused():
    with pytest.raises(HisMalformed) as raised:
        ReadOnlyDatabase("sql:test", "mysql://user:secret@host/db")
    assert "secret" not in str(raised.value)


def test_a_file_that_is_not_there_is_unavailable_and_is_not_made(tmp_path: Path):
    adapter = adapter_of(f"sqlite:///{tmp_path}/nothing.db")
    with pytest.raises(HisUnavailable):
        adapter.check()
    assert not (tmp_path / "nothing.db").exists()


@pytest.mark.parametrize("view", ["V_SGM_SUNAP", "V_SGM_SUNAP_SEBU", "V_SGM_SANGBYEONG"])
def test_a_missing_view_is_malformed_and_says_what_to_do(his: str, view: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        connection.execute(f'DROP VIEW "{view}"')
    with pytest.raises(HisMalformed) as raised:
        adapter_of(his).check()
    assert raised.value.what.endswith(f": {view}")
    assert "mapping" in raised.value.remedy


def test_all_that_is_missing_is_told_at_once(his: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        connection.execute('DROP VIEW "V_SGM_SUNAP_HANG"')
        connection.execute('ALTER TABLE "OCDIAG" RENAME COLUMN "KCD_CD" TO "CODE"')
        connection.execute('DROP VIEW "V_SGM_SANGBYEONG"')
        connection.execute('CREATE VIEW "V_SGM_SANGBYEONG" AS SELECT * FROM "OCDIAG"')
        connection.execute('DROP VIEW "V_SGM_NAEWON"')
        connection.execute('CREATE VIEW "V_SGM_NAEWON" AS SELECT * FROM "V_SGM_NAEWON_NS"')
    with pytest.raises(HisMalformed) as raised:
        adapter_of(his).check()
    assert raised.value.what.endswith(": V_SGM_NAEWON, V_SGM_SANGBYEONG, V_SGM_SUNAP_HANG")


@pytest.mark.postgres
def test_a_missing_column_is_malformed_on_postgres_too(postgres_url: Callable[[], str]):
    url = postgres_url()
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text('ALTER VIEW "V_SGM_SUNAP" RENAME COLUMN "TOT_AMT" TO "SUM_AMT"'))
    engine.dispose()
    with pytest.raises(HisMalformed):
        adapter_of(url).check()


@pytest.mark.postgres
def test_a_missing_database_is_unavailable_not_malformed(postgres_url: Callable[[], str]):
    with pytest.raises(HisUnavailable):
        adapter_of(postgres_url() + "_gone").check()


def test_a_view_without_stamp_needs_a_digest_store(his: str):
    with pytest.raises(HisMalformed) as raised:
        SqlAdapter(unstamped(), his)
    assert "DigestStore" in raised.value.remedy


# Memory, numbers, encodings


def test_a_hostile_row_costs_no_more_memory_than_a_few_of_it(his: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        connection.execute('UPDATE "SRCPTD" SET "SUGA_NM" = ?', ("환" * 200_000,))
    adapter = adapter_of(his)
    adapter.check()
    tracemalloc.start()
    page = adapter.read(None, 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {reject.reason_code for reject in page.rejects} == {"text-too-long"}
    assert peak < 100 * 600_000 * 1.5  # a hundred rows at once, each three bytes a letter


def test_more_details_than_a_record_takes_are_refused(his: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        (key,) = connection.execute('SELECT min("SUNAP_NO") FROM "SRCPTD"').fetchone()
        row = connection.execute('SELECT * FROM "SRCPTD" WHERE "SUNAP_NO" = ? LIMIT 1', (key,)).fetchone()
        marks = ", ".join("?" * len(row))
        rows = [(key, number, *row[2:]) for number in range(1_000, 3_500)]
        connection.executemany(f'INSERT INTO "SRCPTD" VALUES ({marks})', rows)
    page = adapter_of(his).reread([f"statement:{key}"])
    assert [reject.reason_code for reject in page.rejects] == ["too-many-details"]
    assert [document.kind for document in page.documents] == ["receipt"]


def test_a_key_that_a_view_gives_twice_with_different_rows_is_refused(his: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        (key,) = connection.execute('SELECT min("SUNAP_NO") FROM "SRCPTM" WHERE "SUNAP_GB" = 4').fetchone()
        (query,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'V_SGM_SUNAP'").fetchone()
        connection.execute('ALTER TABLE "CDEPTM" RENAME TO "OLD"')
        connection.execute(
            'CREATE TABLE "CDEPTM" AS SELECT * FROM "OLD" UNION ALL SELECT "DEPT_CD", \'x\', \'01\' FROM "OLD"'
        )
        connection.execute('DROP VIEW "V_SGM_SUNAP"')
        connection.execute(query.replace('"OLD"', '"CDEPTM"'))
    page = adapter_of(his).reread([f"receipt:{key}"])
    assert [reject.reason_code for reject in page.rejects] == ["key-ambiguous"]


@pytest.mark.parametrize("stamp", ["garbage", "", "2026-13-45 00:00:00", "9999-12-31 00:00:00"])
def test_a_strange_stamp_stops_nothing(his: str, stamp: str):
    file = his.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        keys = [key for (key,) in connection.execute('SELECT "VST_NO" FROM "OVSITM" ORDER BY "VST_NO"')]
        connection.execute('UPDATE "OVSITM" SET "CHG_DT" = ? WHERE "VST_NO" = ?', (stamp, keys[3]))
    adapter, cursor, found = adapter_of(his), None, set()
    for later in (False, True):
        more = True
        while more:
            page = adapter.read(cursor, 20)
            found |= {document.source_key for document in page.documents}
            cursor, more = page.next_cursor, page.more
        if not later:
            with sqlite3.connect(file) as connection:
                now = "2026-11-24 12:30:00.000000"
                connection.execute('UPDATE "OVSITM" SET "CHG_DT" = ? WHERE "VST_NO" = ?', (now, keys[5]))
            found.discard(f"visit:{keys[5]}")
    assert f"visit:{keys[5]}" in found


def test_stamps_as_text_are_followed_too(his: str):
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        for view in ("V_SGM_NAEWON", "V_SGM_SUNAP"):
            query = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (view,)).fetchone()[0]
            as_text = "replace(replace(replace(substr({0}, 1, 19), '-', ''), ':', ''), ' ', '') AS \"CHG_DT\""
            column = ('v."CHG_DT"', 's."CHG_DT"')[view == "V_SGM_SUNAP"]
            connection.execute(f'DROP VIEW "{view}"')
            connection.execute(query.replace(f", {column}", ", " + as_text.format(column)))
    mapping = Mapping.load(FILE)
    assert mapping.visits and mapping.settlements and mapping.visits.changed
    stamp = mapping.visits.changed.model_copy(update={"type": "text"})
    heads = {
        name: head.model_copy(update={"changed": stamp})
        for name, head in (("visits", mapping.visits), ("settlements", mapping.settlements))
    }
    adapter = SqlAdapter(mapping.model_copy(update=heads), his, clock=lambda: NOON)
    cursor, more, found = None, True, []
    while more:
        page = adapter.read(cursor, 20)
        found += page.documents
        cursor, more = page.next_cursor, page.more
    visits = [document for document in found if document.kind == "visit"]
    assert visits[0].changed_at == NOON
    assert adapter.read(cursor, 20).documents == []


# The digests and their store


def test_a_change_of_a_detail_alone_is_seen_without_a_stamp(his: str, tmp_path: Path):
    store = SqlDigestStore(create_engine(f"sqlite:///{tmp_path}/oracle.db"))
    store.prepare()
    adapter = SqlAdapter(unstamped(), his, digests=store, clock=lambda: NOON)
    cursor = adapter.read(None, 10_000).next_cursor
    assert adapter.read(cursor, 10_000).documents == []
    with sqlite3.connect(his.removeprefix("sqlite:///")) as connection:
        (number,) = connection.execute('SELECT min("VST_NO") FROM "OCDIAG"').fetchone()
        changed = 'UPDATE "OCDIAG" SET "DIAG_NM" = ? WHERE "VST_NO" = ? AND "SEQ" = 1'
        connection.execute(changed, ("다른 이름", number))
    page = adapter.read(cursor, 10_000)
    assert {document.source_key for document in page.documents} == {f"visit:{number}", f"diagnosis:{number}"}


def test_the_digest_store_rewinds_to_a_version_it_knows_and_forgets_all_of_another(tmp_path: Path):
    store = SqlDigestStore(create_engine(f"sqlite:///{tmp_path}/oracle.db"))
    store.prepare()
    store.prepare()
    assert store.version("visit") == Version("", 0)
    store.rewind("visit", Version("", 0), "t1")
    store.remember("visit", {"a": (b"1", "2026-11-24")}, Version("t1", 1))
    store.remember("visit", {"b": (b"2", "2026-11-20"), "c": (b"3", "2026-11-24")}, Version("t1", 2))
    store.remember("other", {"a": (b"9", "2026-11-24")}, Version("t9", 1))
    assert store.known("visit", ["a", "b", "x"]) == {"a": b"1", "b": b"2"}
    store.forget("visit", "2026-11-21")
    assert store.known("visit", ["b", "c"]) == {"c": b"3"}
    store.rewind("visit", Version("t1", 1), "t2")
    assert store.known("visit", ["a", "b", "c"]) == {"a": b"1"}
    assert store.version("visit") == Version("t2", 1)
    store.rewind("visit", Version("t1", 1), "t3")
    assert store.known("visit", ["a"]) == {}
    assert store.known("other", ["a"]) == {"a": b"9"}


def test_digests_out_of_the_window_are_forgotten(his: str, tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path}/oracle.db")
    store, days = SqlDigestStore(engine), 0
    store.prepare()

    def read() -> int:
        adapter = SqlAdapter(unstamped(), his, digests=store, clock=lambda: NOON + timedelta(days=days))
        page = adapter.read(None if days == 0 else cursor, 10_000)
        cursors.append(page.next_cursor)
        return sum(document.kind == "visit" for document in page.documents)

    cursors: list[str] = []
    cursor = None
    assert read() > 20
    cursor, days = cursors[-1], 6
    assert read() == 0
    cursor, days = cursors[-1], 30
    assert read() == 0
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM his_digests")).scalar() == 0
