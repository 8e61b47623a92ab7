"""The desk behind views of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import desk_contract
import pytest
import yaml
from desk_hospital import DEPARTMENT, ME, DeskHospital

from chain.clock import utc_now
from oracle.adapters import make_desk
from oracle.errors import NotConfigured
from oracle.his import asking
from oracle.his.base import HisMalformed
from oracle.his.desk import HospitalDesk, Period, TooManyRows
from oracle.his.desk_fields import Question
from oracle.his.sql.config import SqlConfig
from sandbox.his.day import Day, Plan
from sandbox.his.people import patient
from sandbox.his.reception import fill, register
from sandbox.his.store import Writer, ensure_patients, open_database


class Behind:
    def __init__(self, folder: Path) -> None:
        self.world = DeskHospital(folder)
        desk = make_desk("sql", {"url": self.world.url}, self.world.clock)
        assert desk is not None
        self.desk: HospitalDesk = desk

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.desk.close()
        self.world.engine.dispose()
        with desk_contract.renamed(Path(self.world.url.removeprefix("sqlite:///"))):
            yield


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    made = Behind(tmp_path_factory.mktemp("sql"))
    yield made
    made.desk.close()
    made.world.close()


class TestSql(desk_contract.PeopleContract, desk_contract.CareContract):
    offered = frozenset(Question) - {Question.REGISTER}

    @pytest.fixture
    def hospital(self, behind: Behind) -> Behind:
        return behind


def test_a_view_that_shows_another_patient_than_the_one_asked_for_is_not_passed_on(
    behind: Behind, tmp_path: Path
) -> None:
    mapping = yaml.safe_load(SqlConfig(url="sqlite://").mapping.read_text("utf-8"))
    mapping["desk"]["bills"]["by"] = "DEPT_NM"  # a wrong column: rows of a department, not of a patient
    mapping["desk"]["results"]["columns"]["patient_number"] = "TEST_CD"
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(mapping, allow_unicode=True))
    desk = make_desk("sql", {"url": behind.world.url, "mapping": str(file)}, behind.world.clock)
    assert desk is not None
    departments = {visit.doctor.department.name for visit in behind.world.visits.values()}
    with pytest.raises(HisMalformed, match="another patient"):
        desk.bills(departments.pop())
    with pytest.raises(HisMalformed, match="another patient"):
        desk.results(ME.number, desk_contract.YEAR)
    desk.close()


def test_more_rows_than_an_answer_takes_are_none(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_ROWS", 2)
    with pytest.raises(TooManyRows):
        behind.desk.bills(ME.number)


def test_the_check_finds_a_view_that_is_missing(behind: Behind) -> None:
    for view in ("V_SGM_CHEONGGU", "V_SGM_ILJEONG_SLOT"):
        with behind.world.without(view), pytest.raises(HisMalformed):
            behind.desk.check()
    behind.desk.check()


@pytest.mark.parametrize(
    ("question", "change", "said"),
    [
        ("register", {}, "views do not answer"),
        ("bills", {"by": None}, "by"),
        ("results", {"day": None}, "day"),
        ("results", {"details": None}, "details"),
        ("merged", {"details": {"view": "V", "parent": "P", "order": "O", "columns": {}}}, "has none"),
        ("bills", {"columns": {"id": "BILL_NO"}}, "a column must be given"),
        ("bills", {"columns": {"idd": "BILL_NO"}}, "no such field"),
    ],
)
def test_a_mistake_in_the_mapping_is_named(
    tmp_path: Path, question: str, change: dict[str, object], said: str
) -> None:
    mapping = yaml.safe_load(SqlConfig(url="sqlite://").mapping.read_text("utf-8"))
    part = mapping["desk"].get(question, mapping["desk"]["merged"])
    mapping["desk"][question] = {name: each for name, each in (part | change).items() if each is not None}
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(mapping, allow_unicode=True))
    with pytest.raises(NotConfigured, match=said):
        make_desk("sql", {"url": "sqlite:///nowhere.db", "mapping": str(file)}, utc_now)


@pytest.mark.postgres
def test_postgresql_answers_as_well(postgres_url: Callable[[], str]) -> None:
    url = postgres_url()
    engine = open_database(url)
    ensure_patients(engine, 40)
    fill(engine, date(2026, 11, 24), 40)
    day = Day(Plan(date(2026, 11, 24), 30))
    Writer(engine).write(day.steps())
    first, again = (register(engine, "request-1", "새환자", "19910203", "F") for _ in range(2))
    assert first == again
    desk = make_desk("sql", {"url": url}, lambda: datetime(2026, 11, 24, 3, 0, tzinfo=UTC))
    assert desk is not None
    desk.check()
    registered = desk.patient(first["PT_NO"])
    assert registered is not None
    assert [each.number for each in desk.born(date(1991, 2, 3))] == [first["PT_NO"]]
    assert registered.name == "새환자"
    week = Period(date(2026, 11, 24), date(2026, 11, 30))
    sessions = desk.sessions(DEPARTMENT, None, week)
    assert sessions.unreadable == 0
    assert any(each.slots and each.slots[0].free > 0 for each in sessions.found)
    numbers = [patient(index).number for index in range(1, 41)]
    assert sum(len(desk.appointments(number, desk_contract.YEAR).found) for number in numbers) == 40
    assert sum(len(desk.results(number, desk_contract.YEAR).found) for number in numbers) == 30, (
        "10 are held back"
    )
    bills = [each for number in numbers for each in desk.bills(number).found]
    assert len(bills) >= 25
    assert {each.state for each in bills} >= {"settled"}
    desk.close()
    engine.dispose()
