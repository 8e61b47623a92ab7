"""Whose a registration number is: from the hospital system where it can be asked, from nobody else then."""

from __future__ import annotations

import argparse

import pytest
from colleague import Colleague
from counter import BASE, INSURED, Counter

from backend.identity import commands
from backend.relay import service as relay
from backend.relay.client import Errand
from backend.relay.service import Known, PatientUnknown, RelayConfigInvalid, RelayError, RelayUnavailable
from backend.staff.roles import Role
from sandbox.people import person

TYPED = {"name": "가상환자", "birth": "1990-01-01"}


class Hospital:
    """What the desk asks of the relay's client; the client itself is tried in tests/backend/relay."""

    def __init__(self) -> None:
        self.answer: Known | RelayError = Known("병원환자", "1980-02-03", "female")
        self.errands: list[Errand] = []

    def patient(self, number: str, errand: Errand) -> Known:
        self.errands.append(errand)
        if isinstance(self.answer, RelayError):
            raise self.answer
        return self.answer

    def close(self) -> None:
        return


@pytest.fixture
def hospital(monkeypatch: pytest.MonkeyPatch) -> Hospital:
    made = Hospital()
    monkeypatch.setattr(relay, "relay_client", lambda settings, clock: made)
    return made


def test_a_number_that_the_hospital_does_not_have_is_nobodys_whatever_is_typed(
    counter: Counter, hospital: Hospital
) -> None:
    hospital.answer = PatientUnknown()
    counter.desk.open(BASE)
    assert counter.desk.send(BASE, number="R-1", **TYPED).status_code == 404


def test_the_hospitals_record_goes_before_what_was_typed_and_says_why_it_is_asked(
    counter: Counter, hospital: Hospital
) -> None:
    counter.desk.open(BASE)
    made = counter.desk.send(BASE, number="R-2", **TYPED)
    shown = counter.desk.open(made.headers["location"]).text
    assert "병원환자 · 1980년 2월 3일" in shown
    assert hospital.errands == [Errand("visit-check", str(counter.desk.id))]


@pytest.mark.parametrize(
    "problem", [RelayUnavailable("patients.read", "timeout"), RelayConfigInvalid("no key")]
)
def test_where_it_cannot_be_asked_the_card_says_it(
    counter: Counter, hospital: Hospital, problem: RelayError
) -> None:
    hospital.answer = problem
    number = f"R-{type(problem).__name__}"
    counter.desk.open(BASE)
    assert counter.desk.send(BASE, number=number).status_code == 404
    made = counter.desk.send(BASE, number=number, **TYPED)
    assert "가상환자" in counter.desk.open(made.headers["location"]).text


def test_another_hospitals_desk_does_not_ask_this_hospital(counter: Counter, hospital: Hospital) -> None:
    stranger = Colleague(counter.world, Role.REGISTRATION, hospital=2).come_in()
    stranger.open(BASE)
    assert stranger.send(BASE, number="R-2").status_code == 404
    assert hospital.errands == []
    own = stranger.send(BASE, number="R-2", **TYPED).headers["location"]
    assert "병원환자" not in stranger.open(own).text
    looked = stranger.send(f"{own}/look-up", insured=person(INSURED).insurance_number)
    assert looked.status_code == 303
    assert "자격을 아직 모릅니다" in stranger.open(own).text, "the gateway is not that hospital's"


def test_binding_at_the_command_line_counts_as_seeing_the_card(counter: Counter) -> None:
    index = counter.fresh(INSURED)
    browser = counter.signed_up(index, bound=False)
    arguments = argparse.Namespace(
        person=counter.home.id_of(browser), number=person(index).number, hospital=1
    )
    commands._bind(counter.world.services, arguments, "without-relay.not-configured")
    identity = browser.ask("GET", "/me/visit-check").json()[0]["identity"]
    assert identity["how"] == "id-card"
