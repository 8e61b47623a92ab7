"""진료이력 and 진단내역: codes, ranks, periods."""

from __future__ import annotations

from typing import Any

import pytest

from bench.samples import diagnosis, visit
from records.codes import claim_kcd
from records.errors import RecordInvalid
from records.kinds import Diagnoses, Visit, parse


def problems(kind: str, data: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RecordInvalid) as caught:
        parse(kind, data)
    return {(problem.path, problem.code) for problem in caught.value.problems}


def coded(*codes: str, ranks: str = "msss") -> dict[str, Any]:
    names = {"m": "main", "s": "sub"}
    entries = [
        {"code": code, "name": f"진단 {at}", "rank": names[rank], "certainty": "confirmed"}
        for at, (code, rank) in enumerate(zip(codes, ranks, strict=False))
    ]
    return diagnosis() | {"diagnoses": entries}


@pytest.mark.parametrize(
    "code", ["E11.9", "E119", "I10.9", "J00", "J03.90", "J0390", "R1049", "B351", "E1163"]
)
def test_kcd_codes_are_taken_with_and_without_dot(code: str) -> None:
    record = parse("diagnosis", coded(code))
    assert isinstance(record, Diagnoses)
    kept = record.diagnoses[0].code
    assert claim_kcd(kept) == code.replace(".", "")
    assert kept == claim_kcd(kept) or kept[3] == "."


@pytest.mark.parametrize(
    "code", ["", "e119", "E1", "EE19", "119", "E11.", "E.119", "E11.9.1", "E1199999", "E11９", "E119 ", 119]
)
def test_what_is_no_kcd_code_is_refused(code: Any) -> None:
    assert {path for path, _ in problems("diagnosis", coded(code))} == {"diagnoses.0.code"}


@pytest.mark.parametrize("ranks", ["ss", "mm"])
def test_exactly_one_diagnosis_is_the_main_one(ranks: str) -> None:
    assert problems("diagnosis", coded("E119", "J00", ranks=ranks)) == {("diagnoses", "main")}


def test_the_same_diagnosis_does_not_occur_twice() -> None:
    data = coded("E119", "E11.9")
    data["diagnoses"][1]["name"] = data["diagnoses"][0]["name"]
    assert problems("diagnosis", data) == {("diagnoses", "duplicate_item")}


def test_a_claim_takes_thirty_diagnoses() -> None:
    many = [
        {"code": f"A{at:02d}", "name": "x", "rank": "sub" if at else "main", "certainty": "suspected"}
        for at in range(31)
    ]
    assert parse("diagnosis", diagnosis() | {"diagnoses": many[:30]})
    assert problems("diagnosis", diagnosis() | {"diagnoses": many}) == {("diagnoses", "too_long")}


@pytest.mark.parametrize("certainty", ["확정", "maybe", None])
def test_a_diagnosis_is_suspected_or_confirmed(certainty: Any) -> None:
    data = coded("E119")
    data["diagnoses"][0]["certainty"] = certainty
    assert problems("diagnosis", data) == {("diagnoses.0.certainty", "enum")}


def test_an_inpatient_visit_states_its_period() -> None:
    assert problems("visit", visit() | {"encounter_class": "inpatient"}) == {("period", "missing")}


@pytest.mark.parametrize(
    "insurance", ["national-health", "medical-aid", "veterans", "free", "car", "industrial", "self-pay"]
)
def test_every_kind_of_insurance_is_known(insurance: str) -> None:
    record = parse("visit", visit() | {"insurance": insurance})
    assert isinstance(record, Visit)
    assert record.insurance == insurance


@pytest.mark.parametrize("number", ["1234567", "12a", "", 123])
def test_a_licence_number_has_up_to_six_digits(number: Any) -> None:
    data = visit() | {"doctor": {"name": "이진료", "licence_number": number}}
    assert {path for path, _ in problems("visit", data)} == {"doctor.licence_number"}


@pytest.mark.parametrize("number", ["1110000", "111000011", "1110000a", 11100001])
def test_an_institution_number_has_eight_digits(number: Any) -> None:
    data = visit()
    data["institution"]["number"] = number
    assert {path for path, _ in problems("visit", data)} == {"institution.number"}


@pytest.mark.parametrize("code", ["02", "99", "1", 11])
def test_an_institution_type_is_one_of_the_national_list(code: Any) -> None:
    data = visit()
    data["institution"]["type"] = code
    assert {path for path, _ in problems("visit", data)} == {"institution.type"}
