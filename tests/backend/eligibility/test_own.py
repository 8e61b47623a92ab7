"""What the patient sees before a visit, and who else may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from counter import AID_ONE, BASE, INSURED, LOST, Counter
from household import SHOWN
from visitor import Browser

from backend.family.desk import Seen
from backend.identity import foreigners
from backend.staff import registration
from sandbox.faults import Fault
from sandbox.people import person

PAGE = "/me/visit-check"


class TestDoor:
    def test_nobody_and_a_stranger_see_nothing(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient = counter.known(index)
        counter.do(patient, "look-up")
        nobody, stranger = Browser(counter.world), counter.signed_up(counter.fresh(INSURED))
        assert nobody.open(PAGE).status_code == 303
        assert nobody.ask("GET", "/me/visit-check").status_code == 401
        assert nobody.ask("POST", "/me/visit-check/look-ups", {"hospital": 1}).status_code in (401, 403)
        shown = stranger.open(PAGE).text
        assert "건강보험 자격이 있습니다" not in shown
        own = stranger.ask("GET", "/me/visit-check").json()
        assert [each["cover"] for each in own] == [None]
        assert stranger.ask("POST", "/me/visit-check/look-ups", {"hospital": 2}).status_code == 404
        assert stranger.open(f"{PAGE}?person={counter.desk.id}").status_code == 404
        body = {"hospital": 1, "person": str(counter.desk.id)}
        assert stranger.ask("POST", "/me/visit-check/look-ups", body).status_code == 404

    def test_a_form_that_is_not_ours_asks_nothing(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        patient = counter.known(index)
        browser = counter.signed_up(index)
        browser.token = "wrong"
        assert browser.send(f"{PAGE}/look-ups", hospital="1").status_code == 403
        assert browser.ask("POST", "/me/visit-check/look-ups", {"hospital": 1}).status_code == 403
        assert counter.kept("look_up", patient) == []

    def test_before_the_first_visit_it_says_what_to_bring(self, counter: Counter) -> None:
        shown = counter.signed_up(counter.fresh(INSURED), bound=False).open(PAGE).text
        assert "첫 방문 때 신분증이나 모바일 건강보험증을 가져오세요" in shown


class TestOwn:
    def test_identity_cover_letters_and_the_allowance(self, counter: Counter) -> None:
        index = counter.fresh(AID_ONE)
        patient = counter.known(index)
        counter.do(patient, "identity", how="id-card")
        counter.do(patient, "look-up")
        browser = counter.signed_up(index)
        shown = browser.open(PAGE).text
        assert "의료급여 1종 자격이 있습니다" in shown
        assert "6,000원" in shown
        assert "의료급여의뢰서가 필요합니다" in shown
        assert "가실 곳: 진료의뢰 접수 창구" in shown
        counter.letter(patient, counter.today)
        shown = browser.open(PAGE).text
        assert "의료급여의뢰서가 필요합니다" not in shown
        assert "더 필요한 확인이 없습니다" in shown
        own = browser.ask("GET", "/me/visit-check").json()[0]
        assert (own["cover"]["healthBalance"], own["letterNeeded"], len(own["letters"])) == (6000, True, 1)
        assert own["missing"] == []

    def test_what_is_owed_is_shown_with_its_day(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        counter.do(counter.known(index), "owed")
        browser = counter.signed_up(index)
        owed = browser.ask("GET", "/me/visit-check").json()[0]["identityOwedUntil"]
        assert date.fromisoformat(owed) == counter.today + timedelta(days=14)
        assert "차액을 돌려받습니다" in browser.open(PAGE).text

    def test_asking_again_is_limited_and_each_time_noted(self, counter: Counter) -> None:
        index = counter.fresh(LOST)
        counter.known(index)
        browser = counter.signed_up(index)
        browser.open(PAGE)
        for _ in range(5):
            answer = browser.ask("POST", "/me/visit-check/look-ups", {"hospital": 1})
            assert (answer.status_code, answer.json()["outcome"]) == (200, "lost")
            counter.world.late += timedelta(seconds=1)
        assert browser.ask("POST", "/me/visit-check/look-ups", {"hospital": 1}).status_code == 429
        refused = browser.send(f"{PAGE}/look-ups", hospital="1")
        assert refused.status_code == 429
        assert "너무 자주" in refused.text
        assert counter.noted(person(index)).count(("read", "eligibility", "allowed", "look-up")) == 5
        counter.world.late += timedelta(hours=1)
        browser = counter.back(browser, index)
        assert browser.send(f"{PAGE}/look-ups", hospital="1").status_code == 303

    def test_without_an_answer_the_last_one_stays_with_its_time(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        counter.do(counter.known(index), "look-up")
        browser = counter.signed_up(index)
        browser.open(PAGE)
        counter.fails(Fault.DOWN, times=10)
        counter.world.late += timedelta(seconds=1)
        assert browser.send(f"{PAGE}/look-ups", hospital="1").status_code == 303
        shown = browser.open(PAGE).text
        assert "건강보험 자격이 있습니다" in shown
        assert "자격이 없다는 뜻이 아닙니다" in shown

    def test_without_a_number_the_desk_is_named(self, counter: Counter) -> None:
        browser = counter.signed_up(counter.fresh(INSURED))
        assert "창구에서 건강보험 번호를 먼저" in browser.open(PAGE).text
        answer = browser.ask("POST", "/me/visit-check/look-ups", {"hospital": 1})
        assert (answer.status_code, answer.json()["error"]) == (422, "InsuredNumberNeeded")


class TestFamily:
    def test_a_guardian_sees_the_childs_and_stands_in_its_log(self, counter: Counter) -> None:
        home, born = counter.home, counter.today.replace(year=counter.today.year - 8)
        counter.desk.open(BASE)
        made = counter.desk.send(
            BASE,
            number="CHILD-8",
            name="가상아이",
            birth=born.isoformat(),
            insured=person(INSURED).insurance_number,
        )
        assert made.status_code == 303
        guardian = counter.signed_up(counter.fresh(INSURED), bound=False)
        tie = home.guarded(guardian, born, "CHILD-8")
        shown = guardian.open(f"{PAGE}?person={tie}").text
        assert "가상아이님의 진료 전 확인" in shown
        assert "신분증은 없어도 됩니다" in shown
        body = {"hospital": 1, "person": str(tie)}
        assert guardian.ask("POST", "/me/visit-check/look-ups", body).json()["outcome"] == "not-found"
        index = counter.world.services.vault.blind_index("CHILD-8")
        lines = counter.rows(
            "SELECT reason FROM audit_event WHERE patient = :p AND reason = 'guardian.parent'", p=index
        )
        assert len(lines) >= 2
        assert counter.signed_up(counter.fresh(INSURED)).open(f"{PAGE}?person={tie}").status_code == 404

    def test_a_tie_whose_papers_are_not_seen_gives_nothing(self, counter: Counter) -> None:
        born = counter.today.replace(year=counter.today.year - 8)
        guardian = counter.signed_up(counter.fresh(INSURED), bound=False)
        tie = counter.home.ask(guardian, born)
        assert guardian.open(f"{PAGE}?person={tie}").status_code == 404
        counter.home.confirm(tie, born, "CHILD-9", Seen(SHOWN, counter.today))
        assert guardian.open(f"{PAGE}?person={tie}").status_code == 200
        assert "아직 확인한 적이 없습니다" in guardian.open(f"{PAGE}?person={tie}").text


class TestPhone:
    def test_a_certified_telephone_is_a_check_at_every_bound_hospital(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        browser = counter.signed_up(index)
        assert browser.ask("GET", "/me/visit-check").json()[0]["identity"] is None
        again = counter.back(browser, index)
        identity = again.ask("GET", "/me/visit-check").json()[0]["identity"]
        assert identity["how"] == "certified-phone"
        assert "휴대전화 본인확인" in again.open(PAGE).text

    def test_it_settles_what_is_owed(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        browser = counter.signed_up(index)
        counter.do(counter.known(index), "owed")
        again = counter.back(browser, index)
        assert again.ask("GET", "/me/visit-check").json()[0]["identityOwedUntil"] is None

    def test_the_desk_that_binds_has_seen_the_card(self, counter: Counter) -> None:
        index = counter.fresh(INSURED)
        browser = counter.signed_up(index, bound=False)
        counter.desk.open("/staff/bind")
        account = str(counter.home.id_of(browser))
        assert (
            counter.desk.send("/staff/bind", account=account, number=person(index).number).status_code == 200
        )
        identity = browser.ask("GET", "/me/visit-check").json()[0]["identity"]
        assert identity["how"] == "id-card"


@pytest.mark.parametrize(
    ("kind", "how"), [("passport", "passport"), ("foreigner-registration", "residence-card")]
)
def test_a_document_that_the_desk_had_in_hand_counts_by_its_kind(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, kind: str, how: str
) -> None:
    """The way of foreigners itself is tried in tests/backend/identity; here, what it leaves for the visit."""
    index = counter.fresh(INSURED)
    browser = counter.signed_up(index, bound=False)
    monkeypatch.setattr(foreigners, "seen", lambda *args, **options: [])
    monkeypatch.setattr(foreigners, "shown", lambda *args: [foreigners.Shown(kind, "VNM", "●", seen=True)])
    services = counter.world.services
    who = replace(counter.member, proven=True)
    paper = registration.InHand("M12345678", date(1990, 1, 1))
    registration.see_document(services, who, str(counter.home.id_of(browser)), paper, person(index).number)
    assert browser.ask("GET", "/me/visit-check").json()[0]["identity"]["how"] == how
