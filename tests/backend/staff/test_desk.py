"""The desk binds an account to the registration number at the first visit."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from colleague import Colleague
from visitor import Browser

from backend.staff.roles import Role

Made = Callable[[Role], Colleague]
NUMBER = "MARKED-PATIENT-77"


def account(patient: Browser) -> str:
    return str(patient.ask("GET", "/me").json()["person"])


def test_nobody_a_patient_and_a_doctor_bind_nothing(patient: Browser, colleague: Made) -> None:
    doctor = colleague(Role.DOCTOR)
    patient.open("/staff/sign-in")
    assert patient.send("/staff/bind", account=account(patient), number=NUMBER).status_code == 303
    doctor.open("/staff")
    assert doctor.send("/staff/bind", account=account(patient), number=NUMBER).status_code == 403
    assert patient.ask("GET", "/me/documents").json() == []


def test_what_is_not_right_binds_nothing_and_keeps_what_was_typed(patient: Browser, colleague: Made) -> None:
    desk, own = colleague(Role.REGISTRATION), account(patient)
    for given, number, status in (
        (str(uuid4()), NUMBER, 404),
        ("no account", NUMBER, 404),
        (own, "  ", 422),
    ):
        desk.open("/staff/bind")
        answer = desk.send("/staff/bind", account=given, number=number)
        assert answer.status_code == status
        assert f'value="{given}"' in answer.text
        assert f'value="{number}"' in answer.text


def test_the_desk_binds_once_and_the_patient_finds_documents_and_the_line(
    patient: Browser, colleague: Made
) -> None:
    patient.world.delivered()
    desk, own = colleague(Role.REGISTRATION), account(patient)
    desk.open("/staff/bind")
    assert desk.send("/staff/bind", account=own, number=NUMBER).status_code == 200
    assert len(patient.ask("GET", "/me/documents").json()) == 1
    assert "병원 직원이 병원 등록번호를 계정에 연결했습니다" in patient.open("/me/accesses").text
    desk.open("/staff/bind")
    assert desk.send("/staff/bind", account=own, number="another").status_code == 409
