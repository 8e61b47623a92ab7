"""The desk's page: who may open it, and what it does."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from colleague import Colleague
from counter import (
    AID_CHOSEN,
    AID_ONE,
    AID_TWO,
    BASE,
    CLOSED,
    INSURED,
    LOST,
    NEAR_POOR,
    SPECIAL,
    SUSPENDED,
    VETERAN,
    Counter,
)
from visitor import Browser

from backend.staff.roles import Role
from sandbox.faults import Fault
from sandbox.people import person


def actions(patient: UUID) -> list[tuple[str, str, object]]:
    """Every address of the desk's API for one patient, with a body that fits."""
    day, letter = "2026-01-02", uuid4()
    visit = {"visit": "V-1", "day": day, "department": "01", "copay": 0}
    below = f"/patients/{patient}"
    return [
        ("GET", below, None),
        ("POST", f"{below}/missing", {"day": day, "department": "01"}),
        ("POST", f"{below}/identity-checks", {"how": "id-card"}),
        ("POST", f"{below}/identity-exceptions", {"day": day, "exempt": "emergency"}),
        ("POST", f"{below}/identity-owed", {"day": day}),
        ("POST", f"{below}/look-ups", {"day": day}),
        ("POST", f"{below}/letters", {"issuedOn": day, "issuer": "91111111", "department": "01"}),
        ("POST", f"{below}/letters/{letter}/hand-in", None),
        ("POST", f"{below}/letters/{letter}/end", {"day": day}),
        ("GET", f"{below}/confirmations", None),
        ("POST", f"{below}/confirmations", visit),
        ("POST", f"{below}/confirmations/{letter}/cancel", None),
    ]


FORMS = ("identity", "exception", "owed", "look-up", "letters", "confirmations")


class TestDoor:
    def test_nobody_and_a_patient_open_nothing(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        nobody, somebody = Browser(counter.world), counter.signed_up(counter.fresh(INSURED))
        for browser in (nobody, somebody):
            browser.open("/staff/sign-in")
            for method, path, body in [("POST", "/patients", {"number": "1"}), *actions(patient)]:
                assert counter.api(method, path, body, browser).status_code == 401, path
            for address in (BASE, f"{BASE}/{patient}", f"{BASE}/{patient}/letters/{uuid4()}/picture"):
                assert browser.open(address).headers["location"].startswith("/staff/sign-in")
            for form in FORMS:
                assert browser.send(f"{BASE}/{patient}/{form}").status_code == 303
        assert counter.kept("identity_check", patient) == []
        assert counter.kept("look_up", patient) == []

    def test_another_hospitals_patient_does_not_exist(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient, who = counter.known(index), person(index)
        stranger = Colleague(counter.world, Role.REGISTRATION, hospital=2).come_in()
        for method, path, body in actions(patient):
            assert counter.api(method, path, body, stranger).status_code == 404, path
        stranger.open(BASE)
        assert stranger.send(BASE, number=who.number).status_code == 404
        assert stranger.open(f"{BASE}/{patient}").status_code == 404
        for form in FORMS:
            assert stranger.send(f"{BASE}/{patient}/{form}").status_code == 404, form
        assert counter.kept("identity_check", patient) == []
        assert ("read", "eligibility", "refused", "visit-check") in counter.noted(who)

    def test_the_wrong_role_is_refused_and_noted(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        doctor = Colleague(counter.world, Role.DOCTOR).come_in()
        for method, path, body in [("POST", "/patients", {"number": "1"}), *actions(patient)]:
            assert counter.api(method, path, body, doctor).status_code == 403, path
        assert doctor.open(f"{BASE}/{patient}").status_code == 403
        assert "본인확인·자격조회" not in doctor.open("/staff").text
        refused = "SELECT count(*) FROM audit_event WHERE outcome = 'refused' AND reason = 'role'"
        assert counter.rows(refused)[0][0] >= len(actions(patient))

    def test_a_form_that_is_not_ours_changes_nothing(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        counter.desk.token = "wrong"
        for form in FORMS:
            assert counter.desk.send(f"{BASE}/{patient}/{form}").status_code == 403, form
        for method, path, body in actions(patient):
            if method == "POST":
                assert counter.api(method, path, body).status_code == 403, path

    def test_what_is_of_another_patient_is_not_found(self, counter: Counter) -> None:
        one, other = counter.known(counter.fresh(AID_ONE)), counter.known(counter.fresh(AID_CHOSEN))
        counter.letter(one, counter.today)
        letter = counter.api("GET", f"/patients/{one}").json()["letters"][0]["id"]
        made = counter.confirm(one).json()["id"]
        assert counter.api("POST", f"/patients/{other}/letters/{letter}/hand-in").status_code == 404
        assert counter.api("POST", f"/patients/{other}/confirmations/{made}/cancel").status_code == 404
        assert counter.desk.open(f"{BASE}/{other}/letters/{letter}/picture").status_code == 404


class TestLog:
    def test_every_answer_with_content_has_its_line(self, counter: Counter) -> None:
        index = counter.fresh(AID_ONE)
        patient, who = counter.known(index), person(index)
        counter.letter(patient, counter.today)
        letter = counter.api("GET", f"/patients/{patient}").json()["letters"][0]["id"]
        made = counter.confirm(patient, visit="WALK").json()["id"]
        day, below = counter.today.isoformat(), f"/patients/{patient}"
        visit = {"visit": "WALK", "day": day, "department": "01", "copay": 1500}
        calls = [("POST", "/patients", {"number": who.number}), *actions(patient)]
        calls += [("POST", f"{below}/look-ups", {"day": day}), ("POST", f"{below}/confirmations", visit)]
        calls += [("POST", f"{below}/confirmations/{made}/cancel", None)] * 2
        calls += [("POST", f"{below}/letters/{letter}/end", {"day": day})]
        pages = [BASE + f"/{patient}", BASE + f"/{patient}/letters/{letter}/picture"]
        silent, seen = list[str](), len(counter.noted(who))
        for method, path, body in calls:
            answer = counter.api(method, path, body)
            before, seen = seen, len(counter.noted(who))
            if answer.status_code < 400 and seen == before:
                silent.append(f"{method} {path}")
        for address in pages:
            answer = counter.desk.open(address)
            before, seen = seen, len(counter.noted(who))
            if answer.status_code == 200 and seen == before:
                silent.append(address)
        for form in FORMS:
            answer = counter.desk.send(
                f"{BASE}/{patient}/{form}", how="wrong", exempt="wrong", insured="wrong"
            )
            before, seen = seen, len(counter.noted(who))
            if seen == before:
                silent.append(f"{answer.status_code} {form}")
        assert silent == []

    def test_another_number_in_place_of_the_one_before_is_a_change(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient, who = counter.known(index), person(index)
        change = ("change", "eligibility", "allowed", "insured-number")
        assert counter.noted(who).count(change) == 1, "the first number is one, too"
        assert counter.do(patient, "look-up", insured=who.insurance_number).status_code == 303
        assert counter.noted(who).count(change) == 2


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31", "2026-02-30", ""])
def test_days_that_no_visit_has_are_refused(counter: Counter, day: str) -> None:
    patient = counter.known(counter.fresh(INSURED))
    for method, path, body in actions(patient):
        if isinstance(body, dict) and "day" in body:
            assert counter.api(method, path, body | {"day": day}).status_code == 422, path


class TestFinding:
    def test_a_number_that_nobody_knows_needs_name_and_birth_date(self, counter: Counter) -> None:
        counter.desk.open(BASE)
        answer = counter.desk.send(BASE, number="77")
        assert answer.status_code == 404
        assert 'value="77"' in answer.text
        assert counter.desk.send(BASE, number="77", insured="12345678901").status_code == 404
        assert counter.desk.send(BASE, number="77", name="가상환자", birth="1990-01-01").status_code == 303
        assert counter.desk.send(BASE, number="77").status_code == 303

    @pytest.mark.parametrize(
        "wrong",
        [
            {"number": " "},
            {"number": "9" * 41},
            {"name": "가상환자"},
            {"name": "가상환자", "birth": "1990-02-30"},
            {"name": "가상환자", "birth": "2999-01-01"},
            {"birth": "1990-01-01"},
            {"name": "가상환자", "birth": "0001-01-01"},
            {"insured": "123"},
            {"insured": "abcdefghijklm"},
        ],
    )
    def test_what_does_not_fit_is_said_and_kept(self, counter: Counter, wrong: dict[str, str]) -> None:
        counter.desk.open(BASE)
        answer = counter.desk.send(BASE, **{"number": "78", **wrong})
        assert answer.status_code == 422
        for value in wrong.values():
            assert f'value="{value}"' in answer.text
        counter.desk.open(BASE)
        assert counter.desk.send(BASE, number="78").status_code == 404

    def test_the_same_number_is_one_patient_and_names_come_from_the_account(self, counter: Counter) -> None:
        who = person(index := counter.fresh(INSURED))
        counter.signed_up(index)
        counter.desk.open(BASE)
        first = counter.desk.send(BASE, number=who.number, name="다른이름", birth="1999-01-01")
        assert first.headers["location"] == counter.desk.send(BASE, number=who.number).headers["location"]
        assert who.name in counter.desk.open(first.headers["location"]).text

    def test_no_number_stands_in_an_address_or_unsealed(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient, who = counter.known(index), person(index)
        counter.do(patient, "look-up")
        counter.do(patient, "identity", how="passport")
        kept = repr(
            [
                counter.rows(f"SELECT * FROM eligibility_{table}")
                for table in ("patient", "look_up", "identity_check")
            ]
        )
        for secret in (who.number, who.name, who.resident, who.resident[:6], "national-health"):
            assert secret not in kept
            assert secret not in f"{BASE}/{patient}"


class TestIdentity:
    def test_a_check_holds_six_months_until_midnight_in_korea(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        assert "본인확인을 한 적이 없습니다" in counter.page(patient)
        assert counter.do(patient, "identity", how="id-card").status_code == 303
        counter.do(patient, "look-up")
        assert "더 필요한 확인이 없습니다" in counter.page(patient)
        until = counter.api("GET", f"/patients/{patient}").json()["identity"]["until"]
        last = type(counter.today).fromisoformat(until)
        counter.midnight(last + timedelta(days=1), before=timedelta(seconds=1))
        assert "유효기간이 지났습니다" not in counter.page(patient)
        counter.midnight(last + timedelta(days=1))
        assert "유효기간이 지났습니다" in counter.page(patient)
        assert counter.do(patient, "identity", how="passport").status_code == 303
        assert "유효기간이 지났습니다" not in counter.page(patient)
        assert len(counter.kept("identity_check", patient)) == 2

    @pytest.mark.parametrize("how", ["", "library-card", "certified-phone"])
    def test_what_the_desk_cannot_see_is_no_check(self, counter: Counter, how: str) -> None:
        patient = counter.known(counter.fresh(INSURED))
        assert counter.do(patient, "identity", how=how).status_code == 422
        answer = counter.api("POST", f"/patients/{patient}/identity-checks", {"how": how})
        assert answer.status_code == 422
        assert counter.kept("identity_check", patient) == []

    def test_exceptions_are_kept_with_their_name_and_only_where_they_hold(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        assert counter.do(patient, "exception", exempt="under-19").status_code == 409
        assert counter.do(patient, "exception", exempt="friend").status_code == 422
        assert counter.do(patient, "exception", exempt="emergency").status_code == 303
        assert counter.do(patient, "exception", exempt="emergency").status_code == 303
        assert counter.kept("identity_exception", patient, "exempt") == [("emergency",)]
        assert "예외: 응급환자" in counter.page(patient)
        assert "본인확인을 한 적이 없습니다. 신분증" not in counter.page(patient, emergency="true")

    def test_a_child_needs_none(self, counter: Counter) -> None:
        counter.desk.open(BASE)
        born = counter.today - timedelta(days=365 * 10)
        made = counter.desk.send(BASE, number="80", name="가상아이", birth=born.isoformat())
        shown = counter.desk.open(made.headers["location"]).text
        assert "19세 미만은 본인확인을 하지 않아도 됩니다" in shown

    def test_identity_owed_is_settled_by_showing_it_within_fourteen_days(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        assert counter.do(patient, "owed").status_code == 303
        visited = counter.today
        assert counter.do(patient, "owed").status_code == 303
        assert len(counter.kept("identity_owed", patient)) == 1
        due = counter.api("GET", f"/patients/{patient}").json()["identityOwedUntil"]
        assert due == (visited + timedelta(days=14)).isoformat()
        counter.midnight(visited + timedelta(days=15), before=timedelta(seconds=2))
        counter.do(patient, "identity", how="id-card")
        assert counter.api("GET", f"/patients/{patient}").json()["identityOwedUntil"] is None
        assert len(counter.kept("identity_owed", patient, more="AND shown_by IS NOT NULL")) == 1

    def test_shown_too_late_settles_nothing(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        counter.do(patient, "owed")
        visited = counter.today
        counter.midnight(visited + timedelta(days=15))
        counter.do(patient, "identity", how="id-card")
        assert counter.api("GET", f"/patients/{patient}").json()["identityOwedUntil"] is None
        assert len(counter.kept("identity_owed", patient, more="AND shown_by IS NULL")) == 1
        late = {"day": visited.isoformat()}
        assert counter.api("POST", f"/patients/{patient}/identity-owed", late).status_code == 422


class TestCover:
    @pytest.mark.parametrize(
        ("index", "said"),
        [
            (INSURED, "건강보험 자격이 있습니다"),
            (AID_CHOSEN, "의료급여 1종 자격이 있습니다"),
            (AID_TWO, "의료급여 2종 자격이 있습니다"),
            (LOST, "자격이 상실되었습니다"),
            (SUSPENDED, "보험료 체납"),
            (CLOSED, "자격을 아직 모릅니다"),
            (SPECIAL, "V193"),
            (NEAR_POOR, "차상위 본인부담경감"),
            (VETERAN, "보훈"),
        ],
    )
    def test_each_answer_in_plain_words(self, counter: Counter, index: int, said: str) -> None:
        patient = counter.known(counter.fresh(index))
        assert counter.do(patient, "look-up").status_code == 303
        assert said in counter.page(patient)

    def test_the_place_to_go_is_named(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(SUSPENDED))
        counter.do(patient, "look-up")
        assert "가실 곳: 보험 상담 창구" in counter.page(patient)

    def test_without_a_number_nobody_is_asked_for(self, counter: Counter) -> None:
        counter.desk.open(BASE)
        made = counter.desk.send(BASE, number="81", name="가상환자", birth="1990-01-01")
        patient = UUID(made.headers["location"].rsplit("/", 1)[1])
        refused = counter.do(patient, "look-up")
        assert refused.status_code == 422
        assert "주민등록번호나 건강보험증 번호가 필요합니다" in refused.text
        assert counter.do(patient, "look-up", insured="12").status_code == 422
        assert counter.kept("look_up", patient) == []
        assert counter.do(patient, "look-up", insured=person(INSURED).insurance_number).status_code == 303
        assert "자격을 찾지 못했습니다" in counter.page(patient)

    @pytest.mark.parametrize("fault", [Fault.DOWN, Fault.DELAY])
    def test_a_gateway_that_is_down_or_slow_leaves_it_uncertain_and_never_not_insured(
        self, counter: Counter, fault: Fault
    ) -> None:
        patient = counter.known(counter.fresh(INSURED))
        counter.fails(fault, times=10)
        assert counter.do(patient, "look-up").status_code == 303
        shown = counter.page(patient)
        assert "자격이 없다는 뜻이 아닙니다" in shown
        assert "상실" not in shown
        answer = counter.api("GET", f"/patients/{patient}").json()
        assert answer["cover"]["outcome"] == "uncertain"
        missing = counter.api(
            "POST", f"/patients/{patient}/missing", {"day": counter.today.isoformat(), "department": "01"}
        )
        assert "eligibility-uncertain" in [each["reason"] for each in missing.json()]

    def test_an_answer_of_today_outlives_a_later_failure(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(INSURED))
        counter.do(patient, "look-up")
        counter.fails(Fault.DOWN, times=5)
        counter.do(patient, "look-up")
        shown = counter.page(patient)
        assert "건강보험 자격이 있습니다" in shown
        assert "답을 받지 못했습니다" in shown
        counter.do(patient, "identity", how="id-card")
        assert "더 필요한 확인이 없습니다" in counter.page(patient)

    def test_it_is_asked_once_a_day_and_again_after_a_change(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient, day = counter.known(index), counter.today

        def asked() -> int:
            counter.api("POST", f"/patients/{patient}/missing", {"day": day.isoformat(), "department": "01"})
            return len(counter.kept("look_up", patient))

        assert [asked(), asked()] == [1, 1]
        number = {"number": person(index).number, "insuredNumber": person(index).insurance_number}
        assert counter.api("POST", "/patients", number).status_code == 200
        assert [asked(), asked()] == [2, 2]
        counter.midnight(day + timedelta(days=1))
        day = counter.today
        assert [asked(), asked()] == [3, 3]

    def test_the_patient_reads_in_the_log_who_asked(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient = counter.known(index)
        counter.do(patient, "look-up")
        counter.do(patient, "identity", how="id-card")
        lines = counter.noted(person(index))
        assert ("read", "eligibility", "allowed", "look-up") in lines
        assert ("create", "identity", "allowed", "identity.id-card") in lines
        shown = counter.signed_up(index).open("/me/accesses").text
        assert "병원 직원이 건강보험 자격을 열람했습니다" in shown
