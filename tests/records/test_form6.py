"""Form 6: each circled number, rounding, and the difference between a bill and a receipt."""

from __future__ import annotations

from typing import Any

import pytest

from bench.samples import bill, receipt
from records.errors import RecordInvalid
from records.kinds import BY_NAME, Bill, Receipt, parse


def problems(kind: str, data: dict[str, Any]) -> set[tuple[str, str]]:
    with pytest.raises(RecordInvalid) as caught:
        parse(kind, data)
    return {(problem.path, problem.code) for problem in caught.value.problems}


def small(**changes: Any) -> dict[str, Any]:
    """A receipt small enough to check by hand: 10,000 won, of which the patient pays 3,000 and 500 uncovered."""
    data = receipt(rows=1) | {
        "rows": [{"item": "consultation", "patient": 3_000, "insurer": 7_000, "uncovered": 500}],
        "rounding": {},
        "totals": {"patient": 3_000, "insurer": 7_000, "full": 0, "uncovered": 500},
        "total": 10_500,
        "insurer_total": 7_000,
        "patient_total": 3_500,
        "already_paid": 0,
        "due": 3_500,
        "paid": {"card": 3_500, "total": 3_500},
        "outstanding": 0,
    }
    return data | changes


def test_the_small_receipt_holds() -> None:
    record = parse("receipt", small())
    assert isinstance(record, Receipt)
    assert (record.total, record.insurer_total, record.patient_total, record.uncovered_total) == (
        10_500,
        7_000,
        3_500,
        500,
    )


@pytest.mark.parametrize("column", ["patient", "insurer", "full", "uncovered"])
@pytest.mark.parametrize("by", [1, 100])
def test_a_total_that_is_not_its_columns_sum_is_refused(column: str, by: int) -> None:
    totals = small()["totals"]
    found = problems("receipt", small(totals=totals | {column: totals[column] + by}))
    assert (f"totals.{column}", "arithmetic") in found


@pytest.mark.parametrize("field", ["total", "insurer_total", "patient_total", "due", "outstanding"])
def test_each_circled_number_is_recomputed(field: str) -> None:
    assert (field, "arithmetic") in problems("receipt", small(**{field: small()[field] + 10}))


def test_every_wrong_sum_is_named_at_once() -> None:
    found = {path for path, _ in problems("receipt", small(total=1, insurer_total=2, paid={"total": 3}))}
    assert found == {"total", "insurer_total", "paid.total", "outstanding"}


def test_the_ceiling_excess_moves_from_patient_to_insurer() -> None:
    data = small(ceiling_excess=1_000, insurer_total=8_000, patient_total=2_500, due=2_500)
    record = parse("receipt", data | {"paid": {"card": 2_500, "total": 2_500}})
    assert isinstance(record, Receipt)
    assert record.total == 10_500


def test_the_ceiling_excess_cannot_exceed_the_patient_share() -> None:
    data = small(ceiling_excess=3_001, insurer_total=10_001, patient_total=499, due=499)
    data["paid"] = {"card": 499, "total": 499}
    assert problems("receipt", data) == {("ceiling_excess", "arithmetic")}


@pytest.mark.parametrize(
    "paid",
    [
        {"card": 3_000, "total": 3_500},
        {"card": 3_500, "cash": 1, "total": 3_500},
        {"card": 4_500, "cash": -1_000, "total": 3_500},
        {"card": 3_600, "total": 3_600},
        {"total": -1},
    ],
)
def test_payments_must_add_up_and_run_one_way(paid: dict[str, int]) -> None:
    assert any(path.startswith("paid") for path, _ in problems("receipt", small(paid=paid)))


def test_a_receipt_says_what_stayed_unpaid() -> None:
    record = parse("receipt", small(paid={"cash": 3_000, "total": 3_000}, outstanding=500))
    assert isinstance(record, Receipt)
    assert record.outstanding == 500


def test_more_paid_in_advance_than_owed_gives_a_refund() -> None:
    refund = {"already_paid": 5_000, "due": -1_500, "paid": {"card": -1_500, "total": -1_500}}
    record = parse("receipt", small(**refund))
    assert isinstance(record, Receipt)
    assert record.due == -1_500
    assert problems("receipt", small(**refund | {"paid": {"card": 1_500, "total": 1_500}}))


def test_the_patient_share_is_cut_to_the_unit_and_the_insurer_takes_the_rest() -> None:
    rows = [{"item": "consultation", "patient": 3_056, "insurer": 7_000, "uncovered": 500}]
    data = small(rows=rows, totals={"patient": 3_000, "insurer": 7_056, "uncovered": 500}, total=10_556)
    data |= {"insurer_total": 7_056, "rounding": {"unit": 100, "patient": -56, "insurer": 56}}
    assert parse("receipt", data)


@pytest.mark.parametrize(
    ("rounding", "patient", "why"),
    [
        ({"unit": 100, "patient": 44}, 3_100, "cut up instead of down"),
        ({"unit": 100, "patient": -156}, 2_900, "cut by more than the unit"),
        ({"unit": 100, "patient": 0}, 3_056, "not cut although the unit says so"),
        ({"unit": 1, "patient": -56}, 3_000, "cut although nothing is to be cut"),
        ({"unit": 10, "patient": -56}, 3_000, "cut to another unit than declared"),
    ],
)
def test_wrong_rounding_is_refused(rounding: dict[str, int], patient: int, why: str) -> None:
    rows = [{"item": "consultation", "patient": 3_056, "insurer": 7_000, "uncovered": 500}]
    data = small(
        rows=rows, rounding=rounding, totals={"patient": patient, "insurer": 7_000, "uncovered": 500}
    )
    data |= {"total": patient + 7_500, "patient_total": patient + 500, "due": patient + 500}
    data["paid"] = {"card": data["due"], "total": data["due"]}
    assert problems("receipt", data) == {("rounding.patient", "rounding")}, why


def test_the_insurer_cannot_take_more_than_was_cut() -> None:
    rows = [{"item": "consultation", "patient": 3_056, "insurer": 7_000, "uncovered": 500}]
    data = small(rows=rows, rounding={"unit": 100, "patient": -56, "insurer": 57})
    data |= {"totals": {"patient": 3_000, "insurer": 7_057, "uncovered": 500}, "total": 10_557}
    assert problems("receipt", data | {"insurer_total": 7_057}) == {("rounding.insurer", "rounding")}


@pytest.mark.parametrize("unit", [0, 2, 50, 1000, "100", -10])
def test_only_real_rounding_units_are_taken(unit: Any) -> None:
    assert {path for path, _ in problems("receipt", small(rounding={"unit": unit}))} == {"rounding.unit"}


def test_an_item_stands_on_the_form_once() -> None:
    assert ("rows", "duplicate_item") in problems("receipt", small(rows=small()["rows"] * 2))


def test_an_item_that_the_form_does_not_have_is_refused() -> None:
    assert problems("receipt", small(rows=[{"item": "snacks"}])) == {("rows.0.item", "enum")}


@pytest.mark.parametrize(
    ("encounter_class", "stay"), [("outpatient", "discharge"), ("emergency", "interim"), ("inpatient", None)]
)
def test_discharge_or_interim_is_ticked_for_inpatients_only(encounter_class: str, stay: str | None) -> None:
    assert problems("receipt", small(encounter_class=encounter_class, stay=stay)) == {("stay", "stay")}


@pytest.mark.parametrize("encounter_class", ["outpatient", "emergency"])
def test_outpatients_and_emergencies_have_receipts(encounter_class: str) -> None:
    assert parse("receipt", small(encounter_class=encounter_class))


@pytest.mark.parametrize("stay", ["discharge", "interim"])
def test_inpatients_have_discharge_and_interim_receipts(stay: str) -> None:
    assert parse("receipt", small(encounter_class="inpatient", stay=stay))


@pytest.mark.parametrize("name", ["business_number", "phone", "address", "representative"])
def test_the_foot_of_the_form_is_filled(name: str) -> None:
    data = small()
    del data["institution"][name]
    assert problems("receipt", data) == {(f"institution.{name}", "missing")}


@pytest.mark.parametrize("number", ["0000000000", "000-00-0000", "000-00-00000 ", "가-나-다"])
def test_a_business_number_has_its_form(number: str) -> None:
    data = small()
    data["institution"]["business_number"] = number
    assert problems("receipt", data) == {("institution.business_number", "string_pattern_mismatch")}


@pytest.mark.parametrize("field", ["paid", "settled_date", "outstanding", "cash_receipt_approval"])
def test_a_bill_has_no_place_for_a_payment(field: str) -> None:
    assert (field, "extra_forbidden") in problems("bill", bill() | {field: receipt(full=True)[field]})


def test_a_bill_is_no_receipt_and_a_receipt_no_bill() -> None:
    with pytest.raises(RecordInvalid):
        parse("receipt", bill())
    with pytest.raises(RecordInvalid):
        parse("bill", receipt())
    assert not isinstance(parse("bill", bill()), Receipt)
    assert not isinstance(parse("receipt", receipt()), Bill)


def test_bill_and_receipt_differ_in_name_type_and_title() -> None:
    one, other = BY_NAME["bill"], BY_NAME["receipt"]
    assert one.name != other.name
    assert one.vct != other.vct
    assert one.title.ko != other.title.ko
    assert one.title.en != other.title.en
