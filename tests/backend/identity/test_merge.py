"""이중등록: one human with two accounts, or two registration numbers. Deny first: nobody merges what is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from backend_world import World
from colleague import Colleague
from doors import NUMBER, SECOND_NUMBER, account, bind, check_by_phone, foreign, lines, merge, numbers_of, see
from sqlalchemy import Uuid
from sqlmodel import select
from visitor import Browser

from backend import belongings
from backend.family.models import Tie, TieState
from backend.identity import merge as merging
from backend.identity import service
from backend.identity.errors import AccountsDiffer
from backend.identity.models import Merge, Person, PersonState
from backend.identity.social_models import SocialLink
from backend.staff.roles import Role
from backend.tables import MAIN
from chain.db import reading, writing

Browsers = Callable[[], Browser]
PHONE = "01000000001"


# --- what belongs to a person


def naming_a_person() -> Iterator[str]:
    for table in MAIN:
        for column in table.columns:
            to_person = any(key.target_fullname == "identity_person.id" for key in column.foreign_keys)
            if to_person or (column.name == "person_id" and isinstance(column.type, Uuid)):
                yield f"{table.name}.{column.name}"


def test_nothing_that_belongs_to_a_person_is_left_behind() -> None:
    """A new domain whose rows name persons must say how they move, or why they stay."""
    said = [each.column for each in belongings.ALL]
    assert sorted(said) == sorted(set(naming_a_person()))
    assert all(each.why for each in belongings.ALL if each.moves is None)


# --- the same identity again


def test_the_same_identity_from_another_telephone_is_the_same_person_and_told_so(
    browser_of: Browsers, world: World
) -> None:
    first, again = browser_of(), browser_of()
    first.sign_up(PHONE)
    known = world.agency.people[PHONE]
    world.agency.people["01000000009"] = replace(known, phone="01000000009")
    again.sign_up("01000000009")
    assert account(first) == account(again)
    page = again.open("/me").text
    assert "이미 가입하신 분입니다" in page
    assert "휴대전화번호가 새 번호로" in page
    assert "01000000009" in again.open("/me/data").text
    assert again.send("/me/notices/read").status_code == 303
    assert "이미 가입하신 분입니다" not in again.open("/me").text


# --- proved on both sides


def test_a_check_by_telephone_merges_nothing_for_whoever_has_not_just_proved_to_be_there(
    guest: Browser, owner: Browser, world: World
) -> None:
    world.late += timedelta(minutes=6)
    answer = check_by_phone(guest, PHONE)
    assert answer.status_code == 409
    assert "prove-first" in answer.text


def test_another_day_of_birth_is_another_human(guest: Browser, owner: Browser, world: World) -> None:
    other = replace(world.agency.people[PHONE], birth_date=date(1991, 1, 1))
    with writing(world.services.database) as session:
        person = UUID(account(owner))
        kept = service.profile(session, world.services.vault, person)
        changed = replace(kept, birth_date=other.birth_date.isoformat())
        service.reseal(session, world.services.vault, person, changed)
    answer = check_by_phone(guest, PHONE)
    assert (answer.status_code, "birth-date-differs" in answer.text) == (409, True)
    assert account(guest) != account(owner)


def test_an_offer_is_one_persons_once_and_for_five_minutes(
    guest: Browser, owner: Browser, browser_of: Browsers, world: World
) -> None:
    page = check_by_phone(guest, PHONE).headers["location"]
    assert page.startswith("/me/merge/")
    nobody, stranger = browser_of(), browser_of()
    assert nobody.open(page).headers["location"].startswith("/sign-in?next=%2Fme%2Fmerge")
    stranger.sign_up("01000000002")
    stranger.open("/me")
    assert stranger.open(page).status_code == stranger.send(page).status_code == 404
    owner.open("/me")
    assert owner.send(page).status_code == 404, "the surviving side alone does not say yes"
    assert guest.open(f"/me/merge/{uuid4()}").status_code == 404
    guest.open("/me")
    good, guest.token = guest.token, "made-up"
    assert guest.send(page).status_code == 403
    guest.token = good
    world.late += timedelta(minutes=5, seconds=1)
    assert guest.send(page).status_code in (303, 404)
    assert account(guest) != account(owner)


def test_both_sides_proved_become_one_account_with_all_that_they_had(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    document = world.delivered()
    away, kept = account(guest), account(owner)
    assert see(desk, away).status_code == 200
    guest.open("/me")
    elsewhere = Browser(world)
    elsewhere.key = guest.key
    assert elsewhere.sign_in().status_code == 200
    page = check_by_phone(guest, PHONE).headers["location"]
    guest.open(page)
    assert guest.send(page).headers["location"] == "/me"
    assert account(guest) == kept
    assert elsewhere.ask("GET", "/me").status_code == 401, "sessions of the account that was have ended"
    assert elsewhere.sign_in().status_code == 200, "its passkey lets in to the one that is"
    assert account(elsewhere) == kept
    assert [each["id"] for each in owner.ask("GET", "/me/documents").json()] == [document]
    assert "두 계정을 하나로 합쳤습니다" in owner.open("/me").text
    with reading(world.services.database) as session:
        gone = session.get_one(Person, UUID(away))
        assert (gone.state, gone.merged_into, gone.profile) == (PersonState.MERGED, UUID(kept), b"")
    assert lines(world, "merge") == [("person", "allowed", "proved-on-both-sides")]
    accesses = owner.open("/me/accesses").text
    assert "합친 계정의 본인이 진료 기록의 목록을 보았습니다" in accesses, "what the former account read"
    assert "하나로 합쳤습니다" in accesses
    assert guest.open(page).status_code == 404
    assert "여권" in owner.open("/me/data").text
    owner.open("/me/data")
    assert owner.send("/me/data/erase", sure="yes").status_code == 303
    assert numbers_of(world, kept) == []


def test_a_first_check_by_telephone_becomes_the_accounts_own(guest: Browser, world: World) -> None:
    assert check_by_phone(guest, PHONE, "/me/data").headers["location"] == "/me/data"
    assert "가상환자01" in guest.open("/me/data").text
    again = Browser(world)
    again.sign_up(PHONE)
    assert account(again) == account(guest)


# --- the desk decides


def test_nobody_a_patient_and_a_doctor_merge_nothing(guest: Browser, owner: Browser, world: World) -> None:
    one, other = account(guest), account(owner)
    owner.open("/staff/sign-in")
    assert owner.send("/staff/double-accounts", one=one, other=other).status_code == 303
    doctor = Colleague(world, Role.DOCTOR).come_in()
    for path in ("double-accounts", "duplicates", "foreigners", "newborns", "newborns/name", "entry-codes"):
        assert owner.client.get(f"/staff/{path}").headers["location"].startswith("/staff/sign-in")
        assert doctor.client.get(f"/staff/{path}").status_code == 403
        assert doctor.send(f"/staff/{path}", one=one, other=other).status_code == 403
    assert account(guest) == one


def test_the_desk_cannot_merge_two_humans_or_without_a_reason(
    guest: Browser, owner: Browser, browser_of: Browsers, desk: Colleague, world: World
) -> None:
    second = browser_of()
    second.sign_up("01000000002")
    one, other, third = account(guest), account(owner), account(second)
    born_later = browser_of()
    foreign(born_later, born="1992-02-02", number="Z7654321")
    unchecked = browser_of()
    foreign(unchecked, number="Y7654321")
    for pair, fields, status, code in (
        ((other, third), {}, 409, "two-identities"),
        ((one, one), {}, 409, "account-unknown"),
        ((one, str(uuid4())), {}, 404, "AccountUnknown"),
        ((one, "no account"), {}, 404, "AccountUnknown"),
        ((one, other), {"reason": ""}, 409, "no-reason"),
        ((one, other), {"sure": ""}, 409, "no-reason"),
        ((account(born_later), other), {}, 409, "birth-date-differs"),
        ((one, account(unchecked)), {}, 409, "nobody-checked"),
    ):
        answer = merge(desk, *pair, **fields)
        assert answer.status_code == status
        assert code in answer.text or status == 404
        assert f'value="{pair[0]}"' in answer.text, "what was typed stays"
    assert {account(guest), account(owner), account(second)} == {one, other, third}
    assert {outcome for _, outcome, _ in lines(world, "merge")} == {"refused"}


def test_without_a_fresh_proof_the_desk_changes_nothing_and_what_was_typed_stays(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    one, other = account(guest), account(owner)
    desk.open("/staff/double-accounts")
    world.late += timedelta(minutes=6)
    typed: dict[str, dict[str, str]] = {
        "double-accounts": {"one": one, "other": other, "reason": "papers-seen", "sure": "yes"},
        "duplicates": {"former": NUMBER, "present": SECOND_NUMBER},
        "duplicates/search": {"number": NUMBER},
        "foreigners": {"account": one, "document": "X1234567", "born": "1990-01-01", "number": NUMBER},
        "entry-codes": {"account": one, "document": "X1234567"},
        "newborns": {"mother": NUMBER, "child": SECOND_NUMBER, "born": "2025-10-01", "gender": "male"},
        "newborns/name": {"child": NUMBER, "name": "가상하늘", "issued": "2025-10-01"},
    }
    for path, fields in typed.items():
        answer = desk.send(f"/staff/{path}", **fields)
        assert answer.status_code == 403, path
        assert all(f'value="{each}"' in answer.text for each in list(fields.values())[:2]), path
        assert desk.client.get(f"/staff/{path}").status_code in (303, 405)
    done = [each for action in ("merge", "link", "change") for each in lines(world, action)]
    assert [each for each in done if each[0] == "staff"] == []


def test_the_desk_merges_and_the_patient_is_told_and_finds_the_line(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    away, kept = account(guest), account(owner)
    bind(world, kept, NUMBER)
    answer = merge(desk, kept, away)
    assert (answer.status_code, kept in answer.text) == (200, True), "the checked account survives"
    assert guest.ask("GET", "/me").status_code == 401
    assert lines(world, "merge") == [("staff", "allowed", "same-document")]
    assert "병원 직원이 계정 정보를 같은 분의 것과 하나로 합쳤습니다" in owner.open("/me/accesses").text
    assert merge(desk, kept, away).status_code == 404, "what is merged is no account any more"


def test_two_numbers_of_merged_accounts_are_both_readable_and_both_logs(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    first = world.delivered()
    delivery = world.delivery(patientNumber=SECOND_NUMBER)
    world.post(delivery)
    assert see(desk, account(guest), SECOND_NUMBER).status_code == 200
    bind(world, account(owner), NUMBER)
    guest.open("/me")
    assert merge(desk, account(guest), account(owner)).status_code == 200
    found = {each["id"] for each in owner.ask("GET", "/me/documents").json()}
    assert found == {first, delivery["documentId"]}
    assert owner.open(f"/me/documents/{delivery['documentId']}").status_code == 200
    page = owner.open("/me/accesses").text
    assert "이전 등록번호" in page
    former = owner.ask("GET", "/me/accesses?record=1").json()["accesses"]
    assert any(each["objectKind"] == "registration" for each in former), "the former number's lines, too"


def test_a_number_that_is_anothers_leads_the_desk_to_the_merge(
    guest: Browser, owner: Browser, desk: Colleague
) -> None:
    assert see(desk, account(guest)).status_code == 200
    desk.open("/staff/bind")
    answer = desk.send("/staff/bind", account=account(owner), number=NUMBER)
    assert answer.status_code == 409
    assert f'name="other" value="{account(guest)}"' in answer.text
    form = desk.send("/staff/double-accounts/check", one=account(owner), other=account(guest))
    assert f'value="{account(owner)}"' in form.text


def test_accounts_elsewhere_and_family_ties_go_along_but_nobody_acts_for_themselves(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    away, kept, child = UUID(account(guest)), UUID(account(owner)), "c" * 64
    assert see(desk, str(away)).status_code == 200, "of an account that nobody has checked they do not"

    def link(person: UUID, provider: str) -> SocialLink:
        index = f"{person}-{provider}"
        return SocialLink(
            id=uuid4(), person_id=person, provider=provider, account_index=index, linked_at=world.clock()
        )

    def tie(actor: UUID, grantor: UUID | None, patient: str | None) -> Tie:
        active = {"state": TieState.ACTIVE, "created_at": world.clock()}
        hospital = 1 if patient else None
        return Tie(
            id=uuid4(),
            actor_id=actor,
            grantor_id=grantor,
            relation="parent",
            hospital=hospital,
            patient=patient,
            **active,
        )

    moved, double, own = tie(away, None, child), tie(away, None, "d" * 64), tie(kept, None, "d" * 64)
    over_self, given = tie(away, kept, None), tie(kept, away, None)
    with writing(world.services.database) as session:
        session.add_all([link(away, "kakao"), link(away, "naver"), link(kept, "naver")])
        session.add_all([moved, double, own, over_self, given])
    assert merge(desk, str(away), str(kept)).status_code == 200
    with reading(world.services.database) as session:
        links = session.exec(select(SocialLink)).all()
        assert {(each.person_id, each.provider) for each in links} == {(kept, "kakao"), (kept, "naver")}
        ties = session.exec(select(Tie)).all()
        assert {each.actor_id for each in ties} == {kept}
        assert {each.grantor_id for each in ties} == {None, kept}
        active = {each.id for each in ties if each.state == TieState.ACTIVE}
    assert active == {moved.id, own.id}


def test_two_yes_at_once_are_one_merge(guest: Browser, owner: Browser, world: World) -> None:
    away, kept = UUID(account(guest)), UUID(account(owner))
    decision = merging.Decision("papers-seen", "127.0.0.1", uuid4())
    with writing(world.services.database) as session:
        merging.decide(session, world.services.vault, away, kept, decision, world.clock())
    with pytest.raises(AccountsDiffer), writing(world.services.database) as session:
        merging.decide(session, world.services.vault, kept, away, decision, world.clock())
    with reading(world.services.database) as session:
        assert len(session.exec(select(Merge)).all()) == 1


# --- the other database


@pytest.mark.postgres
def test_a_merge_on_postgresql(postgres_url: Callable[[], str], tmp_path: Path) -> None:
    with World(tmp_path, database_url=postgres_url(), keys_database_url=postgres_url()) as world:
        world.agency.knows(PHONE, name="가상환자01", number=1)
        guest, owner = Browser(world), Browser(world)
        desk = Colleague(world, Role.REGISTRATION).come_in()
        foreign(guest)
        guest.add_passkey()
        owner.sign_up(PHONE)
        first, second = world.delivered(), world.delivery(patientNumber=SECOND_NUMBER)
        world.post(second)
        assert see(desk, account(guest), SECOND_NUMBER).status_code == 200
        bind(world, account(owner), NUMBER)
        page = check_by_phone(guest, PHONE).headers["location"]
        guest.open(page)
        assert guest.send(page).status_code == 303
        found = {each["id"] for each in owner.ask("GET", "/me/documents").json()}
        assert found == {first, second["documentId"]}
