"""진료비 세부산정내역: each line's arithmetic, codes as text, sums and rounding."""

from __future__ import annotations

from typing import Any

import pytest

from bench.samples import statement
from records.errors import RecordInvalid
from records.kinds import Statement, parse


def one_line(**changes: Any) -> dict[str, Any]:
    """A statement of one line, 25 won × 3 times × 5 days = 375 won, with sums that follow the line."""
    line = {
        "item": "투약 및 조제료 약품비",
        "date": "2026-03-05",
        "code": "650100021",
        "code_list": "drug",
        "name": "가소콜액",
        "unit_price": 25,
        "times": "3",
        "days": 5,
        "amount": 375,
        "patient": 112,
        "insurer": 263,
        "coverage": "covered",
    } | changes
    sums = {name: line.get(name, 0) for name in ("patient", "insurer", "full", "uncovered")}
    totals = sums | {"amount": line["amount"]}
    return statement(lines=1) | {"lines": [line], "subtotal": totals, "totals": totals, "rounding": {}}


def problems(data: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RecordInvalid) as caught:
        parse("statement", data)
    return {(problem.path, problem.code) for problem in caught.value.problems}


def test_price_times_days_give_the_amount() -> None:
    record = parse("statement", one_line())
    assert isinstance(record, Statement)
    assert record.lines[0].amount == 375


@pytest.mark.parametrize("change", [{"unit_price": 26}, {"times": "2"}, {"days": 4}, {"dose": "0.5"}])
def test_a_line_whose_product_differs_is_refused(change: dict[str, Any]) -> None:
    assert problems(one_line(**change)) == {("lines.0.amount", "arithmetic")}


@pytest.mark.parametrize(("amount", "taken"), [(166, True), (167, True), (165, False), (168, False)])
def test_a_fraction_of_a_won_may_be_cut_or_rounded(amount: int, taken: bool) -> None:
    # 111 won × 0.5 × 3 × 1 = 166.5 won
    data = one_line(
        unit_price=111, dose="0.5", times="3", days=1, amount=amount, patient=50, insurer=amount - 50
    )
    if taken:
        assert parse("statement", data)
    else:
        assert ("lines.0.amount", "arithmetic") in problems(data)


@pytest.mark.parametrize("given", [1, "1", "1.0", "1.0000"])
def test_a_dose_is_kept_as_its_shortest_text(given: Any) -> None:
    record = parse("statement", one_line(dose=given))
    assert isinstance(record, Statement)
    assert record.lines[0].dose == "1"


@pytest.mark.parametrize("given", [1.0, "0.12345", "-1", "1e3", "1,5", ".5", "", "123456", "NaN", True, None])
def test_a_dose_outside_the_claim_records_form_is_refused(given: Any) -> None:
    assert {path for path, _ in problems(one_line(dose=given))} == {"lines.0.dose"}


@pytest.mark.parametrize("amount", [374, 376])
def test_a_whole_won_too_much_or_too_little_is_refused(amount: int) -> None:
    found = problems(one_line(amount=amount, patient=112, insurer=amount - 112))
    assert found == {("lines.0.amount", "arithmetic")}


def test_shares_must_add_up_to_the_amount() -> None:
    assert problems(one_line(insurer=262)) >= {("lines.0.amount", "arithmetic")}


@pytest.mark.parametrize(
    ("coverage", "shares"),
    [
        ("uncovered", {"patient": 112, "insurer": 263}),
        ("full", {"patient": 375, "insurer": 0}),
        ("covered", {"patient": 0, "insurer": 0, "uncovered": 375}),
        ("selective", {"patient": 0, "insurer": 0, "full": 375}),
    ],
)
def test_amounts_stand_in_the_columns_of_their_coverage(coverage: str, shares: dict[str, int]) -> None:
    found = {code for _, code in problems(one_line(coverage=coverage, **shares))}
    assert found == {"coverage"}


@pytest.mark.parametrize(
    ("code_list", "code"),
    [
        ("drug", "50100021"),
        ("drug", "6501000210"),
        ("drug", "AA254"),
        ("procedure", "650100021"),
        ("procedure", "AA2"),
        ("procedure", "AA254-0"),
        ("material", "12345"),
    ],
)
def test_a_code_has_the_form_of_its_list(code_list: str, code: str) -> None:
    assert problems(one_line(code_list=code_list, code=code)) == {("lines.0.code", "code_format")}


@pytest.mark.parametrize(
    "code", ["AA154", "AA254", "AA222", "M0111", "D620300HZ", "KK052", "AL801", "AH200000"]
)
def test_fee_codes_of_the_national_list_are_taken(code: str) -> None:
    assert parse("statement", one_line(code_list="procedure", code=code))


def test_a_code_is_text_so_that_its_zeros_stay() -> None:
    assert problems(one_line(code=57001772)) == {("lines.0.code", "string_type")}
    assert parse("statement", one_line(code="057001772")).model_dump()["lines"][0]["code"] == "057001772"


@pytest.mark.parametrize("part", ["subtotal", "totals"])
@pytest.mark.parametrize("column", ["patient", "insurer", "full", "uncovered", "amount"])
def test_every_sum_is_recomputed(part: str, column: str) -> None:
    data = one_line()
    data[part] = data[part] | {column: data[part].get(column, 0) + 10}
    assert any(path == f"{part}.{column}" for path, _ in problems(data))


def test_the_adjustment_cuts_to_ten_won() -> None:
    data = one_line() | {"rounding": {"unit": 10, "patient": -2}}
    data["totals"] = data["subtotal"] | {"patient": 110, "amount": 373}
    assert parse("statement", data)
    data["rounding"] = {"unit": 10, "patient": 8}
    data["totals"] = data["subtotal"] | {"patient": 120, "amount": 383}
    assert ("rounding.patient", "rounding") in problems(data)


@pytest.mark.parametrize("lines", [0, 2001])
def test_a_statement_has_lines_but_not_without_end(lines: int) -> None:
    data = one_line()
    assert {path for path, _ in problems(data | {"lines": data["lines"] * lines})} == {"lines"}
