"""Guardians: nobody, strangers, guardians of other children; then what the child's age leaves of it."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from backend_world import World
from household import CHILD, OTHER_CHILD, SHOWN, Household
from visitor import Browser

from backend.family.desk import DeskRefusal, DeskRefused, Seen
from backend.family.matrix import Paper
from backend.identity import service

ADULT = date(1990, 1, 1)


def listed(browser: Browser, tie: UUID) -> int:
    return browser.open(f"/me?person={tie}").status_code


def ids(browser: Browser, tie: UUID) -> list[str]:
    answer = browser.ask("GET", f"/me/documents?person={tie}")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()]


# --- who is let in nowhere


@pytest.mark.parametrize("path", ["", "/children", "/delegations", "/code"])
def test_nobody_is_sent_to_the_sign_in(world: World, path: str) -> None:
    answer = Browser(world).open(f"/me/family{path}")
    assert answer.headers["location"].startswith("/sign-in?next=")
    assert Browser(world).ask("GET", "/me/family").status_code == 401
    assert Browser(world).ask("GET", f"/me/documents?person={uuid4()}").status_code == 401


def test_a_stranger_finds_nothing_and_changes_nothing(home: Household, guardian: Browser) -> None:
    born = home.turns(10, 30)
    document = home.delivered()
    tie = home.guarded(guardian, born)
    stranger = home.person(2, born=ADULT)
    assert listed(stranger, tie) == 404
    assert stranger.ask("GET", f"/me/documents?person={tie}").status_code == 404
    assert stranger.open(f"/me/documents/{document}").status_code == 404
    assert stranger.ask("GET", "/me/family").json() == []
    stranger.open("/me/family")
    for act in ("end", "consent", "withdraw"):
        assert stranger.send(f"/me/family/{tie}/{act}", function=["read"]).status_code == 404
    assert stranger.ask("DELETE", f"/me/family/{tie}").status_code == 404
    assert listed(guardian, tie) == 200


def test_the_guardian_of_another_child_finds_nothing(home: Household, guardian: Browser) -> None:
    born = home.turns(10, 30)
    document = home.delivered()
    tie = home.guarded(guardian, born)
    other = home.person(2, born=ADULT)
    home.guarded(other, born, OTHER_CHILD)
    assert listed(other, tie) == 404
    assert other.open(f"/me/documents/{document}").status_code == 404
    assert other.open(f"/me/documents/{document}/bundle").status_code == 404


def test_a_form_from_elsewhere_ends_nothing(home: Household, guardian: Browser) -> None:
    tie = home.guarded(guardian, home.turns(10, 30))
    guardian.token = "made-up"
    assert guardian.send(f"/me/family/{tie}/end").status_code == 403
    assert guardian.ask("DELETE", f"/me/family/{tie}").status_code == 403
    assert listed(guardian, tie) == 200


# --- asking, and the desk


@pytest.mark.parametrize(
    "wrong",
    [
        {"relation": "spouse"},
        {"relation": "none"},
        {"name": " "},
        {"name": "가" * 51},
        {"born": "2016-13-01"},
        {"born": "20160301"},
        {"born": "1990-01-01"},
        {"hospital": "99"},
        {"hospital": "x"},
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(guardian: Browser, wrong: dict[str, str]) -> None:
    guardian.open("/me/family/children")
    fields = {"hospital": "1", "relation": "parent", "name": "가상아이", "born": "2016-03-02", **wrong}
    answer = guardian.send("/me/family/children", **fields)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.text
    assert f'value="{fields["born"]}"' in answer.text
    assert guardian.ask("GET", "/me/family").json() == []


def test_asking_gives_nothing_before_the_desk_has_seen_the_papers(home: Household, guardian: Browser) -> None:
    born = home.turns(10, 30)
    document = home.delivered()
    tie = home.ask(guardian, born)
    assert listed(guardian, tie) == 404
    assert guardian.open(f"/me/documents/{document}").status_code == 404
    assert "원무과 확인을 기다리고" in guardian.open("/me/family").text


@pytest.mark.parametrize(
    ("seen", "days", "reason"),
    [
        (frozenset({Paper.ACTOR_ID}), 0, DeskRefusal.PAPERS_MISSING),
        (SHOWN, 93, DeskRefusal.CERTIFICATE_TOO_OLD),
        (SHOWN, -1, DeskRefusal.CERTIFICATE_TOO_OLD),
        (SHOWN | {Paper.PATIENT_CONSENT}, 0, DeskRefusal.CONSENT_TOO_EARLY),
    ],
)
def test_the_desk_needs_the_right_papers(
    home: Household, guardian: Browser, seen: frozenset[Paper], days: int, reason: DeskRefusal
) -> None:
    born = home.turns(10, 30)
    tie = home.ask(guardian, born)
    with pytest.raises(DeskRefused) as refused:
        home.confirm(tie, born, seen=Seen(seen, home.today - timedelta(days=days)))
    assert refused.value.reason is reason
    assert listed(guardian, tie) == 404


def test_the_desk_reads_the_same_birth_date_and_decides_once(home: Household, guardian: Browser) -> None:
    born = home.turns(10, 30)
    tie = home.ask(guardian, born)
    for day, reason in ((born + timedelta(1), DeskRefusal.BIRTH_DATE_DIFFERS), (born, None)):
        if reason is None:
            home.confirm(tie, day)
            continue
        with pytest.raises(DeskRefused) as refused:
            home.confirm(tie, day)
        assert refused.value.reason is reason
    with pytest.raises(DeskRefused) as again:
        home.confirm(tie, born, OTHER_CHILD)
    assert again.value.reason is DeskRefusal.NOT_WAITING


# --- under 14


def test_a_small_childs_guardian_reads_what_the_child_has(home: Household, guardian: Browser) -> None:
    document = home.delivered()
    tie = home.guarded(guardian, home.turns(10, 30))
    page = guardian.open(f"/me?person={tie}")
    assert "가상아이님의 문서" in page.text
    assert document in page.text
    assert guardian.open(f"/me/documents/{document}").status_code == 200
    assert guardian.open(f"/me/documents/{document}/bundle").status_code == 200
    assert document not in guardian.open("/me").text  # the guardian's own list stays their own
    [member] = guardian.ask("GET", "/me/family").json()
    assert (member["id"], member["ageBand"], member["delegated"]) == (str(tie), "under-14", False)
    assert {"read", "book", "claim"} <= set(member["allowed"])
    assert member["atDesk"] == ["copies"]


def test_the_guardian_reads_the_childs_log_and_is_named_in_it(home: Household, guardian: Browser) -> None:
    document = home.delivered()
    home.guarded(guardian, home.turns(10, 30))
    guardian.open(f"/me/documents/{document}")
    assert "본인이 진료비 영수증을 열람했습니다" in guardian.open("/me/accesses").text.replace("\n", " ")
    other = home.person(2, born=ADULT)
    home.guarded(other, home.turns(10, 30))
    seen = other.open("/me/accesses").text
    assert "보호자 가상환자01이(가) 진료비 영수증을 열람했습니다" in seen


# --- birthdays


def test_at_14_the_records_close_at_midnight_and_booking_stays(home: Household, guardian: Browser) -> None:
    born = home.turns(14, 20)
    document = home.delivered()
    tie = home.guarded(guardian, born)
    birthday = born.replace(year=born.year + 14)
    home.midnight_of(birthday)
    home.world.late -= timedelta(seconds=1)
    home.again(guardian, 1)
    assert listed(guardian, tie) == 200
    home.world.late += timedelta(seconds=1)
    assert listed(guardian, tie) == 403
    assert guardian.open(f"/me/documents/{document}").status_code == 404
    assert guardian.ask("GET", f"/me/documents?person={tie}").json()["error"] == "ConsentNeeded"
    [member] = guardian.ask("GET", "/me/family").json()
    assert set(member["allowed"]) == {"book", "pay"}
    assert "read" in member["withConsent"]


def test_a_child_of_14_consents_is_noticed_and_takes_it_back_at_once(
    home: Household, guardian: Browser
) -> None:
    born = home.turns(15, 20)
    document = home.delivered(department="05")
    tie = home.guarded(guardian, born)
    child = home.person(3, born=born, patient=CHILD)
    page = child.open("/me/family").text
    assert "가상환자01님이 병원의 확인을 받아 보호자로 등록되었습니다" in page
    assert listed(guardian, tie) == 403

    home.world.late += timedelta(minutes=6)  # consent takes a fresh proof
    step_up = child.send(f"/me/family/{tie}/consent", function=["list"])
    assert step_up.headers["location"].startswith("/me/step-up")
    assert listed(guardian, tie) == 403
    home.again(child, 3)
    assert child.send(f"/me/family/{tie}/consent", function=["share"]).status_code == 422
    assert child.send(f"/me/family/{tie}/consent", function=["list", "results"]).status_code == 303
    assert ids(guardian, tie) == [document]
    assert guardian.open(f"/me/documents/{document}").status_code == 404  # to list is not to read
    assert child.send(f"/me/family/{tie}/consent", function=["list", "read"]).status_code == 303
    assert guardian.open(f"/me?person={tie}").status_code == 200

    assert child.send(f"/me/family/{tie}/withdraw").status_code == 303
    assert listed(guardian, tie) == 403
    log = child.open("/me/accesses").text
    assert "보호자 가상환자01" in log
    assert "거절되었습니다" in log


def test_sensitive_departments_stay_hidden_whatever_the_child_consents_to(
    home: Household, guardian: Browser
) -> None:
    born = home.turns(15, 20)
    hidden = [home.delivered(department=code) for code in ("03", "10", "15")]
    seen = home.delivered(department="05")
    tie = home.guarded(guardian, born)
    child = home.person(3, born=born, patient=CHILD)
    child.open("/me/family")
    child.send(f"/me/family/{tie}/consent", function=["list", "read", "download"])
    assert ids(guardian, tie) == [seen]
    for document in hidden:
        assert guardian.open(f"/me/documents/{document}").status_code == 404
        assert guardian.open(f"/me/documents/{document}/bundle").status_code == 404
    own = child.ask("GET", "/me/documents").json()
    assert {each["id"] for each in own} == {*hidden, seen}


def test_a_small_childs_guardian_sees_every_department(home: Household, guardian: Browser) -> None:
    psychiatry = home.delivered(department="03")
    assert ids(guardian, home.guarded(guardian, home.turns(10, 30))) == [psychiatry]


def test_at_17_the_childs_card_is_wanted_too(home: Household, guardian: Browser) -> None:
    born = home.turns(18, 20)
    tie = home.guarded(guardian, born)
    home.papers(tie, Paper.PATIENT_CONSENT)
    assert guardian.ask("GET", f"/me/documents?person={tie}").json()["error"] == "DeskNeeded"
    assert "환자의 신분증" in guardian.open("/me/family").text
    home.papers(tie, Paper.PATIENT_ID)
    assert listed(guardian, tie) == 200


def test_what_was_agreed_to_before_14_counts_no_more(
    home: Household, guardian: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AGREES_ALONE", 0)  # an account from before children were refused at sign-up
    born = home.turns(14, 5)
    tie = home.guarded(guardian, born)
    child = home.person(3, born=born, patient=CHILD)
    child.open("/me/family")
    assert child.send(f"/me/family/{tie}/consent", function=["read"]).status_code == 409
    with pytest.raises(DeskRefused):
        home.papers(tie, Paper.PATIENT_CONSENT)


def test_at_19_all_ends_before_any_job_has_run(home: Household, guardian: Browser) -> None:
    born = home.turns(19, 20)
    tie = home.guarded(guardian, born)
    home.papers(tie, Paper.PATIENT_CONSENT, Paper.PATIENT_ID)
    assert listed(guardian, tie) == 200
    home.midnight_of(born.replace(year=born.year + 19))
    home.again(guardian, 1)
    assert listed(guardian, tie) == 404
    assert guardian.ask("GET", "/me/family").json() == []
    assert home.settle() == (1, 0)
    assert home.settle() == (0, 0)
    child = home.person(3, born=born, patient=CHILD)
    assert "권한이 끝났습니다" in child.open("/me/family").text


def test_the_job_asks_a_patient_of_14_once(home: Household, guardian: Browser) -> None:
    born = home.turns(14, 2)
    home.guarded(guardian, born)
    assert home.settle() == (0, 0)
    home.midnight_of(born.replace(year=born.year + 14))
    assert home.settle() == (0, 1)
    assert home.settle() == (0, 0)
    child = home.person(3, born=born, patient=CHILD)
    assert "만 14세가 되어" in child.open("/me/family").text


# --- ends


def test_a_guardian_who_stops_has_nothing_left_on_the_next_request(
    home: Household, guardian: Browser
) -> None:
    document = home.delivered()
    tie = home.guarded(guardian, home.turns(10, 30))
    guardian.open("/me/family")
    assert guardian.send(f"/me/family/{tie}/end").status_code == 303
    assert listed(guardian, tie) == 404
    assert guardian.open(f"/me/documents/{document}").status_code == 404
    assert guardian.send(f"/me/family/{tie}/end").status_code == 404
