"""Identity and referral rules: what is missing and where to go, by the days that Korean law counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.eligibility.periods import age_on, last_day_of_days, last_day_of_months
from backend.eligibility.rules import (
    PLACES,
    Missing,
    Patient,
    Place,
    Reason,
    ReferralLetter,
    Rules,
    VisitPlan,
    health_balance_deduction,
    letter_last_day,
    missing,
)
from backend.providers.eligibility import (
    Cover,
    Eligibility,
    Eligible,
    Lost,
    NotFound,
    Suspended,
    Uncertain,
)

DAY = date(2026, 11, 24)
OURS, CHOSEN = "99999999", "91111111"
RULES = Rules(OURS)
VISIT = VisitPlan(DAY, "01")
GROWN = date(1960, 3, 1)
FRESH = Patient(GROWN, DAY)
INSURED = Eligible(Eligibility(Cover.NATIONAL_HEALTH, DAY, date(2020, 1, 1)))
AID = Eligible(
    Eligibility(
        Cover.MEDICAL_AID_1,
        DAY,
        date(2020, 1, 1),
        chosen_institution=CHOSEN,
        health_balance=6_000,
        referral_required=True,
    )
)
LETTER = ReferralLetter(DAY - timedelta(days=3), CHOSEN, "01")

days = st.dates(date(1990, 1, 1), date(2090, 1, 1))


def reasons(
    visit: VisitPlan = VISIT,
    patient: Patient = FRESH,
    outcome: object = INSURED,
    letter: ReferralLetter | None = None,
    rules: Rules = RULES,
) -> list[Reason]:
    return [each.reason for each in missing(rules, visit, patient, outcome, letter)]  # type: ignore[arg-type]


def aid(visit: VisitPlan = VISIT, letter: ReferralLetter | None = LETTER, **changes: object) -> list[Reason]:
    eligibility = replace(AID.eligibility, looked_up_for=visit.day, **changes)
    return reasons(visit, replace(FRESH, identity_checked_on=visit.day), Eligible(eligibility), letter)


class TestIdentity:
    def test_never_checked_or_too_old_is_missing_at_reception(self):
        assert missing(RULES, VISIT, Patient(GROWN), INSURED) == [
            Missing(Reason.IDENTITY_NEVER_CHECKED, Place.RECEPTION)
        ]
        assert reasons(patient=Patient(GROWN, date(2026, 5, 23))) == [Reason.IDENTITY_CHECK_TOO_OLD]
        assert reasons(patient=Patient(GROWN, date(2026, 5, 24))) == []

    def test_a_check_in_the_future_is_none(self):
        patient = Patient(GROWN, DAY + timedelta(days=1))
        assert reasons(patient=patient) == [Reason.IDENTITY_NEVER_CHECKED]

    @pytest.mark.parametrize(
        ("checked", "last"),
        [
            ("2026-05-24", "2026-11-24"),
            ("2025-08-31", "2026-02-28"),  # 1 September … the day before 1 March
            ("2025-08-30", "2026-02-28"),  # from 31 August: February has no 31st
            ("2025-08-29", "2026-02-28"),
            ("2025-08-28", "2026-02-28"),
            ("2025-08-27", "2026-02-27"),
            ("2027-08-31", "2028-02-29"),
            ("2027-08-29", "2028-02-29"),
            ("2026-02-28", "2026-08-31"),  # counted from 1 March, so whole months
            ("2028-02-28", "2028-08-28"),
            ("2028-02-29", "2028-08-31"),
            ("2026-12-31", "2027-06-30"),
            ("2026-06-30", "2026-12-31"),
        ],
    )
    def test_six_months_end_as_the_civil_act_counts(self, checked, last):
        start, end = date.fromisoformat(checked), date.fromisoformat(last)
        assert last_day_of_months(start, 6) == end
        patient = Patient(GROWN, start)
        outcome = Eligible(replace(INSURED.eligibility, looked_up_for=end))
        assert reasons(VisitPlan(end, "01"), patient, outcome) == []
        after = end + timedelta(days=1)
        outcome = Eligible(replace(INSURED.eligibility, looked_up_for=after))
        assert reasons(VisitPlan(after, "01"), patient, outcome) == [Reason.IDENTITY_CHECK_TOO_OLD]

    @given(days, st.integers(1, 24))
    def test_a_later_check_never_ends_earlier_and_months_add_up(self, start, months):
        one = last_day_of_months(start, months)
        assert last_day_of_months(start + timedelta(days=1), months) >= one
        assert last_day_of_months(start, months + 1) > one
        assert abs((one.year - start.year) * 12 + one.month - start.month - months) <= 1
        assert 28 * months <= (one - start).days <= 31 * months

    @given(days, st.integers(0, 400))
    def test_once_too_old_always_too_old(self, checked, later):
        patient = Patient(date(1950, 1, 1), checked)
        seen = []
        for more in (later, later + 1, later + 200):
            day = checked + timedelta(days=more)
            outcome = Eligible(replace(INSURED.eligibility, looked_up_for=day))
            seen.append(bool(reasons(VisitPlan(day, "01"), patient, outcome)))
        assert seen == sorted(seen)

    def test_under_nineteen_needs_no_check_and_on_the_birthday_does(self):
        assert reasons(patient=Patient(date(2007, 11, 25))) == []
        assert reasons(patient=Patient(date(2007, 11, 24))) == [Reason.IDENTITY_NEVER_CHECKED]
        assert reasons(patient=Patient(DAY)) == []  # a newborn

    def test_born_on_the_leap_day(self):
        leap = date(2008, 2, 29)
        assert age_on(leap, date(2027, 2, 28)) == 18
        assert age_on(leap, date(2027, 3, 1)) == 19
        assert age_on(leap, date(2028, 2, 29)) == 20

    @given(days, st.integers(0, 36_000))
    def test_age_grows_by_one_at_a_time(self, birth, lived):
        day = birth + timedelta(days=lived)
        before, after = age_on(birth, day), age_on(birth, day + timedelta(days=1))
        assert before >= 0 and after - before in (0, 1)

    def test_exceptions_by_the_visit_and_by_setting(self):
        stranger = Patient(GROWN)
        assert reasons(replace(VISIT, emergency=True), stranger) == []
        for name in ("referred", "returned"):
            visit = replace(VISIT, **{name: True})
            assert reasons(visit, stranger) == []
            strict = replace(RULES, **{f"exempt_{name}": False})
            assert reasons(visit, stranger, rules=strict) == [Reason.IDENTITY_NEVER_CHECKED]

    def test_a_hospital_may_check_more_often(self):
        patient = Patient(GROWN, date(2026, 10, 1))
        assert reasons(patient=patient) == []
        assert reasons(patient=patient, rules=replace(RULES, identity_months=1)) == [
            Reason.IDENTITY_CHECK_TOO_OLD
        ]


class TestEligibility:
    @pytest.mark.parametrize(
        ("outcome", "reason", "place"),
        [
            (None, Reason.ELIGIBILITY_NOT_LOOKED_UP, Place.RECEPTION),
            (Uncertain("x"), Reason.ELIGIBILITY_UNCERTAIN, Place.RECEPTION),
            (NotFound(), Reason.ELIGIBILITY_NOT_FOUND, Place.INSURANCE),
            (Lost(DAY), Reason.ELIGIBILITY_LOST, Place.INSURANCE),
            (Suspended(DAY, "unpaid"), Reason.ELIGIBILITY_SUSPENDED, Place.INSURANCE),
        ],
    )
    def test_whoever_is_not_surely_covered_is_told_where_to_go(self, outcome, reason, place):
        assert missing(RULES, VISIT, FRESH, outcome) == [Missing(reason, place)]

    @pytest.mark.parametrize("off", [-1, 1, 365])
    def test_a_look_up_for_another_day_is_none(self, off):
        other = Eligible(replace(INSURED.eligibility, looked_up_for=DAY + timedelta(days=off)))
        assert reasons(outcome=other) == [Reason.ELIGIBILITY_NOT_LOOKED_UP]

    def test_several_things_come_in_the_order_to_see_to_them(self):
        assert reasons(patient=Patient(GROWN), outcome=AID) == [
            Reason.IDENTITY_NEVER_CHECKED,
            Reason.REFERRAL_MISSING,
        ]

    def test_a_hospital_names_its_own_desks(self):
        rules = replace(RULES, places={**PLACES, Reason.REFERRAL_MISSING: Place.RECEPTION})
        assert missing(rules, VISIT, FRESH, AID) == [Missing(Reason.REFERRAL_MISSING, Place.RECEPTION)]

    def test_every_reason_leads_somewhere(self):
        assert set(PLACES) == set(Reason) and None not in PLACES.values()


class TestReferral:
    def test_medical_aid_without_a_letter_goes_to_its_desk(self):
        assert missing(RULES, VISIT, FRESH, AID) == [Missing(Reason.REFERRAL_MISSING, Place.REFERRAL)]
        assert aid() == []

    def test_it_is_not_asked_of_whom_it_is_not_asked(self):
        assert aid(letter=None, kind=Cover.NATIONAL_HEALTH) == []
        assert aid(letter=None, kind=Cover.NEAR_POOR) == []
        assert aid(letter=None, referral_required=False) == []
        assert aid(letter=None, chosen_institution=OURS) == []
        assert aid(replace(VISIT, emergency=True), None) == []
        assert aid(letter=None, kind=Cover.MEDICAL_AID_2) == [Reason.REFERRAL_MISSING]

    @pytest.mark.parametrize(("days", "expected"), [(0, []), (7, []), (8, [Reason.REFERRAL_EXPIRED])])
    def test_it_is_good_for_seven_days_after_its_issue(self, days, expected):
        assert aid(letter=replace(LETTER, issued_on=DAY - timedelta(days=days))) == expected

    def test_it_cannot_be_of_tomorrow(self):
        letter = replace(LETTER, issued_on=DAY + timedelta(days=1))
        assert aid(letter=letter) == [Reason.REFERRAL_NOT_YET]

    @pytest.mark.parametrize("act", ["booked_on", "handed_in_on"])
    @pytest.mark.parametrize(("after", "expected"), [(7, []), (8, [Reason.REFERRAL_EXPIRED])])
    def test_a_booking_or_handing_in_within_them_counts(self, act, after, expected):
        issued = DAY - timedelta(days=40)
        letter = replace(LETTER, issued_on=issued, **{act: issued + timedelta(days=after)})
        assert aid(letter=letter) == expected

    def test_a_booking_before_the_letter_was_written_does_not_count(self):
        issued = DAY - timedelta(days=10)
        letter = replace(LETTER, issued_on=issued, booked_on=issued - timedelta(days=1))
        assert aid(letter=letter) == [Reason.REFERRAL_EXPIRED]

    def test_one_act_in_time_is_enough(self):
        issued = DAY - timedelta(days=40)
        letter = replace(
            LETTER,
            issued_on=issued,
            booked_on=issued + timedelta(days=2),
            handed_in_on=issued + timedelta(days=39),
        )
        assert aid(letter=letter) == []

    def test_it_ends_with_the_treatment_it_was_written_for(self):
        issued = DAY - timedelta(days=40)
        letter = replace(LETTER, issued_on=issued, handed_in_on=issued)
        assert aid(letter=replace(letter, treatment_ended_on=DAY)) == []
        ended = replace(letter, treatment_ended_on=DAY - timedelta(days=1))
        assert aid(letter=ended) == [Reason.REFERRAL_EXPIRED]

    def test_it_is_good_for_its_department_only(self):
        assert aid(letter=replace(LETTER, department="05")) == [Reason.REFERRAL_OTHER_DEPARTMENT]

    def test_a_changed_chosen_institution_means_a_new_letter(self):
        assert aid(chosen_institution="92222222") == [Reason.REFERRAL_OTHER_INSTITUTION]
        handed_in = replace(LETTER, handed_in_on=LETTER.issued_on)
        assert aid(letter=handed_in, chosen_institution="92222222") == [Reason.REFERRAL_OTHER_INSTITUTION]
        assert aid(chosen_institution=None) == []

    def test_all_faults_are_told_at_once(self):
        letter = ReferralLetter(DAY - timedelta(days=30), "93333333", "05")
        assert aid(letter=letter) == [
            Reason.REFERRAL_EXPIRED,
            Reason.REFERRAL_OTHER_DEPARTMENT,
            Reason.REFERRAL_OTHER_INSTITUTION,
        ]

    def test_holidays_are_left_out_where_the_hospital_reads_it_so(self):
        # 설날 2027: 6 to 9 February (a substitute day on the 9th)
        holidays = frozenset(date(2027, 2, day) for day in (6, 7, 8, 9))
        rules = replace(RULES, holidays=holidays)
        letter = replace(LETTER, issued_on=date(2027, 2, 5))
        assert letter_last_day(RULES, letter) == date(2027, 2, 12)
        assert letter_last_day(rules, letter) == date(2027, 2, 16)

    @given(days, st.integers(1, 30), st.frozensets(days, max_size=20))
    def test_days_left_out_only_ever_lengthen(self, start, count, left_out):
        plain = last_day_of_days(start, count)
        assert plain == start + timedelta(days=count)
        with_holidays = last_day_of_days(start, count, left_out)
        assert with_holidays >= plain and with_holidays not in left_out
        between = {start + timedelta(days=n) for n in range(1, (with_holidays - start).days + 1)}
        assert len(between - left_out) == count

    @given(
        st.integers(-20, 60), st.none() | st.integers(-5, 60), st.none() | st.integers(-5, 60), st.booleans()
    )
    def test_a_letter_holds_exactly_when_some_act_came_in_its_days(self, age, booked, handed, right):
        issued = DAY - timedelta(days=age)

        def at(offset: int | None) -> date | None:
            return None if offset is None else issued + timedelta(days=offset)

        letter = ReferralLetter(issued, CHOSEN, "01" if right else "05", at(booked), at(handed))
        acts = [offset for offset in (booked, handed) if offset is not None and 0 <= offset <= age]
        in_time = age >= 0 and min(acts, default=age) <= 7
        assert (aid(letter=letter) == []) is (in_time and right)


class TestDeduction:
    @given(st.integers(0, 100_000), st.none() | st.integers(0, 10_000), st.sampled_from(Cover))
    def test_never_more_than_owed_or_left_and_only_under_medical_aid_1(self, copay, balance, kind):
        eligibility = replace(AID.eligibility, kind=kind, health_balance=balance)
        taken = health_balance_deduction(eligibility, copay)
        assert 0 <= taken <= copay
        assert taken == (min(copay, balance or 0) if kind is Cover.MEDICAL_AID_1 else 0)

    def test_a_negative_copayment_is_refused(self):
        with pytest.raises(ValueError):
            health_balance_deduction(AID.eligibility, -1)
