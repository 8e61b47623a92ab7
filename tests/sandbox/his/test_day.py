"""The generator: the same day for the same seed, any size, nothing invented, every amount right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from sandbox.his import catalog, people
from sandbox.his.catalog import Cover
from sandbox.his.day import Day, Plan
from sandbox.his.events import Insert, Step
from sandbox.his.money import HEALTH, NONE, POLICIES, SPECIAL, Line, Shares, account
from sandbox.his.schema import SETTLEMENT_ITEMS, SETTLEMENTS
from sandbox.his.slips import Kind

TUESDAY, SUNDAY = date(2026, 11, 24), date(2026, 11, 22)

PUBLISHED_FEES = {"AA156", "AA256", "AA222", "M0111", "D620300HZ", "KK052", "AL801", "AH200000"}
PUBLISHED_DRUGS = {
    "073400360", "073400390", "073400340", "073400330", "073400280", "073400200", "645405820",
    "641601050", "642507551", "644100481", "657301832", "642202450", "653700240", "650100021",
}  # fmt: skip
PUBLISHED_DISEASES = {
    "E119", "I109", "J209", "J00", "J069", "K297", "K210", "K219", "E785", "J304", "A099", "B351",
    "J0390", "R1049", "E1163",
}  # fmt: skip


def steps_of(**options: object) -> list[Step]:
    return list(Day(Plan(**options)).steps())  # type: ignore[arg-type]


def settlements(steps: list[Step]) -> list[tuple[object, ...]]:
    return [
        write.values
        for step in steps
        for write in step.writes
        if isinstance(write, Insert) and write.table is SETTLEMENTS
    ]


def test_the_same_seed_makes_the_same_day_and_another_seed_another():
    first, again = steps_of(day=TUESDAY, receipts=50, seed=1), steps_of(day=TUESDAY, receipts=50, seed=1)
    assert first == again
    assert first != steps_of(day=TUESDAY, receipts=50, seed=2)
    assert first != steps_of(day=SUNDAY, receipts=50, seed=1)


@pytest.mark.parametrize("receipts", [1, 2, 3, 4, 37, 200])
@pytest.mark.parametrize("day", [TUESDAY, SUNDAY], ids=["working day", "Sunday"])
def test_a_day_hands_out_exactly_as_many_receipts_as_asked_for(receipts: int, day: date):
    truth = Day(Plan(day, receipts, seed=receipts))
    steps = list(truth.steps())
    assert sum(step.receipts for step in steps) == receipts
    assert sum(name.startswith("receipt:") for name in truth.truth.documents) == receipts


def test_time_only_goes_forward():
    times = [step.at for step in steps_of(day=TUESDAY, receipts=150)]
    assert times == sorted(times)


def test_a_day_of_some_hundred_receipts_has_everything_that_can_happen():
    day = Day(Plan(TUESDAY, 600, seed=3))
    rows = settlements(list(day.steps()))
    assert {row[3] for row in rows} == {kind.value for kind in Kind}
    assert {row[4] for row in rows} == {"O", "E", "M", "D"}
    assert {row[13] for row in rows} >= {None, "1"}
    assert {row[11] for row in rows} >= set(POLICIES)
    states = Counter((name.split(":")[0], each.state) for name, each in day.truth.documents.items())
    for kind in ("bill", "receipt", "statement"):
        for state in ("issued", "superseded", "withdrawn"):
            if (kind, state) != ("statement", "nothing"):
                assert states[kind, state] > 0, (kind, state)


def test_on_a_sunday_only_emergencies_come_at_holiday_rates():
    rows = settlements(steps_of(day=SUNDAY, receipts=30))
    assert {(row[4], row[13]) for row in rows} == {("E", "2")}


def test_every_receipt_can_have_a_fixed_number_of_items():
    steps = steps_of(day=TUESDAY, receipts=20, items=29, plain=True)
    items = Counter(
        write.values[0]
        for step in steps
        for write in step.writes
        if isinstance(write, Insert) and write.table is SETTLEMENT_ITEMS
    )
    assert set(items.values()) == {29}


# Nothing passes for what it is not


def test_codes_are_published_ones_or_plainly_the_hospitals_own():
    fees = [
        catalog.FIRST_VISIT,
        catalog.RETURN_VISIT,
        catalog.NIGHT_SURCHARGE,
        catalog.MEAL,
        catalog.EMERGENCY_CARE,
    ]
    for group in (
        catalog.OUTPATIENT,
        catalog.IMAGING,
        catalog.UNCOVERED,
        catalog.INPATIENT,
        catalog.WARD_DAY,
    ):
        fees += group
    for fee in fees:
        assert fee.code in PUBLISHED_FEES | PUBLISHED_DRUGS or fee.code.startswith("H-"), fee
        assert fee.row in catalog.ROWS
    diseases = {disease.code for group in catalog.DISEASES.values() for disease in group}
    assert diseases <= PUBLISHED_DISEASES


@given(index=st.integers(1, 500_000))
def test_no_patient_can_be_anybody(index: int):
    who = people.patient(index)
    assert re.fullmatch(r"환자[0-9]{4,}", who.name)
    assert re.fullmatch(r"[0-9]{13}", who.resident)
    century = "90"["MF".index(who.sex)]
    assert who.resident[6] == century and who.birth.year >= 1900, "9 and 0 mean a birth before 1900"
    assert int(who.resident[12]) != people.check_digit(who.resident[:12])


def test_doctors_are_plainly_synthetic_and_distinct():
    doctors = people.doctors()
    assert all(re.fullmatch(r"샘플의사[0-9]{2}", each.name) for each in doctors)
    assert all(re.fullmatch(r"[0-9]{6}", each.licence) for each in doctors)
    assert len({each.number for each in doctors}) == len({each.licence for each in doctors}) == len(doctors)


# Money

LINES = st.builds(
    Line,
    row=st.sampled_from(sorted(catalog.ROWS)),
    date=st.just("20261124"),
    code=st.just("H-XX"),
    name=st.just("x"),
    cover=st.sampled_from(Cover),
    price=st.integers(0, 5_000_000),
    qty=st.integers(1, 5),
    days=st.integers(1, 30),
)


@given(
    lines=st.lists(LINES, min_size=1, max_size=30),
    policy=st.sampled_from(sorted(POLICIES)),
    special=st.sampled_from([None, *SPECIAL]),
    inpatient=st.booleans(),
    excess=st.booleans(),
)
def test_an_account_adds_up_to_the_won(
    lines: list[Line], policy: str, special: str | None, inpatient: bool, excess: bool
):
    found = account(lines, POLICIES[policy], special, inpatient=inpatient, excess=excess)
    assert found.total == sum(line.price * line.qty * line.days for line in lines)
    assert found.total == found.insurer_total + found.patient_total
    assert found.totals.patient % found.unit == 0
    assert -found.unit < found.cut <= 0
    assert min(found.totals) >= 0 and found.patient_total >= 0
    sums = [sum(column) for column in zip(*found.rows.values(), strict=True)]
    assert [sums[0] + found.cut, sums[1] - found.cut, *sums[2:]] == list(found.totals)
    for charge in found.charges:
        assert charge.amount == charge.shares.total


def test_who_is_insured_how_decides_what_is_paid():
    line = Line("12", "20261124", "H-LB01", "x", Cover.PARTLY, 10_050, 1, 1)
    assert account([line], HEALTH, None, inpatient=False).totals == Shares(5_000, 5_050, 0, 0)
    assert account([line], HEALTH, "S05", inpatient=False).totals == Shares(500, 9_550, 0, 0)
    assert account([line], HEALTH, None, inpatient=True).totals == Shares(2_010, 8_040, 0, 0)
    assert account([line], NONE, None, inpatient=False).totals == Shares(0, 0, 10_050, 0)


def test_statements_and_forms_agree_with_their_receipts_to_the_won(
    hospital: Engine, fill: Callable[..., Day]
):
    fill(150)
    query = text("""
        SELECT s."SUNAP_NO" FROM "SRCPTM" s
          LEFT JOIN (SELECT "SUNAP_NO", sum("AMT") a, sum("BON_AMT") b, sum("GONG_AMT") g, sum("JUN_AMT") j,
                            sum("BIG_AMT") n FROM "SRCPTD" GROUP BY 1) d ON d."SUNAP_NO" = s."SUNAP_NO"
          LEFT JOIN (SELECT "SUNAP_NO", sum("BON_AMT") b, sum("GONG_AMT") g FROM "SRCPTH" GROUP BY 1) h
                 ON h."SUNAP_NO" = s."SUNAP_NO"
         WHERE s."SUNAP_GB" NOT IN ('1', '2')
           AND (s."TOT_AMT" <> d.a OR s."BON_AMT" <> d.b + s."CUT_AMT" OR s."GONG_AMT" <> d.g - s."CUT_AMT"
                OR s."JUN_AMT" <> d.j OR s."BIG_AMT" <> d.n OR h.b <> d.b OR h.g <> d.g)
    """)
    with hospital.connect() as connection:
        assert list(connection.execute(query)) == []


def test_a_mirror_is_its_original_with_minus(hospital: Engine, fill: Callable[..., Day]):
    fill(150)
    amounts = ("BON_AMT", "GONG_AMT", "JUN_AMT", "BIG_AMT", "TOT_AMT", "PAT_AMT", "DUE_AMT", "CARD_AMT")
    differing = " OR ".join(f'm."{name}" <> 0 - o."{name}"' for name in amounts)
    both = 'SELECT %s FROM "SRCPTM" m JOIN "SRCPTM" o ON o."SUNAP_NO" = m."ORG_SUNAP_NO" WHERE m."SUNAP_GB" = \'5\''
    with hospital.connect() as connection:
        assert connection.execute(text(both % "count(*)")).scalar() > 10
        assert list(connection.execute(text(both % "1" + f" AND ({differing})"))) == []
