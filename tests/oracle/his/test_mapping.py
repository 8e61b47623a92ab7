"""The mapping file: every mistake is named with its place, all at once."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from oracle.his.sql import Mapping, MappingInvalid

FILE = Path(__file__).parents[3] / "oracle/his/sql/mapping.yaml"
GOOD: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))


def problems(tmp_path: Path, data: Any) -> list[str]:
    file = tmp_path / "mapping.yaml"
    text = data if isinstance(data, str) else yaml.safe_dump(data, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MappingInvalid) as raised:
        Mapping.load(file)
    assert raised.value.path == file
    assert str(file) in str(raised.value)
    return raised.value.problems


def changed(place: str, value: Any) -> dict[str, Any]:
    """The good mapping with one place set to something else; None takes it out."""
    data = copy.deepcopy(GOOD)
    *path, last = place.split(".")
    inner = data
    for step in path:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return data


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(MappingInvalid):
        Mapping.load(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("text", ["", "nonsense", "[1, 2]", "a: [", "{}", "\tx: 1"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str):
    assert problems(tmp_path, text)


def test_a_key_that_occurs_twice_is_refused(tmp_path: Path):
    text = FILE.read_text(encoding="utf-8").replace('"1": deposit', '"1": deposit\n        "1": bill')
    assert "occurs twice" in problems(tmp_path, text)[0]


def test_a_code_without_quotes_is_refused(tmp_path: Path):
    text = FILE.read_text(encoding="utf-8").replace('"01": consultation', "01: consultation")
    assert "form_rows.columns.item" in problems(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("version", 2, "version"),
        ("time_zone", "Asia/Soul", "Asia/Seoul"),
        ("overlap_seconds", -1, "overlap_seconds"),
        ("institution.number", "123", "institution.number"),
        ("documents", ["prescription"], "documents"),
        ("documents", ["diagnosis"], None),
        ("settlements", None, "settlements: needed for documents of kind bill"),
        ("lines", None, "lines: needed for documents of kind statement"),
        ("settlements.view", 'x"; DROP TABLE y; --', "settlements.view"),
        ("settlements.key", "A B", "settlements.key"),
        (
            "settlements.columns.totl",
            "TOT_AMT",
            "settlements.columns.totl: no such field; did you mean total?",
        ),
        ("settlements.columns.total", None, "settlements.columns.total: a column must be given"),
        ("settlements.columns.kind", "SUNAP_GB", "settlements.columns.kind: values must say"),
        (
            "settlements.columns.kind.values",
            {"1": "invoice"},
            "settlements.columns.kind: unknown value invoice",
        ),
        ("settlements.columns.total", {"column": "A", "values": {"1": "x"}}, "for codes only"),
        ("settlements.columns.total", {}, "give either column or constant"),
        ("settlements.columns.total", {"column": "A", "constant": "1"}, "give either column or constant"),
        ("visits.changed.type", "float", "visits.changed.type"),
        ("visits.colour", "red", "visits.colour"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, place: str, value: Any, expected: str | None):
    data = changed(place, value)
    if expected is None:
        data["diagnoses"] = None
        expected = "diagnoses: needed for documents of kind diagnosis"
    assert any(expected in problem for problem in problems(tmp_path, data))


def test_a_view_with_neither_stamp_nor_day_is_refused(tmp_path: Path):
    data = changed("visits.changed", None)
    del data["visits"]["day"]
    assert any("give changed" in problem for problem in problems(tmp_path, data))


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    data = changed("settlements.columns.total", None)
    del data["lines"]["columns"]["amount"]
    data["visits"]["columns"]["doctr_name"] = "X"
    found = problems(tmp_path, data)
    assert len(found) == 3


def test_a_hospital_may_leave_out_what_it_does_not_give(tmp_path: Path):
    data = {name: part for name, part in GOOD.items() if name not in ("lines", "diagnoses", "visits")}
    data["documents"] = ["bill", "receipt"]
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    assert Mapping.load(file).lines is None


def test_constants_and_schema_names_are_taken(tmp_path: Path):
    data = changed("settlements.view", "HIS.V_SGM_SUNAP")
    data["diagnoses"]["columns"]["certainty"] = {"constant": "confirmed"}
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    mapping = Mapping.load(file)
    assert mapping.settlements is not None and mapping.settlements.view == "HIS.V_SGM_SUNAP"
