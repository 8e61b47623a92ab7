"""Emergency access: refused without role, reason or time; seen by the patient; reviewed once by somebody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from backend_world import World
from colleague import Colleague
from sqlalchemy import text
from visitor import Browser

from backend.staff.roles import Role
from chain.db import reading

Made = Callable[[Role], Colleague]
NUMBER = "MARKED-PATIENT-77"
REASON = "의식 없음, 응급실"


@pytest.fixture
def bound(patient: Browser, colleague: Made) -> Browser:
    """A patient whose account the desk has bound."""
    desk = colleague(Role.REGISTRATION)
    desk.open("/staff/bind")
    own = patient.ask("GET", "/me").json()["person"]
    assert desk.send("/staff/bind", account=own, number=NUMBER).status_code == 200
    return patient


def lines(world: World, action: str) -> list[tuple[str, str, str]]:
    query = f"SELECT actor_kind, outcome, reason FROM audit_event WHERE action = '{action}' ORDER BY number"
    with reading(world.services.database) as session:
        return [(row[0], row[1], row[2]) for row in session.execute(text(query))]


def test_nobody_and_other_roles_open_nothing(world: World, colleague: Made) -> None:
    nobody = Browser(world)
    nobody.open("/staff/sign-in")
    assert nobody.send("/staff/emergency", number=NUMBER, reason=REASON).status_code == 303
    for role in set(Role) - {Role.DOCTOR, Role.NURSING}:
        member = colleague(role)
        assert member.send("/staff/emergency", number=NUMBER, reason=REASON).status_code == 403
    assert {outcome for _, outcome, _ in lines(world, "break-glass")} == {"refused"}


@pytest.mark.parametrize(
    ("number", "reason"),
    [(NUMBER, ""), (NUMBER, "    "), (NUMBER, "응급"), (NUMBER, "\u200b" * 9), ("  ", REASON)],
)
def test_without_a_number_or_a_reason_nothing_is_opened_and_what_was_typed_stays(
    world: World, colleague: Made, number: str, reason: str
) -> None:
    answer = colleague(Role.DOCTOR).break_glass(number, reason)
    assert answer.status_code == 422
    assert f'value="{number}"' in answer.text
    assert f'value="{reason}"' in answer.text
    assert lines(world, "break-glass") == []


def test_an_opened_glass_is_its_owners_alone_and_shows_one_patient(world: World, colleague: Made) -> None:
    document = world.delivered()
    doctor, nurse = colleague(Role.DOCTOR), colleague(Role.NURSING)
    theirs = doctor.break_glass().headers["location"]
    assert nurse.client.get(theirs).status_code == 404
    assert nurse.client.get(f"{theirs}/documents/{document}").status_code == 404
    assert doctor.client.get(f"/staff/emergency/{uuid4()}").status_code == 404
    assert doctor.client.get(f"{theirs}/documents/{uuid4()}").status_code == 404
    other = doctor.break_glass(number="another-patient").headers["location"]
    assert document not in doctor.client.get(other).text
    assert doctor.client.get(f"{other}/documents/{document}").status_code == 404
    assert ("staff", "refused", "break-glass") in lines(world, "read")


def test_after_thirty_minutes_it_is_closed(world: World, colleague: Made) -> None:
    document = world.delivered()
    doctor = colleague(Role.DOCTOR)
    where = doctor.break_glass().headers["location"]
    for _ in range(3):
        assert doctor.client.get(f"{where}/documents/{document}").status_code == 200
        world.late += timedelta(minutes=10)
    assert doctor.client.get("/staff").status_code == 200
    assert doctor.client.get(where).status_code == 403
    assert doctor.client.get(f"{where}/documents/{document}").status_code == 403


def test_the_patient_reads_who_opened_what_and_why(world: World, bound: Browser, colleague: Made) -> None:
    document = world.delivered()
    doctor = colleague(Role.DOCTOR)
    where = doctor.break_glass(reason="교통사고, 보호자 010-1234-5678 없음").headers["location"]
    assert document in doctor.client.get(where).text
    assert "진료비 영수증" in doctor.client.get(f"{where}/documents/{document}").text
    told = bound.open("/me/accesses").text
    assert "병원 직원이 응급 등의 사유를 적고 진료 기록을 긴급 열람했습니다" in told
    assert "교통사고" in told
    assert "1234" not in told
    assert "병원 직원이 진료비 영수증을 열람했습니다" in told


class TestReview:
    def test_only_the_information_department_reviews(self, world: World, colleague: Made) -> None:
        doctor = colleague(Role.DOCTOR)
        glass = doctor.break_glass().headers["location"].rsplit("/", 1)[1]
        for member in (Colleague(world, Role.INFORMATION), doctor, colleague(Role.REGISTRATION)):
            member.open("/staff/sign-in")
            answer = member.send(f"/staff/reviews/{glass}", verdict="justified")
            assert answer.status_code in (303, 403)
        abroad = Colleague(world, Role.INFORMATION, hospital=2).come_in()
        assert REASON not in abroad.open("/staff/reviews").text
        assert abroad.send(f"/staff/reviews/{glass}", verdict="justified").status_code == 404
        assert lines(world, "break-glass-review")[-1][1] == "refused"
        assert REASON in colleague(Role.INFORMATION).open("/staff/reviews").text

    def test_each_access_is_reviewed_once_and_the_patient_is_told(
        self, world: World, bound: Browser, colleague: Made
    ) -> None:
        glass = colleague(Role.NURSING).break_glass().headers["location"].rsplit("/", 1)[1]
        reviewer = colleague(Role.INFORMATION)
        page = reviewer.open("/staff/reviews").text
        assert REASON in page
        assert NUMBER not in page
        assert reviewer.send(f"/staff/reviews/{glass}", verdict="maybe").status_code == 422
        assert reviewer.send(f"/staff/reviews/{uuid4()}", verdict="justified").status_code == 404
        assert reviewer.send(f"/staff/reviews/{glass}", verdict="not-justified").status_code == 303
        assert reviewer.send(f"/staff/reviews/{glass}", verdict="justified").status_code == 409
        assert REASON not in reviewer.open("/staff/reviews").text
        assert lines(world, "break-glass-review") == [("staff", "allowed", "not-justified")]
        assert "긴급 열람을 사후 검토했습니다" in bound.open("/me/accesses").text
