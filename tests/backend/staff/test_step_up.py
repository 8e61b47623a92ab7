"""Before a binding and an emergency access the staff prove to be there again; a session ends when it is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from backend_world import World
from colleague import Colleague
from sqlalchemy import text
from visitor import Browser

from backend.staff.roles import LIMITS, Role
from chain.db import reading

Made = Callable[[Role], Colleague]
NUMBER = "MARKED-PATIENT-77"
LATER = timedelta(minutes=5, seconds=1)
PAGES = {Role.REGISTRATION: "/staff/bind", Role.DOCTOR: "/staff/emergency"}


def step_up(member: Colleague, **wrong: object) -> int:
    """With the passkey; `wrong` changes the answer."""
    member.open("/staff/step-up")
    options = member.ask("POST", "/staff/step-up/options")
    if options.status_code != 200:
        return options.status_code
    for field, value in wrong.items():
        setattr(member.key, field, value)
    return member.ask("POST", "/staff/step-up", {"answer": member.key.get(options.json())}).status_code


def lines(world: World, action: str) -> list[str]:
    query = text(f"SELECT outcome FROM audit_event WHERE action = '{action}' ORDER BY number")
    with reading(world.services.database) as session:
        return list(session.execute(query).scalars())


def test_nobody_a_patient_and_who_only_enrols_prove_nothing(world: World, patient: Browser) -> None:
    newcomer = Colleague(world, Role.DOCTOR)
    assert newcomer.enrol().status_code == 303
    for browser in (Browser(world), patient, newcomer):
        assert browser.client.get("/staff/step-up").headers["location"].startswith("/staff/sign-in")
        browser.open("/staff/sign-in")
        assert browser.ask("POST", "/staff/step-up/options").status_code == 401
        assert browser.ask("POST", "/staff/step-up", {"answer": {}}).status_code == 401


@pytest.mark.parametrize("role", PAGES)
def test_after_five_minutes_a_page_asks_again_and_comes_back(
    world: World, colleague: Made, role: Role
) -> None:
    member, page = colleague(role), PAGES[role]
    assert member.client.get(page).status_code == 200
    world.late += LATER
    asked = member.client.get(page)
    assert asked.status_code == 303
    assert asked.headers["location"] == f"/staff/step-up?next={page.replace('/', '%2F')}"
    assert member.client.get("/staff").status_code == 200
    assert step_up(member) == 204
    assert member.client.get(page).status_code == 200
    assert lines(world, "step-up") == ["allowed"]


def test_a_form_sent_too_late_does_nothing_and_keeps_what_was_typed(
    world: World, colleague: Made, patient: Browser
) -> None:
    doctor, desk = colleague(Role.DOCTOR), colleague(Role.REGISTRATION)
    own = str(patient.ask("GET", "/me").json()["person"])
    world.late += LATER
    late = doctor.send("/staff/emergency", number=NUMBER, reason="의식 없음, 응급실")
    assert late.status_code == 403
    assert f'value="{NUMBER}"' in late.text
    assert 'data-options="/api/v1/staff/step-up/options"' in late.text
    late = desk.send("/staff/bind", account=own, number=NUMBER)
    assert late.status_code == 403
    assert f'value="{own}"' in late.text
    assert lines(world, "break-glass") == lines(world, "link") == []
    assert step_up(doctor) == step_up(desk) == 204
    assert doctor.send("/staff/emergency", number=NUMBER, reason="의식 없음, 응급실").status_code == 303
    assert desk.send("/staff/bind", account=own, number=NUMBER).status_code == 200


def test_a_colleagues_passkey_a_wrong_site_and_a_replay_prove_nothing(world: World, colleague: Made) -> None:
    doctor, nurse = colleague(Role.DOCTOR), colleague(Role.NURSING)
    world.late += LATER
    own = doctor.key
    assert step_up(doctor, key=nurse.key.key, credential_id=nurse.key.credential_id) == 401
    doctor.key = own
    assert step_up(doctor, origin="http://elsewhere.test") == 401
    assert doctor.client.get("/staff/emergency").status_code == 303
    assert lines(world, "step-up") == ["refused", "refused"]


def test_an_answer_is_good_once_and_for_what_it_was_asked(world: World, colleague: Made) -> None:
    doctor = colleague(Role.DOCTOR)
    doctor.open("/staff/step-up")
    for options, answer in (("sign-in", "step-up"), ("step-up", "sign-in")):
        asked = doctor.ask("POST", f"/staff/{options}/options").json()
        crossed = doctor.ask("POST", f"/staff/{answer}", {"answer": doctor.key.get(asked)})
        assert "challenge-unknown" in crossed.json()["detail"]
    asked = doctor.ask("POST", "/staff/step-up/options").json()
    answer = {"answer": doctor.key.get(asked)}
    assert doctor.ask("POST", "/staff/step-up", answer).status_code == 204
    assert doctor.ask("POST", "/staff/step-up", answer).status_code == 401


@pytest.mark.parametrize("role", Role)
def test_a_session_ends_when_it_is_left_and_after_a_shift(world: World, colleague: Made, role: Role) -> None:
    limits, left = LIMITS[role], colleague(role)
    world.late += limits.idle + timedelta(seconds=1)
    assert left.client.get("/staff").status_code == 303
    busy, ends = colleague(role), world.late + limits.longest
    while world.late < ends:
        assert busy.client.get("/staff").status_code == 200
        world.late += limits.idle
    world.late += timedelta(seconds=1)
    assert busy.client.get("/staff").status_code == 303
