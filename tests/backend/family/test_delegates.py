"""Adult delegation: a code that counts once, chosen functions, an end date, and an end at once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from backend_world import World
from household import CHILD, Household
from visitor import Browser

from backend.family.matrix import Paper

ADULT = date(1955, 3, 2)


@pytest.fixture
def mother(home: Household) -> Browser:
    """An adult patient of the hospital."""
    return home.person(5, born=ADULT, patient=CHILD)


@pytest.fixture
def daughter(home: Household) -> Browser:
    return home.person(6, born=date(1985, 5, 5))


def listed(browser: Browser, tie: UUID) -> int:
    return browser.open(f"/me?person={tie}").status_code


def test_naming_a_delegate_takes_a_fresh_proof(home: Household, mother: Browser) -> None:
    mother.open("/me/family/delegations")
    home.world.late += timedelta(minutes=6)
    for answer in (
        mother.open("/me/family/delegations"),
        mother.send("/me/family/delegations", relation="child", function=["list"], days="30"),
    ):
        assert answer.headers["location"].startswith("/me/step-up")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"relation": "court-guardian"}, "관계"),
        ({"relation": "none"}, "관계"),
        ({"function": []}, "맡길 일"),
        ({"function": ["share"]}, "맡길 일"),
        ({"function": ["copies", "list"]}, "맡길 일"),
        ({"days": "366"}, "기간"),
        ({"days": "-1"}, "기간"),
        ({"days": "²"}, "기간"),
    ],
)
def test_what_the_matrix_does_not_know_cannot_be_handed_over(
    mother: Browser, wrong: dict[str, object], where: str
) -> None:
    mother.open("/me/family/delegations")
    fields = {"relation": "child", "function": ["list"], "days": "30", **wrong}
    answer = mother.send("/me/family/delegations", **fields)
    assert answer.status_code == 422
    said = re.search("입력한 내용을 확인해 주세요: ([^<]+)<", answer.text)
    assert said is not None
    assert where in said[1].split(", ")


def test_a_minor_names_nobody(home: Household) -> None:
    child = home.person(7, born=home.turns(19, 1))
    child.open("/me/family/delegations")
    answer = child.send("/me/family/delegations", relation="parent", function=["list"], days="30")
    assert answer.status_code == 409


@pytest.mark.parametrize("code", ["", "00000-00000", "x" * 20, "가나다"])
def test_a_wrong_code_makes_nobody_a_delegate(daughter: Browser, code: str) -> None:
    daughter.open("/me/family/code")
    answer = daughter.send("/me/family/code", code=code)
    assert answer.status_code == 409
    assert daughter.ask("GET", "/me/family").json() == []


def test_a_code_counts_once_for_a_day_and_not_for_oneself(
    home: Household, mother: Browser, daughter: Browser
) -> None:
    code = home.code(mother, "list")
    mother.open("/me/family/code")
    assert mother.send("/me/family/code", code=code).status_code == 409
    daughter.open("/me/family/code")
    assert daughter.send("/me/family/code", code=f" {code.lower()} ").status_code == 303
    assert daughter.send("/me/family/code", code=code).status_code == 409
    late = home.code(mother, "list")
    home.world.late += timedelta(days=1)
    home.again(daughter, 6)
    assert daughter.send("/me/family/code", code=late).status_code == 409


def test_a_delegate_does_what_was_chosen_and_no_more(
    home: Household, mother: Browser, daughter: Browser
) -> None:
    document = home.delivered()
    tie = home.delegated(mother, daughter, "list", "read")
    assert document in daughter.open(f"/me?person={tie}").text
    assert daughter.open(f"/me/documents/{document}").status_code == 200
    assert daughter.open(f"/me/documents/{document}/bundle").status_code == 404
    [member] = daughter.ask("GET", "/me/family").json()
    assert (member["allowed"], member["delegated"]) == (["list", "read"], True)
    stranger = home.person(8, born=ADULT)
    assert listed(stranger, tie) == 404
    assert listed(mother, tie) == 404  # the patient's own documents need no tie


def test_the_patient_is_told_and_reads_who_it_was(
    home: Household, mother: Browser, daughter: Browser
) -> None:
    document = home.delivered()
    home.delegated(mother, daughter, "list", "read")
    assert "가상환자06님이 대리 코드를 입력해" in mother.open("/me/family").text
    daughter.open(f"/me/documents/{document}")
    [line] = [
        each for each in mother.ask("GET", "/me/accesses").json()["accesses"] if each["objectId"] == document
    ]
    assert "대리인 가상환자06" in line["sentence"]
    assert "열람했습니다" in line["sentence"]
    delegated = [each["action"] for each in mother.ask("GET", "/me/accesses").json()["accesses"]]
    assert "delegate" in delegated


def test_taking_it_back_counts_on_the_next_request(
    home: Household, mother: Browser, daughter: Browser
) -> None:
    document = home.delivered()
    tie = home.delegated(mother, daughter, "list", "read", "download")
    assert listed(daughter, tie) == 200
    home.world.late += timedelta(minutes=6)  # to take back needs no fresh proof
    mother.open("/me/family")
    assert mother.send(f"/me/family/{tie}/end").status_code == 303
    assert listed(daughter, tie) == 404
    assert daughter.open(f"/me/documents/{document}").status_code == 404
    assert daughter.open(f"/me/documents/{document}/bundle").status_code == 404
    actions = [each["action"] for each in mother.ask("GET", "/me/accesses").json()["accesses"]]
    assert "delegation-ended" in actions


def test_it_ends_by_itself_on_its_day(home: Household, mother: Browser, daughter: Browser) -> None:
    code = home.code(mother, "list", days="30")
    daughter.open("/me/family/code")
    daughter.send("/me/family/code", code=code)
    [member] = daughter.ask("GET", "/me/family").json()
    home.world.late += timedelta(days=30) - timedelta(seconds=1)
    home.again(daughter, 6)
    assert listed(daughter, member["id"]) == 200
    home.world.late += timedelta(seconds=1)
    assert listed(daughter, member["id"]) == 404
    assert home.settle() == (1, 0)


def test_a_sibling_needs_the_power_of_attorney_at_the_desk(
    home: Household, mother: Browser, daughter: Browser
) -> None:
    home.delivered()
    tie = home.delegated(mother, daughter, "list", "book", relation="sibling")
    [member] = daughter.ask("GET", "/me/family").json()
    assert member["allowed"] == ["book"]
    assert listed(daughter, tie) == 403
    home.papers(tie, Paper.POWER_OF_ATTORNEY)
    assert listed(daughter, tie) == 200


@pytest.mark.parametrize("leaves", ["patient", "delegate"])
def test_an_account_that_is_erased_takes_its_delegations_along(
    home: Household, mother: Browser, daughter: Browser, leaves: str
) -> None:
    document = home.delivered()
    tie = home.delegated(mother, daughter, "list", "read")
    waiting = home.code(mother, "list")
    goes = mother if leaves == "patient" else daughter
    goes.open("/me/data")
    assert goes.send("/me/data/erase", sure="yes").status_code == 303
    if leaves == "patient":
        assert listed(daughter, tie) == 404
        assert daughter.open(f"/me/documents/{document}").status_code == 404
        daughter.open("/me/family/code")
        assert daughter.send("/me/family/code", code=waiting).status_code == 409
    else:
        page = mother.open("/me/family").text
        assert f"/me/family/{tie}/end" not in page
        assert "탈퇴한 회원님의" in page
        assert "delegation-ended" in mother.open("/api/v1/me/accesses").text


def test_no_address_and_no_table_says_whose(world: World, home: Household, mother: Browser) -> None:
    code = home.code(mother, "list")
    with world.services.database.connect() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM family_offer").all())
    assert code not in stored
    assert code.replace("-", "") not in stored
