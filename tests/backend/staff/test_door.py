"""The staff's door: who stays out, and that it is another door than the patients'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from backend_world import World
from colleague import Colleague
from sqlalchemy import text
from visitor import Browser

from backend.staff.roles import MATRIX, Role, StaffFunction, may
from chain.db import reading

PAGES = ["/staff", "/staff/bind", "/staff/emergency", "/staff/reviews", "/staff/enrol/passkey"]
Made = Callable[[Role], Colleague]


@pytest.mark.parametrize("address", PAGES)
def test_nobody_and_a_patient_are_sent_to_the_staffs_sign_in(patient: Browser, address: str) -> None:
    for browser in (Browser(patient.world), patient):
        answer = browser.client.get(address)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/staff/sign-in?next=")


def test_a_colleague_is_nobody_on_the_patients_pages(colleague: Made) -> None:
    nurse = colleague(Role.NURSING)
    assert nurse.client.get("/me").headers["location"].startswith("/sign-in")
    assert nurse.client.get("/api/v1/me/documents").status_code == 401


def test_either_session_under_the_others_name_opens_nothing(
    world: World, patient: Browser, colleague: Made
) -> None:
    nurse = colleague(Role.NURSING)
    for cookie, browser, address in (("staff", patient, "/staff"), ("session", nurse, "/me")):
        own = browser.client.cookies["session" if cookie == "staff" else "staff"]
        visitor = Browser(world)
        visitor.client.cookies.set(cookie, own)
        assert visitor.client.get(address).status_code == 303


def test_a_patients_passkey_signs_no_colleague_in_and_the_other_way_round(
    patient: Browser, colleague: Made
) -> None:
    nurse = colleague(Role.NURSING)
    visitor = Colleague(patient.world, Role.NURSING)
    visitor.key = patient.key
    assert visitor.staff_sign_in().json()["detail"].endswith("(passkey-unknown)")
    outsider = Browser(patient.world)
    outsider.key = nurse.key
    assert outsider.sign_in().status_code == 401
    visitor.open("/staff/sign-in")
    crossed = visitor.ask("POST", "/sign-in/options")
    assert crossed.status_code == 200
    answer = visitor.ask("POST", "/staff/sign-in", {"answer": nurse.key.get(crossed.json())})
    assert "challenge-unknown" in answer.json()["detail"]


class TestEnrolment:
    def test_a_wrong_number_a_wrong_code_and_anothers_code_are_refused(self, world: World) -> None:
        first, second = Colleague(world, Role.NURSING), Colleague(world, Role.DOCTOR)
        for number, code in (
            ("STAFF-none", first.code),
            (first.number, "AAAA-AAAA-AAAA-AAAA"),
            (first.number, second.code),
            (first.number, " "),
        ):
            answer = first.enrol(number, code)
            assert answer.status_code == 401
            assert f'value="{number}"' in answer.text
            assert code.strip() == "" or code not in answer.text
        assert first.enrol().status_code == 303

    def test_a_code_is_good_once_and_for_a_day(self, world: World) -> None:
        nurse = Colleague(world, Role.NURSING)
        world.late += timedelta(days=1)
        assert nurse.enrol().status_code == 401
        nurse.code = nurse.new_code()
        assert nurse.enrol().status_code == 303
        assert Colleague(world, Role.NURSING).enrol(nurse.number, nurse.code).status_code == 401

    def test_a_code_opens_nothing_but_the_registration_for_ten_minutes(self, world: World) -> None:
        nurse = Colleague(world, Role.NURSING)
        assert nurse.enrol().status_code == 303
        for address in PAGES[:-1]:
            assert nurse.client.get(address).status_code == 303
        world.late += timedelta(minutes=10, seconds=1)
        assert nurse.client.get("/staff/enrol/passkey").status_code == 303

    def test_an_answer_without_verification_or_from_elsewhere_registers_nothing(self, world: World) -> None:
        for wrong in ({"flags": 0x01}, {"origin": "http://elsewhere.test"}, {"challenge": b"x" * 32}):
            nurse = Colleague(world, Role.NURSING)
            nurse.enrol()
            assert nurse.register(**wrong).status_code == 401
            assert nurse.client.get("/staff").status_code == 303

    def test_a_new_code_replaces_the_lost_passkey(self, world: World) -> None:
        nurse = Colleague(world, Role.NURSING).come_in()
        again = Colleague(world, Role.NURSING)
        again.number, again.code = nurse.number, nurse.new_code()
        again.come_in()
        assert nurse.client.get("/staff").status_code == 303
        assert nurse.staff_sign_in().status_code == 401

    def test_the_staff_number_is_nowhere_in_the_tables(self, world: World) -> None:
        nurse = Colleague(world, Role.NURSING).come_in()
        with reading(world.services.database) as session:
            for table in ("staff_member", "staff_session", "staff_passkey", "audit_event"):
                rows = str(session.execute(text(f"SELECT * FROM {table}")).all())
                assert nurse.number not in rows
                assert nurse.client.cookies["staff"] not in rows


class TestSession:
    def test_a_replayed_answer_signs_nobody_in(self, colleague: Made) -> None:
        nurse = colleague(Role.NURSING)
        nurse.leave()
        nurse.open("/staff/sign-in")
        answer = {"answer": nurse.key.get(nurse.ask("POST", "/staff/sign-in/options").json())}
        assert nurse.ask("POST", "/staff/sign-in", answer).status_code == 204
        nurse.leave()
        nurse.open("/staff/sign-in")
        assert nurse.ask("POST", "/staff/sign-in", answer).status_code == 401

    def test_a_counter_that_goes_back_signs_nobody_in(self, colleague: Made) -> None:
        nurse = colleague(Role.NURSING)
        nurse.leave()
        assert nurse.staff_sign_in(count=5).status_code == 204
        nurse.leave()
        assert nurse.staff_sign_in(count=1).status_code == 401

    def test_it_ends_with_idleness_sign_out_and_the_account(self, world: World, colleague: Made) -> None:
        nurse = colleague(Role.NURSING)
        world.late += timedelta(minutes=15, seconds=1)
        assert nurse.client.get("/staff").status_code == 303
        assert nurse.staff_sign_in().status_code == 204
        cookie = nurse.client.cookies["staff"]
        nurse.leave()
        nurse.client.cookies.set("staff", cookie)
        assert nurse.client.get("/staff").status_code == 303
        nurse.client.cookies.clear()
        assert nurse.staff_sign_in().status_code == 204
        nurse.end()
        assert nurse.client.get("/staff").status_code == 303
        nurse.client.cookies.clear()
        assert nurse.staff_sign_in().status_code == 401

    def test_a_form_of_another_browser_or_site_changes_nothing(self, colleague: Made) -> None:
        desk = colleague(Role.REGISTRATION)
        desk.open("/staff/bind")
        right, desk.token = desk.token, "x"
        assert desk.send("/staff/bind", account="x", number="1").status_code == 403
        desk.token = right
        headers = {"origin": "http://elsewhere.test"}
        crossed = desk.client.post("/staff/bind", data={"form_token": right}, headers=headers)
        assert crossed.status_code == 403

    def test_it_goes_back_to_pages_of_the_staff_alone(self, colleague: Made) -> None:
        nurse = colleague(Role.NURSING)
        for wanted, got in (
            ("/staff/emergency", "/staff/emergency"),
            ("/me", "/staff"),
            ("//elsewhere.test", "/staff"),
            ("/staffroom", "/staff"),
        ):
            assert nurse.client.get("/staff/sign-in", params={"next": wanted}).headers["location"] == got


class TestMatrix:
    @pytest.mark.parametrize("role", list(Role))
    def test_a_role_opens_its_own_pages_and_is_refused_all_others(self, colleague: Made, role: Role) -> None:
        member = colleague(role)
        addresses = {
            "/staff/bind": StaffFunction.BIND,
            "/staff/emergency": StaffFunction.BREAK_GLASS,
            "/staff/reviews": StaffFunction.REVIEW,
            "/staff/devices": StaffFunction.DEVICES,
        }
        home = member.open("/staff").text
        for address, function in addresses.items():
            allowed = role in MATRIX[function]
            assert member.client.get(address).status_code == (200 if allowed else 403)
            assert (f'href="{address}"' in home) == allowed

    def test_what_the_matrix_does_not_name_is_refused(self) -> None:
        assert not any(may(role, "anything") for role in Role)  # type: ignore[arg-type]

    def test_a_refusal_is_in_the_log(self, world: World, colleague: Made) -> None:
        desk = colleague(Role.REGISTRATION)
        assert desk.client.get("/staff/emergency").status_code == 403
        query = "SELECT actor_kind, actor_id, action, outcome, reason FROM audit_event ORDER BY number DESC"
        with reading(world.services.database) as session:
            last = tuple(session.execute(text(query)).first() or ())
        assert last == ("staff", str(desk.id), "break-glass", "refused", "role")
