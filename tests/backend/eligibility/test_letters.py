"""의료급여의뢰서 through the whole stack: seven days, one department, the chosen institution."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from counter import AID_CHOSEN, AID_ONE, AID_TWO, BASE, Counter

from backend.eligibility import service
from backend.eligibility.errors import LetterTooLate, VisitFormInvalid
from backend.eligibility.letters import MOST_PICTURE
from backend.eligibility.service import Paper, VisitPlan
from chain.db import writing

PNG = b"\x89PNG\r\n\x1a\n" + b"marked-picture" * 4


def reasons(counter: Counter, patient: UUID, department: str = "01", **more: object) -> list[str]:
    plan = {"day": counter.today.isoformat(), "department": department, **more}
    found = counter.api("POST", f"/patients/{patient}/missing", plan)
    assert found.status_code == 200, found.text
    return [each["reason"] for each in found.json() if each["reason"].startswith("referral")]


def first_letter(counter: Counter, patient: UUID) -> dict[str, object]:
    found: dict[str, object] = counter.api("GET", f"/patients/{patient}").json()["letters"][0]
    return found


def test_it_may_be_handed_in_until_the_end_of_the_seventh_day_in_korea(counter: Counter) -> None:
    late, in_time = (counter.known(counter.fresh(AID_TWO)) for _ in range(2))
    issued = counter.today
    assert reasons(counter, late) == ["referral-missing"]
    counter.midnight(issued + timedelta(days=8), before=timedelta(seconds=2))
    assert counter.letter(in_time, issued).status_code == 303
    assert reasons(counter, in_time) == []
    counter.midnight(issued + timedelta(days=8))
    refused = counter.letter(late, issued)
    assert refused.status_code == 409
    assert "제출 기한이 지났습니다" in refused.text
    assert f'value="{issued.isoformat()}"' in refused.text
    assert reasons(counter, late) == ["referral-missing"]
    assert reasons(counter, in_time) == [], "handed in in time, it holds until the treatment ends"


def test_a_booking_within_seven_days_counts_as_handing_in(counter: Counter) -> None:
    index = counter.fresh(AID_TWO)
    patient, issued = counter.known(index), counter.today
    paper = Paper(issued, "91111111", "01")
    with writing(counter.world.services.database) as session:
        service.book_with_letter(counter.world.services, session, counter.whose(index), paper, counter.by)
    counter.midnight(issued + timedelta(days=20))
    assert reasons(counter, patient) == []
    letter = first_letter(counter, patient)
    assert (letter["bookedOn"], letter["handedInOn"]) == (issued.isoformat(), None)
    assert "접수<span" in counter.page(patient)
    assert counter.do(patient, f"letters/{letter['id']}/hand-in").status_code == 303
    assert first_letter(counter, patient)["handedInOn"] == counter.today.isoformat()
    with writing(counter.world.services.database) as session, pytest.raises(LetterTooLate):
        service.book_with_letter(counter.world.services, session, counter.whose(index), paper, counter.by)


def test_it_holds_for_its_department_and_until_its_treatment_ends(counter: Counter) -> None:
    patient = counter.known(counter.fresh(AID_TWO))
    counter.letter(patient, counter.today, department="05")
    assert reasons(counter, patient, "01") == ["referral-other-department"]
    assert reasons(counter, patient, "05") == []
    assert reasons(counter, patient, "01", emergency=True) == []
    letter = first_letter(counter, patient)["id"]
    assert counter.do(patient, f"letters/{letter}/end").status_code == 303
    assert reasons(counter, patient, "05") == [], "the last day of the treatment is still one of it"
    counter.midnight(counter.today + timedelta(days=1))
    assert reasons(counter, patient, "05") == ["referral-expired"]


def test_it_must_come_from_the_institution_now_chosen(counter: Counter) -> None:
    patient = counter.known(counter.fresh(AID_CHOSEN))
    counter.letter(patient, counter.today, issuer="92222222")
    assert reasons(counter, patient) == ["referral-other-institution"]
    counter.letter(patient, counter.today, issuer="91111111")
    assert reasons(counter, patient) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "1234567"),
        ("issuer", "abcdefgh"),
        ("department", "99"),
        ("department", ""),
        ("issued", "2026-02-30"),
        ("issued", ""),
        ("issued", "2999-01-01"),
        ("letter_number", "<script>"),
    ],
)
def test_what_does_not_fit_is_said_and_kept(counter: Counter, field: str, value: str) -> None:
    patient = counter.known(counter.fresh(AID_TWO))
    right = {
        "issued": counter.today.isoformat(),
        "issuer": "91111111",
        "department": "01",
        "letter_number": "A-1",
    }
    answer = counter.do(patient, "letters", **{**right, field: value})
    assert answer.status_code == 422
    assert 'value="A-1"' in answer.text or field == "letter_number"
    assert counter.kept("letter", patient) == []


class TestPicture:
    def send(self, counter: Counter, patient: UUID, content: bytes) -> int:
        counter.desk.open(f"{BASE}/{patient}")
        fields = {
            "form_token": counter.desk.token,
            "issued": counter.today.isoformat(),
            "issuer": "91111111",
            "department": "01",
        }
        files = {"picture": ("letter.png", content, "image/png")}
        sent = counter.desk.client.post(f"{BASE}/{patient}/letters", data=fields, files=files)
        return int(sent.status_code)

    def test_it_is_sealed_and_shown_to_the_desk_alone(self, counter: Counter) -> None:
        patient = counter.known(counter.fresh(AID_ONE))
        assert self.send(counter, patient, PNG) == 303
        kept = counter.kept("letter", patient, "picture")[0][0]
        assert b"marked-picture" not in kept
        shown = counter.desk.open(f"{BASE}/{patient}/letters/{first_letter(counter, patient)['id']}/picture")
        assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
        assert shown.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("content", [b"<html>", b"<svg onload=alert(1)>", b"GIF89a"])
    def test_what_is_no_picture_is_not_taken(self, counter: Counter, content: bytes) -> None:
        patient = counter.known(counter.fresh(AID_ONE))
        assert self.send(counter, patient, content) == 422
        assert counter.kept("letter", patient) == []

    def test_one_that_is_too_large_is_not_taken(self, counter: Counter) -> None:
        index = counter.fresh(AID_ONE)
        counter.known(index)
        paper = Paper(counter.today, "91111111", "01", picture=PNG + b"x" * MOST_PICTURE)
        services = counter.world.services
        with writing(services.database) as session, pytest.raises(VisitFormInvalid):
            service.hand_in_letter(services, session, counter.whose(index), paper, counter.by)


def test_nothing_of_a_letter_but_its_days_can_be_read_from_the_table(counter: Counter) -> None:
    patient = counter.known(counter.fresh(AID_TWO))
    right = {"issued": counter.today.isoformat(), "issuer": "91111111", "department": "03"}
    assert counter.do(patient, "letters", letter_number="MARKED-9", **right).status_code == 303
    kept = repr(counter.kept("letter", patient, "*"))
    for secret in ("91111111", "MARKED-9", "'03'"):
        assert secret not in kept
    assert isinstance(first_letter(counter, patient)["number"], str)
    assert date.fromisoformat(str(first_letter(counter, patient)["lastDay"])) == counter.today + timedelta(
        days=7
    )


def test_the_plan_says_when_a_letter_is_dated_after_the_visit(counter: Counter) -> None:
    index = counter.fresh(AID_TWO)
    counter.known(index)
    counter.letter(counter.known(index), counter.today)
    plan = VisitPlan(counter.today - timedelta(days=1), "01")
    found = service.what_is_missing(counter.world.services, counter.whose(index), plan, counter.by)
    assert service.Reason.REFERRAL_NOT_YET in [each.reason for each in found]
