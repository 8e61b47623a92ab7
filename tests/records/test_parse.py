"""What does not make a record is refused, each problem with its path and without the value."""

from __future__ import annotations

from typing import Any

import pytest

from bench.samples import SAMPLES, receipt, statement
from records.errors import RecordInvalid, UnknownKind
from records.kinds import KINDS, kind_of, parse
from records.text import MAX_WON


def paths_refused(kind: str, data: Any) -> set[str]:
    with pytest.raises(RecordInvalid) as caught:
        parse(kind, data)
    assert caught.value.kind == kind
    return {problem.path for problem in caught.value.problems}


def with_name(name: Any) -> dict[str, Any]:
    return receipt() | {"patient": {"number": "1", "name": name}}


@pytest.mark.parametrize("name", ["prescription", "", "RECEIPT", "urn:saegim:receipt:1", "a\x00b", None, []])
def test_a_kind_nobody_knows_is_refused(name: Any) -> None:
    with pytest.raises(UnknownKind):
        parse(name, {})


@pytest.mark.parametrize("data", [None, [], "receipt", 3, {1: 2}])
def test_what_is_no_mapping_of_fields_is_refused(data: Any) -> None:
    with pytest.raises(RecordInvalid):
        parse("receipt", data)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " 홍길동",
        "홍길동 ",
        "홍\x00길동",
        "홍\n길동",
        "홍\x7f길동",
        "홍\x85길동",
        "홍\u202e길동",
        "홍\u2066길동",
        "홍\u200b길동",
        "홍\ufeff길동",
        "홍\u2028길동",
        "홍\u00a0길동",
        "홍\ue000길동",
        "홍\uffff길동",
        "홍\ud800길동",
        "\u1112\u1169\u11bc",
        "홍" * 101,
        "A" * 1_000_000,
        7,
        True,
        None,
        b"abc",
        ["홍길동"],
    ],
)
def test_hostile_text_is_refused_at_its_place(name: Any) -> None:
    assert paths_refused("receipt", with_name(name)) == {"patient.name"}


@pytest.mark.parametrize(
    "name", ["홍길동", "홍 길동", "Jean-Luc Ó Briain", "김㐀", "𠀋田", "홍길동(외국인)", "홍　길동"]
)
def test_names_as_people_have_them_are_taken(name: str) -> None:
    assert parse("receipt", with_name(name)).model_dump()["patient"]["name"] == name


@pytest.mark.parametrize(
    "value", [-1, -(10**20), MAX_WON + 1, 10**400, 1.0, 1.5, "100", True, None, float("nan")]
)
def test_amounts_are_whole_won_and_never_negative(value: Any) -> None:
    assert "total" in paths_refused("receipt", receipt() | {"total": value})


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2025-02-29",
        "0000-01-01",
        "20260305",
        "2026-3-5",
        "26-03-05",
        "2026-03-05T10:00:00+09:00",
        "2026-03-05 ",
        "２０２６-03-05",
        "",
        20260305,
        None,
    ],
)
def test_dates_that_do_not_exist_are_refused(value: Any) -> None:
    assert paths_refused("receipt", receipt() | {"visit_date": value}) == {"visit_date"}


@pytest.mark.parametrize("value", ["2026", "2026-03", "2026-03-05", "2024-02-29"])
def test_dates_keep_the_precision_they_came_with(value: str) -> None:
    assert parse("receipt", receipt() | {"visit_date": value}).model_dump()["visit_date"] == value


@pytest.mark.parametrize(
    "value", ["2026-03-05T09:30:00", "2026-03-05T25:00:00Z", "2026-03-05T09:30Z", "2026-03-05T09:30:00+25:00"]
)
def test_times_without_zone_or_that_do_not_exist_are_refused(value: str) -> None:
    assert paths_refused("visit", SAMPLES["visit"]() | {"visit_date": value}) == {"visit_date"}


@pytest.mark.parametrize("kind", ["receipt", "bill", "statement", "visit"])
@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        ("2026-03-05", "2026-03-04", False),
        ("2026-03", "2026-02-28", False),
        ("2026", "2025-12-31", False),
        ("2026-03-05", "2026-03", True),
        ("2026-03-05", "2026", True),
        ("2026-03-05", "2026-03-05", True),
    ],
)
def test_a_period_runs_forward(kind: str, start: str, end: str, taken: bool) -> None:
    data = SAMPLES[kind](full=True) | {"period": {"start": start, "end": end}}
    if taken:
        assert parse(kind, data)
    else:
        assert paths_refused(kind, data) == {"period.end"}


def test_unknown_fields_are_refused_wherever_they_are() -> None:
    data = receipt() | {"evil": 1, "patient": {"number": "1", "name": "홍길동", "rrn": "000000-0000000"}}
    data["rows"][2]["x"] = 1
    assert paths_refused("receipt", data) == {"evil", "patient.rrn", "rows.2.x"}


def test_a_hostile_field_name_does_not_reach_the_message() -> None:
    paths = paths_refused("receipt", receipt() | {"a\x00\u202e" + "b" * 100_000: 1})
    assert all(len(path) < 60 and path.isprintable() for path in paths)


def test_every_problem_is_listed() -> None:
    data = receipt() | {"issued_date": "2026-02-30", "due": "x", "evil": 1}
    del data["patient_class"]
    assert paths_refused("receipt", data) == {"issued_date", "due", "evil", "patient_class"}


def test_no_value_reaches_a_message() -> None:
    secret = "김비밀\x00"
    with pytest.raises(RecordInvalid) as caught:
        parse("receipt", with_name(secret) | {"visit_date": "4444-44-44", "number": "번호비밀"})
    assert not any(word in str(caught.value) for word in ("비밀", "4444"))
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("code", ["27", "99", "1", "", "001", 1])
def test_departments_outside_the_national_list_are_refused(code: Any) -> None:
    data = receipt() | {"department": {"code": code, "name": "내과"}}
    assert paths_refused("receipt", data) == {"department.code"}


def test_numbers_keep_their_leading_zeros() -> None:
    lines = parse("statement", statement()).model_dump()["lines"]
    assert "073400360" in {line["code"] for line in lines}


def test_a_record_cannot_be_changed() -> None:
    record = parse("receipt", receipt())
    with pytest.raises(ValueError, match="frozen"):
        record.total = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("full", [False, True])
def test_samples_of_every_kind_parse(name: str, full: bool) -> None:
    record = parse(name, SAMPLES[name](full=full))
    assert kind_of(record).name == name
    assert parse(name, record.model_dump(mode="json")) == record


def test_every_kind_has_a_sample_that_fills_every_field() -> None:
    assert {kind.name for kind in KINDS.values()} == set(SAMPLES)
    for name, make in SAMPLES.items():
        empty = [
            field
            for field, value in parse(name, make(full=True)).model_dump().items()
            if value is None or (isinstance(value, dict) and None in value.values())
        ]
        assert not empty, (name, empty)
