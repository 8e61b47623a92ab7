"""Sign-up without a Korean telephone: what is typed opens nothing until the desk has the document in hand."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from backend_world import World
from colleague import Colleague
from doors import AS_TOLD, NUMBER, PASSPORT, account, foreign, lines, see
from sqlalchemy import text
from sqlmodel import select
from visitor import REQUIRED, Browser

from backend.identity import commands, foreign_numbers, service
from backend.identity.errors import IdentityUnchecked
from backend.identity.models import ForeignPaper
from chain.db import reading, writing

Browsers = Callable[[], Browser]


def card(front: str) -> str:
    """Twelve digits with the thirteenth that they give."""
    return next(f"{front}{last}" for last in range(10) if foreign_numbers.check_digit_holds(f"{front}{last}"))


# --- numbers and names


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Sample", "SAMPLE"),
        ("o’brien", "O'BRIEN"),
        ("Van  der-Berg ", "VAN DER-BERG"),
        ("MÜLLER", None),
        ("홍", None),
        ("X1", None),
        ("", None),
        ("-A", None),
        ("A" * 40, None),
        ("<script>", None),
    ],
)
def test_a_name_is_what_a_passports_line_can_hold(typed: str, found: str | None) -> None:
    assert foreign_numbers.name(typed) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("x 1234-567", "X1234567"),
        ("", None),
        ("123", None),
        ("ABCDEFGH", None),
        ("1234567890", None),
        ("가1234567", None),
        ("X12345;", None),
    ],
)
def test_a_passports_number_is_five_to_nine_letters_and_digits(typed: str, found: str | None) -> None:
    assert foreign_numbers.passport(typed) == found


@pytest.mark.parametrize(
    ("typed", "born", "right"),
    [
        ("900101-6234567", date(1990, 1, 1), True),
        ("900101-1234567", date(1990, 1, 1), False),
        ("900102-6234567", date(1990, 1, 1), False),
        ("900101-8234567", date(1990, 1, 1), False),
        ("050101-8234567", date(2005, 1, 1), True),
        ("900101-623456", date(1990, 1, 1), False),
        ("９００１０１６２３４５６７", date(1990, 1, 1), False),
    ],
)
def test_a_cards_number_says_birth_sex_and_century(typed: str, born: date, right: bool) -> None:
    assert (foreign_numbers.card(typed, born) is not None) is right


def test_a_check_digit_is_one_of_ten_and_notices_a_slip() -> None:
    good = card("900101623456")
    assert foreign_numbers.check_digit_holds(good)
    slipped = [good[:i] + str((int(good[i]) + 1) % 10) + good[i + 1 :] for i in range(12)]
    assert not any(foreign_numbers.check_digit_holds(each) for each in slipped)


def test_of_a_number_little_is_shown() -> None:
    assert foreign_numbers.masked("X1234567") == "X●●●●●67"
    assert foreign_numbers.masked("9001016234567") == "900101-6●●●●●●"


def test_countries_are_those_of_iso_3166_in_both_languages() -> None:
    english, korean = dict(foreign_numbers.countries("en")), dict(foreign_numbers.countries("ko"))
    assert english.keys() == korean.keys()
    assert 245 <= len(english) <= 250
    assert (english["US"], korean["US"]) == ("United States", "미국")
    assert not {"KR", "EU", "ZZ"} & english.keys()


# --- the form


@pytest.mark.parametrize(
    "wrong",
    [
        {"surname": "홍"},
        {"born": "01/01/1990"},
        {"born": "2999-01-01"},
        {"gender": "female"},
        {"nationality": "KR"},
        {"nationality": "XX"},
        {"kind": "driver"},
        {"number": "1"},
        {"kind": "foreigner-registration", "number": "900102-6234567"},
    ],
)
def test_wrong_fields_are_named_and_all_is_kept(browser_of: Browsers, wrong: dict[str, str]) -> None:
    browser = browser_of()
    answer = foreign(browser, **wrong)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    kept = {**PASSPORT, **wrong}
    for field in ("given", "born", "number"):
        assert f'name="{field}"' in answer.text
        assert f'value="{kept[field]}"' in answer.text
    assert answer.text.count(" checked") == len(REQUIRED) + 2
    assert browser.ask("GET", "/me").status_code == 401


def test_without_consent_or_from_elsewhere_there_is_no_account(browser_of: Browsers, world: World) -> None:
    browser = browser_of()
    assert foreign(browser, consent=["terms"]).status_code == 422
    browser.token = "made-up"
    assert browser.send("/sign-up/foreign", **PASSPORT, consent=REQUIRED).status_code == 403
    with reading(world.services.database) as session:
        assert session.execute(text("SELECT count(*) FROM identity_person")).scalar_one() == 0


def test_a_cards_odd_check_digit_must_be_confirmed(browser_of: Browsers) -> None:
    right = card("900101623456")
    odd = right[:12] + str((int(right[12]) + 1) % 10)
    browser = browser_of()
    asked = foreign(browser, kind="foreigner-registration", number=odd)
    assert (asked.status_code, 'name="sure"' in asked.text) == (422, True)
    assert foreign(browser, kind="foreigner-registration", number=odd, sure="yes").status_code == 303
    other = browser_of()
    assert foreign(other, kind="foreigner-registration", number=right, gender="M").status_code == 422
    assert foreign(other, kind="foreigner-registration", number=right).status_code == 303


def test_english_comes_first_and_stays_a_choice(browser_of: Browsers) -> None:
    browser = browser_of()
    assert browser.open("/sign-up/foreign").headers["location"] == "/sign-up/foreign?lang=en"
    assert '<html lang="en"' in browser.open("/sign-up/foreign?lang=en").text
    assert '<html lang="en"' in browser.open("/sign-in").text, "the whole way goes on in English"
    assert '<html lang="ko"' in browser.open("/sign-up/foreign?lang=ko").text


# --- before the desk


def test_an_account_that_nobody_checked_reads_nothing_and_acts_for_nobody(
    browser_of: Browsers, world: World
) -> None:
    world.delivered()
    browser = browser_of()
    assert foreign(browser).headers["location"] == "/me/devices"
    assert browser.ask("GET", "/me/documents").json() == []
    assert "예비등록" in browser.open("/me?lang=ko").text
    index = world.services.vault.blind_index(NUMBER)
    with pytest.raises(IdentityUnchecked), writing(world.services.database) as session:
        service.bind(session, UUID(account(browser)), 1, index, world.clock())
    patient = browser_of()
    patient.sign_up("01000000001")
    with writing(world.services.database) as session:
        service.bind(session, UUID(account(patient)), 1, index, world.clock())
    patient.open("/me/family/delegations")
    functions = {"relation": "other", "function": ["list", "read"], "days": "90"}
    given = patient.send("/me/family/delegations", **functions).text
    code = given.split('id="code">')[1].split("<")[0]
    browser.open("/me/family/code")
    browser.send("/me/family/code", code=code)
    assert len(patient.ask("GET", "/me/documents").json()) == 1
    tie = next(iter(_ties(world)))
    assert browser.ask("GET", f"/me/documents?person={tie}").status_code == 404
    document = patient.ask("GET", "/me/documents").json()[0]["id"]
    assert browser.open(f"/me/documents/{document}").status_code == 404


def _ties(world: World) -> list[UUID]:
    with reading(world.services.database) as session:
        return [UUID(str(each)) for each in session.execute(text("SELECT id FROM family_tie")).scalars()]


def test_the_plain_binding_refuses_whom_nobody_has_checked(browser_of: Browsers, desk: Colleague) -> None:
    browser = browser_of()
    foreign(browser)
    desk.open("/staff/bind")
    answer = desk.send("/staff/bind", account=account(browser), number=NUMBER)
    assert (answer.status_code, "외국인 신분증 확인" in answer.text) == (409, True)


def test_the_number_is_sealed_shown_in_part_and_gone_with_the_account(
    browser_of: Browsers, world: World
) -> None:
    browser = browser_of()
    foreign(browser)
    page = browser.open("/me/data").text
    assert "X●●●●●67" in page
    assert PASSPORT["number"] not in page
    exported = browser.open("/me/data/export").text
    assert PASSPORT["number"] not in exported
    with reading(world.services.database) as session:
        row = session.exec(select(ForeignPaper)).one()
        assert PASSPORT["number"].encode() not in row.sealed + row.number_index.encode()
        key = row.id
    browser.open("/me/data")
    assert browser.send("/me/data/erase", sure="yes").status_code == 303
    with reading(world.services.database) as session:
        assert session.exec(select(ForeignPaper)).all() == []
    assert world.services.vault.destroy([key]) == 0, "its key is destroyed already"


# --- the first visit


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("document", "X1234568", 409),
        ("born", "1990-01-02", 409),
        ("born", "soon", 409),
        ("number", " ", 422),
        ("person", "no account", 404),
    ],
)
def test_what_does_not_fit_binds_nothing_and_is_in_the_log(
    browser_of: Browsers, desk: Colleague, world: World, field: str, value: str, status: int
) -> None:
    browser = browser_of()
    foreign(browser)
    world.delivered()
    given = {"person": account(browser), "number": NUMBER, field: value}
    answer = see(desk, **given)
    assert (answer.status_code, f'value="{value}"' in answer.text) == (status, True)
    assert browser.ask("GET", "/me/documents").json() == []
    refused = [("staff", "refused", "document-differs")] if field in ("document", "born") else []
    assert lines(world, "link") == refused


def test_the_desk_sees_the_document_and_the_records_appear(
    browser_of: Browsers, desk: Colleague, world: World
) -> None:
    document = world.delivered()
    browser = browser_of()
    foreign(browser)
    assert see(desk, account(browser), document="x-1234567").status_code == 200
    assert [each["id"] for each in browser.ask("GET", "/me/documents").json()] == [document]
    assert "원무과가 신분증을 확인하고" in browser.open("/me?lang=ko").text
    assert lines(world, "link") == [("staff", "allowed", "document-seen.without-relay.not-configured")]
    assert "원무과가 확인함" in browser.open("/me/data?lang=ko").text
    assert AS_TOLD in browser.open("/me/data").text


def test_a_second_account_with_the_same_document_is_shown_to_the_desk_only(
    browser_of: Browsers, desk: Colleague
) -> None:
    first, second = browser_of(), browser_of()
    foreign(first)
    answer = foreign(second)
    assert answer.status_code == 303, "who types a number learns nothing of others"
    seen = see(desk, account(second)).text
    assert f'name="other" value="{account(first)}"' in seen


# --- with a Korean telephone


def test_a_foreigner_with_a_telephone_is_checked_by_it(browser_of: Browsers, world: World) -> None:
    browser = browser_of()
    known = world.agency.people["01000000001"]
    world.agency.people["01000000001"] = replace(known, name="SAMPLE JANE", is_foreigner=True)
    browser.open("/sign-up")
    step = browser.send("/sign-up", consent=REQUIRED, hospital="1").headers["location"]
    browser.open(step)
    sent = browser.send(
        step, name="SAMPLE JANE", birth="900101-6", phone="01000000001", operator="SKT", method="SMS"
    )
    assert sent.status_code == 303
    browser.open(f"{step}/confirm")
    assert browser.send(f"{step}/confirm", otp=world.agency.otp).status_code == 303
    with reading(world.services.database) as session:
        person = UUID(account(browser))
        assert service.profile(session, world.services.vault, person).foreigner
        assert service.is_checked(session, person)


# --- a lost passkey without a telephone


def test_the_desks_code_lets_in_once_whose_document_was_seen(
    browser_of: Browsers, desk: Colleague, world: World
) -> None:
    browser, thief = browser_of(), browser_of()
    foreign(browser)
    person = account(browser)

    def asked(document: str = PASSPORT["number"]) -> tuple[int, str]:
        desk.open("/staff/entry-codes")
        answer = desk.send("/staff/entry-codes", account=person, document=document)
        code = answer.text.split('id="code">')[1].split("<")[0] if 'id="code">' in answer.text else ""
        return answer.status_code, code

    assert asked() == (409, ""), "the document was never seen"
    assert see(desk, person).status_code == 200
    assert asked("X9999999") == (409, "")
    _, first = asked()
    _, code = asked()
    thief.open("/sign-in/lost/code")
    assert thief.send("/sign-in/lost/code", code=first).status_code == 401, "the newer one voids it"
    assert thief.send("/sign-in/lost/code", code="AAAA-BBBB-CCCC-DDDD").status_code == 401
    back = browser_of()
    back.open("/sign-in/lost/code")
    assert back.send("/sign-in/lost/code", code=code.lower()).headers["location"] == "/me/lost"
    assert account(back) == person
    assert browser.ask("GET", "/me").status_code == 401, "everybody else is out"
    thief.open("/sign-in/lost/code")
    assert thief.send("/sign-in/lost/code", code=code).status_code == 401, "used"
    _, late = asked()
    world.late += timedelta(days=1, seconds=1)
    thief.open("/sign-in/lost/code")
    assert thief.send("/sign-in/lost/code", code=late).status_code == 401


# --- what is kept of those who never come


def test_an_account_that_nobody_checked_is_closed_in_time_and_others_are_not(
    browser_of: Browsers, desk: Colleague, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, seen, owner = browser_of(), browser_of(), browser_of()
    foreign(gone)
    foreign(seen, number="Y7654321")
    owner.sign_up("01000000001")
    lost, kept, other = account(gone), account(seen), account(owner)
    assert see(desk, kept, document="Y7654321").status_code == 200
    monkeypatch.setattr("backend.identity.commands.Services.build", lambda settings: world.services)
    monkeypatch.setattr("backend.services.Services.close", lambda self: None)
    assert commands.tidy(world.settings, Namespace()) == 0
    with reading(world.services.database) as session:
        assert service.is_active(session, UUID(lost)), "not before ninety days"
    world.late += timedelta(days=90, seconds=1)
    assert commands.tidy(world.settings, Namespace()) == 0
    with reading(world.services.database) as session:
        open_ones = {each for each in (lost, kept, other) if service.is_active(session, UUID(each))}
        numbers = {each.person_id for each in session.exec(select(ForeignPaper)).all()}
    assert open_ones == {kept, other}
    assert numbers == {UUID(kept)}
    assert lines(world, "erase") == [("system", "allowed", "never-checked")]
