"""What every adapter's desk must do, before the same hospital (`desk_hospital`).

A subclass gives `hospital`, an object with `world` (the `DeskHospital`), `desk` (the desk under test) and `outage`.
What an adapter offers it shows with the classes it takes: `PeopleContract`, `RegisterContract`, `CareContract`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import pytest
from desk_hospital import (
    COLLEAGUE,
    DEPARTMENT,
    DOCTOR,
    ME,
    NAMESAKE,
    OTHER,
    STRANGE,
    TWIN,
    DeskHospital,
)

from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.desk import HospitalDesk, NewPatient, NotOffered, Period, RequestReused
from oracle.his.desk_fields import Question
from oracle.his.rows import BadRow
from sandbox.his.store import KOREA

WEEK = Period(date(2026, 11, 25), date(2026, 11, 30))
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))


class Asked(Protocol):
    """A hospital, and the desk in front of it."""

    world: DeskHospital
    desk: HospitalDesk

    def outage(self) -> AbstractContextManager[None]:
        """Inside it the hospital system can not be reached."""


def every_question(desk: HospitalDesk) -> dict[Question, Any]:
    """How each question is asked."""
    return {
        Question.PATIENT: lambda: desk.patient(ME.number),
        Question.BORN: lambda: desk.born(ME.birth),
        Question.MERGED: lambda: desk.merged_into(ME.number),
        Question.REGISTER: lambda: desk.register(newcomer()),
        Question.SESSIONS: lambda: desk.sessions(DEPARTMENT, None, WEEK),
        Question.APPOINTMENTS: lambda: desk.appointments(ME.number, WEEK),
        Question.RESULTS: lambda: desk.results(ME.number, YEAR),
        Question.BILLS: lambda: desk.bills(ME.number),
    }


def newcomer(**changes: str) -> NewPatient:
    who = {"request": str(uuid4()), "name": "새환자", "birth_date": "1991-02-03", "sex": "female"}
    return NewPatient(**(who | changes))


def korean(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=KOREA)  # type: ignore[misc,arg-type]


class PeopleContract:
    """Who somebody is."""

    offered: frozenset[Question]

    @pytest.fixture
    def hospital(self) -> Iterator[Asked]:
        raise NotImplementedError

    def test_what_is_not_offered_is_said_and_nothing_is_asked(self, hospital: Asked) -> None:
        assert hospital.desk.offers == self.offered
        for question, ask in every_question(hospital.desk).items():
            if question not in self.offered:
                with pytest.raises(NotOffered) as raised:
                    ask()
                assert raised.value.question is question

    def test_a_hospital_that_is_gone_is_unavailable_and_comes_back(self, hospital: Asked) -> None:
        with hospital.outage():
            for question, ask in every_question(hospital.desk).items():
                if question in self.offered:
                    with pytest.raises(HisUnavailable):
                        ask()
            with pytest.raises(HisUnavailable):
                hospital.desk.check()
        hospital.desk.check()
        assert hospital.desk.patient(ME.number) is not None

    def test_a_patient_is_told_as_registered_and_does_not_show(self, hospital: Asked) -> None:
        found = hospital.desk.patient(ME.number)
        assert found is not None
        assert (found.number, found.name, found.birth_date, found.sex) == (
            ME.number,
            ME.name,
            ME.birth.isoformat(),
            "female",
        )
        assert ME.name not in repr(found)

    def test_a_number_that_nobody_has_is_nobody(self, hospital: Asked) -> None:
        assert hospital.desk.patient("99999999") is None

    def test_a_patient_whose_row_is_no_text_is_unreadable(self, hospital: Asked) -> None:
        with pytest.raises(BadRow) as raised:
            hospital.desk.patient(STRANGE)
        assert raised.value.field == "name"

    def test_everybody_of_a_birth_date_is_found_but_whom_nobody_can_read(self, hospital: Asked) -> None:
        found = hospital.desk.born(NAMESAKE.birth)
        assert {each.number: each.name for each in found} == {NAMESAKE.number: NAMESAKE.name, TWIN: "홍길동"}
        assert hospital.desk.born(date(1900, 1, 1)) == []

    def test_a_number_that_ended_leads_to_the_one_that_goes_on(self, hospital: Asked) -> None:
        assert hospital.desk.merged_into("40000001") == OTHER.number
        assert hospital.desk.merged_into(ME.number) is None

    def test_mergers_in_a_circle_are_a_fault_of_the_hospitals(self, hospital: Asked) -> None:
        with pytest.raises(HisMalformed):
            hospital.desk.merged_into("40000003")


class RegisterContract:
    """신규 등록번호 발급."""

    def test_a_number_is_issued_and_known_from_then_on(self, hospital: Asked) -> None:
        who = newcomer()
        given = hospital.desk.register(who)
        found = hospital.desk.patient(given.number)
        assert found is not None
        assert (found.name, found.birth_date, found.sex) == (who.name, who.birth_date, who.sex)

    def test_asked_again_it_is_the_same_number(self, hospital: Asked) -> None:
        who = newcomer(birth_date="1991-02-04")
        first, again = hospital.desk.register(who), hospital.desk.register(who)
        assert first.number == again.number
        assert len(hospital.desk.born(date(1991, 2, 4))) == 1
        assert hospital.desk.register(newcomer()).number != first.number

    def test_a_request_registers_one_person(self, hospital: Asked) -> None:
        who = newcomer()
        hospital.desk.register(who)
        for change in ({"name": "다른이"}, {"birth_date": "1950-01-01"}, {"sex": "male"}):
            with pytest.raises(RequestReused):
                hospital.desk.register(newcomer(request=who.request, **change))


class CareContract:
    """진료일정, 예약, 검사결과, 수납."""

    def test_a_schedule_has_the_departments_days_and_their_free_times(self, hospital: Asked) -> None:
        listed = hospital.desk.sessions(DEPARTMENT, None, WEEK)
        assert [each.id for each in listed.found] == ["S1", "S2", "S3"]
        first, _, closed = listed.found
        assert (first.department_name, first.doctor, first.state, first.total) == ("내과", DOCTOR, "open", 4)
        assert first.start == korean(2026, 11, 25, 9, 0)
        assert [(each.at, each.free) for each in first.slots] == [
            (korean(2026, 11, 25, 9, 0), 1),
            (korean(2026, 11, 25, 10, 0), 1),
        ]
        assert (closed.state, closed.slots) == ("closed", [])

    def test_a_schedule_of_one_doctor_has_nobody_elses(self, hospital: Asked) -> None:
        listed = hospital.desk.sessions(DEPARTMENT, COLLEAGUE, WEEK)
        assert [each.id for each in listed.found] == ["S2"]
        assert hospital.desk.sessions("NONE", None, WEEK).found == []

    def test_bookings_are_the_patients_own_within_the_days(self, hospital: Asked) -> None:
        listed = hospital.desk.appointments(ME.number, WEEK)
        assert [(each.id, each.state, each.preparation) for each in listed.found] == [
            ("R1", "booked", "금식 8시간")
        ]
        assert listed.unreadable == 1, "R4's state is none that the mapping knows"
        one = listed.found[0]
        assert (one.at, one.session, one.doctor) == (korean(2026, 11, 25, 9, 0), "S1", DOCTOR)
        later = hospital.desk.appointments(ME.number, Period(date(2026, 12, 1), date(2026, 12, 1)))
        assert [(each.id, each.state) for each in later.found] == [("R2", "cancelled")]

    def test_results_are_shown_once_the_hospital_releases_them(self, hospital: Asked) -> None:
        listed = hospital.desk.results(ME.number, YEAR)
        assert [each.id for each in listed.found] == ["L1"], "L2 is held back, L3 comes at one o'clock"
        assert listed.unreadable == 1, "L4's rule is none that the mapping knows"
        one = listed.found[0]
        assert (one.name, one.rule, one.visit) == ("일반화학검사", "at-once", "V1")
        assert (one.taken, one.released) == (korean(2026, 11, 20, 8, 30), korean(2026, 11, 20, 17, 0))
        assert [(v.name, v.value, v.unit, v.range, v.flag) for v in one.values] == [
            ("공복혈당", "128", "mg/dL", "70-99", "high"),
            ("판독", "특이 소견 없음", None, None, None),
        ]
        assert "128" not in repr(one)

    def test_a_result_appears_at_its_hour(self, hospital: Asked) -> None:
        before = hospital.world.now
        hospital.world.now = before + timedelta(hours=2)
        try:
            found = hospital.desk.results(ME.number, YEAR).found
        finally:
            hospital.world.now = before
        assert [each.id for each in found] == ["L3", "L1"]

    def test_a_patient_without_anything_has_nothing(self, hospital: Asked) -> None:
        number = NAMESAKE.number
        assert hospital.desk.appointments(number, YEAR).found == []
        assert hospital.desk.results(number, YEAR).found == []
        assert hospital.desk.bills(number).found == []

    def test_bills_stand_as_the_cashier_has_them(self, hospital: Asked) -> None:
        world = hospital.world
        listed = hospital.desk.bills(ME.number)
        found = {each.visit: each for each in listed.found}
        assert listed.unreadable == 0
        wanted = {"open": "open", "settled": "settled", "cancelled": "cancelled", "changing": "changing"}
        for name, state in (wanted | {"draft": "changing", "part": "open"}).items():
            bill, slip = found[world.visits[name].number], world.slips[name]
            assert (bill.state, bill.version) == (state, slip.key), name
            totals = slip.account.totals
            assert (bill.patient, bill.insurer, bill.full, bill.uncovered) == tuple(totals), name
            assert (bill.total, bill.due, bill.paid) == (slip.account.total, slip.due, sum(slip.paid)), name
            sums = {name: sum(getattr(row, name) for row in bill.items) for name in ("patient", "uncovered")}
            assert sums["uncovered"] == bill.uncovered, name
        assert world.visits["foreign"].number not in found

    def test_a_bill_that_was_paid_is_the_same_bill_in_another_version(self, hospital: Asked) -> None:
        bill = hospital.world.unsettled()
        number = hospital.world.visits["late"].number
        before = next(each for each in hospital.desk.bills(ME.number).found if each.visit == number)
        assert (before.version, before.state) == (bill.key, "open")
        paid = hospital.world.settle("late")
        after = next(each for each in hospital.desk.bills(ME.number).found if each.visit == number)
        assert (after.id, after.version, after.state) == (before.id, paid.key, "settled")


@contextmanager
def renamed(path: Any) -> Iterator[None]:
    """A file is away for a while."""
    away = path.rename(path.with_suffix(".away"))
    try:
        yield
    finally:
        away.rename(path)
