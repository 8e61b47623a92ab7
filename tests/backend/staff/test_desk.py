"""The desk binds an account to the registration number at the first visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from backend_world import World
from colleague import Colleague
from sqlalchemy import text
from visitor import Browser

from backend.relay import service as relay
from backend.relay.client import Errand
from backend.relay.service import Known, PatientUnknown, RelayConfigInvalid, RelayError, RelayUnavailable
from backend.staff.roles import Role
from chain.db import reading

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


class Hospital:
    """What the desk asks of the relay's client; the client itself is tried in tests/backend/relay."""

    def __init__(self, answer: Known | RelayError) -> None:
        self.answer, self.asked_by = answer, ""

    def patient(self, number: str, errand: Errand) -> Known:
        self.asked_by = errand.actor
        if isinstance(self.answer, RelayError):
            raise self.answer
        return self.answer

    def registrations(self, who: Known, errand: Errand) -> list[str]:
        return [NUMBER]

    def close(self) -> None:
        return


RIGHT = Known("가상환자01", "1990-01-01", "female")


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (replace(RIGHT, name="가상환자02"), 409, "relay.differs-name"),
        (replace(RIGHT, birth_date="1990-01-02"), 409, "relay.differs-birth-date"),
        (PatientUnknown(), 404, ""),
        (RelayUnavailable("patient", "timeout"), 503, ""),
        (RelayConfigInvalid("no key"), 503, ""),
    ],
)
def test_the_desk_cannot_bind_what_the_hospital_has_otherwise(
    patient: Browser,
    colleague: Made,
    monkeypatch: pytest.MonkeyPatch,
    answer: Known | RelayError,
    status: int,
    reason: str,
) -> None:
    monkeypatch.setattr(relay, "relay_client", lambda settings, clock: Hospital(answer))
    patient.world.delivered()
    desk = colleague(Role.REGISTRATION)
    desk.open("/staff/bind")
    refused = desk.send("/staff/bind", account=account(patient), number=NUMBER)
    assert refused.status_code == status
    assert patient.ask("GET", "/me/documents").json() == []
    with reading(patient.world.services.database) as session:
        query = "SELECT reason FROM audit_event WHERE action = 'link' AND outcome = 'refused'"
        noted = session.execute(text(query)).scalars().all()
    assert noted == ([reason] if reason else [])


def test_the_desk_binds_what_the_hospital_has_too_and_says_who_asked(
    patient: Browser, colleague: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital = Hospital(RIGHT)
    monkeypatch.setattr(relay, "relay_client", lambda settings, clock: hospital)
    desk = colleague(Role.REGISTRATION)
    desk.open("/staff/bind")
    assert desk.send("/staff/bind", account=account(patient), number=NUMBER).status_code == 200
    assert hospital.asked_by == str(desk.id)


def test_another_hospitals_desk_asks_nothing_of_this_hospitals_system(
    patient: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital = Hospital(RIGHT)
    monkeypatch.setattr(relay, "relay_client", lambda settings, clock: hospital)
    stranger = Colleague(world, Role.REGISTRATION, hospital=2).come_in()
    day = "2026-01-02"
    for form, fields in (
        ("bind", {"account": account(patient), "number": NUMBER}),
        ("foreigners", {"account": account(patient), "document": "M1", "born": day, "number": NUMBER}),
        ("newborns", {"mother": NUMBER, "child": "another", "born": day, "gender": "female"}),
        ("duplicates/search", {"number": NUMBER}),
        ("duplicates", {"former": NUMBER, "present": "another"}),
    ):
        stranger.open(f"/staff/{form.split('/')[0]}")
        assert stranger.send(f"/staff/{form}", **fields).status_code == 503, form
    assert hospital.asked_by == ""
    assert patient.ask("GET", "/me/documents").json() == []
