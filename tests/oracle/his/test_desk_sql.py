"""The desk behind views of a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import desk_contract
import pytest
import yaml
from desk_hospital import ME, DeskHospital

from chain.clock import utc_now
from oracle.adapters import make_desk
from oracle.errors import NotConfigured
from oracle.his import asking
from oracle.his.base import HisMalformed
from oracle.his.desk import HospitalDesk, TooManyRows
from oracle.his.desk_fields import Question
from oracle.his.sql.config import SqlConfig


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
