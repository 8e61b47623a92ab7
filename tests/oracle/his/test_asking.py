"""What the desk makes of rows, whatever adapter they come from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from oracle.his.asking import Desk
from oracle.his.base import HisMalformed, Reason
from oracle.his.desk import Asked, Period, TooManyPatients
from oracle.his.desk_fields import Question
from oracle.his.rows import BadRow, Fields

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = Period(date(2026, 11, 24), date(2026, 11, 24))
RESULT: Fields = {
    "id": "L1",
    "patient_number": "1",
    "code": "T",
    "name": "검사",
    "visit": None,
    "taken": NOW,
    "released": NOW,
    "rule": "at-once",
    "values": [],
}


class Source:
    """Answers every question with the same rows."""

    name = "test"
    offers = frozenset(Question)

    def __init__(self, *rows: Fields | BadRow) -> None:
        self.rows = list(rows)
        self.asked: list[tuple[Question, Asked, int]] = []

    def ask(self, question: Question, asked: Asked, most: int) -> list[Fields | BadRow]:
        self.asked.append((question, asked, most))
        return self.rows[:most]

    def check(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def desk(*rows: Fields | BadRow) -> Desk:
    return Desk(Source(*rows), ZoneInfo("Asia/Seoul"), lambda: NOW)


def results(*rows: Fields | BadRow) -> tuple[list[str], int]:
    listed = desk(*rows).results("1", DAY)
    return [each.id for each in listed.found], listed.unreadable


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, ["L1"]),
        ({"released": None}, []),
        ({"released": NOW + timedelta(seconds=1)}, []),
        ({"taken": None}, ["L1"]),
        ({"taken": datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC)}, []),
        ({"taken": datetime(2026, 11, 23, 15, 0, tzinfo=UTC)}, ["L1"]),
        ({"taken": datetime(2026, 11, 24, 15, 0, tzinfo=UTC)}, []),
    ],
)
def test_a_result_is_shown_when_released_on_the_hospitals_days(change: Fields, found: list[str]) -> None:
    assert results(RESULT | change) == (found, 0)


def test_a_row_that_comes_twice_is_one_and_two_under_one_name_are_none() -> None:
    other = RESULT | {"id": "L2"}
    assert results(RESULT, RESULT, other) == (["L2", "L1"], 0)
    assert results(RESULT, RESULT | {"name": "다른 검사"}, other) == (["L2"], 1)


def test_a_bad_row_takes_no_other_with_it() -> None:
    assert results(BadRow(Reason.MISSING, "name"), RESULT, RESULT | {"id": "", "name": ""}) == (["L1"], 2)


@pytest.mark.parametrize("row", [RESULT | {"patient_number": "2"}, RESULT | {"patient_number": " 1"}])
def test_one_row_of_somebody_else_stops_the_answer(row: Fields) -> None:
    with pytest.raises(HisMalformed) as raised:
        results(RESULT, row)
    assert "2" not in str(raised.value)


def test_another_patient_than_the_one_asked_for_is_not_told() -> None:
    row = {"number": "2", "name": "MARKED", "birth_date": None, "sex": None}
    with pytest.raises(HisMalformed):
        desk(row).patient("1")
    assert desk(row).born(date(1990, 1, 1)) == []


def test_two_rows_of_one_number_are_no_answer() -> None:
    row: dict[str, Any] = {"number": "1", "name": "하나", "birth_date": None, "sex": None}
    with pytest.raises(BadRow) as raised:
        desk(row, row | {"name": "둘"}).patient("1")
    assert raised.value.reason is Reason.KEY_AMBIGUOUS


def test_a_birth_date_of_too_many_is_not_gone_through() -> None:
    row = {"number": "1", "name": "하나", "birth_date": "1900-01-01", "sex": None}
    with pytest.raises(TooManyPatients):
        desk(*[row] * 2_001).born(date(1900, 1, 1))


def test_a_number_that_was_merged_into_itself_was_not_merged() -> None:
    assert desk({"number": "1", "surviving": "1"}).merged_into("1") is None


def test_a_full_time_is_not_offered() -> None:
    session: Fields = {
        "id": "S1",
        "department": "IM",
        "department_name": "내과",
        "start": NOW,
        "end": NOW,
        "state": "open",
        "total": 3,
        "slots": [{"at": NOW, "free": 0}, {"at": NOW, "free": -1}, {"at": NOW, "free": 2}],
    }
    (found,) = desk(session).sessions("IM", None, DAY).found
    assert [each.free for each in found.slots] == [2]
    assert desk(session | {"department": "GS"}).sessions("IM", None, DAY).found == []
