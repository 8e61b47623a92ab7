"""이중등록: two registration numbers of one person. The hospital system is master; a wrong merger opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from backend_world import World
from colleague import Colleague
from doors import NUMBER, SECOND_NUMBER, account, bind, lines, numbers_of, see
from visitor import Browser

from backend.identity import service
from backend.relay import service as relay
from backend.relay.client import Errand
from backend.relay.service import Known, PatientUnknown
from backend.staff.roles import Role
from chain.db import writing

Browsers = Callable[[], Browser]


class Hospital:
    """The relay's client, as the desk's code sees it: numbers with whoever they are."""

    def __init__(self, people: dict[str, Known]) -> None:
        self.people = people
        self.merged: dict[str, str] | None = None

    def patient(self, number: str, errand: Errand) -> Known:
        if number not in self.people:
            raise PatientUnknown
        return self.people[number]

    def registrations(self, who: Known, errand: Errand) -> list[str]:
        return [number for number, known in self.people.items() if known == who]

    def merged_into(self, number: str, errand: Errand) -> str | None:
        if self.merged is None:
            raise relay.NotOffered("registrations.merged")
        return self.merged.get(number)

    def close(self) -> None:
        return


SELF = Known("가상환자01", "1990-01-01", "female")
ANOTHER = Known("가상환자02", "1990-01-01", "female")


@contextmanager
def hospital(monkeypatch: pytest.MonkeyPatch, **people: Known) -> Iterator[Hospital]:
    made = Hospital({number.replace("_", "-"): who for number, who in people.items()})
    monkeypatch.setattr(relay, "relay_client", lambda settings, clock: made)
    yield made


def follow(desk: Colleague, former: str, present: str) -> tuple[int, str]:
    desk.open("/staff/duplicates")
    answer = desk.send("/staff/duplicates", former=former, present=present)
    return answer.status_code, answer.text


def test_the_desk_sees_every_number_that_the_hospital_has_of_a_person(
    owner: Browser, desk: Colleague, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open("/staff/duplicates")
    assert desk.send("/staff/duplicates/search", number=NUMBER).status_code == 503, "there is no relay"
    with hospital(monkeypatch, MARKED_PATIENT_77=SELF, MARKED_PATIENT_88=SELF, OTHER=ANOTHER):
        bound = desk.send("/staff/bind", account=account(owner), number=NUMBER)
        assert "이중등록 의심" in bound.text
        assert SECOND_NUMBER in bound.text
        found = desk.send("/staff/duplicates/search", number=SECOND_NUMBER).text
        assert "이중등록 의심" in found
        assert NUMBER in found
        assert account(owner) in found
        assert "OTHER" not in found
        assert desk.send("/staff/duplicates/search", number="NONE").status_code == 404


def test_numbers_follow_only_what_the_hospital_has_merged_and_only_of_one_person(
    owner: Browser, desk: Colleague, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(world, account(owner), NUMBER)
    index = world.services.vault.blind_index
    with hospital(monkeypatch, MARKED_PATIENT_77=SELF, MARKED_PATIENT_88=SELF, OTHER=ANOTHER):
        assert follow(desk, NUMBER, SECOND_NUMBER)[0] == 409, "it still has both"
        assert follow(desk, "OTHER", NUMBER)[0] == 409, "another person's"
        assert follow(desk, NUMBER, "OTHER")[0] == 409
        assert follow(desk, "GONE", NUMBER)[0] == 404, "nobody knows whose it was"
        assert follow(desk, " ", NUMBER)[0] == 422
        assert follow(desk, NUMBER, NUMBER)[0] in (409, 422)
    assert numbers_of(world, account(owner)) == [index(NUMBER)]


def test_the_registration_follows_and_old_documents_stay(
    owner: Browser, desk: Colleague, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = world.delivered()
    new = world.delivery(patientNumber=SECOND_NUMBER)
    world.post(new)
    bind(world, account(owner), NUMBER)
    index = world.services.vault.blind_index
    with hospital(monkeypatch, MARKED_PATIENT_88=SELF):
        assert follow(desk, NUMBER, SECOND_NUMBER)[0] == 200
    assert numbers_of(world, account(owner)) == [index(SECOND_NUMBER), index(NUMBER)]
    assert {each["id"] for each in owner.ask("GET", "/me/documents").json()} == {old, new["documentId"]}
    assert "이중등록을 정리해" in owner.open("/me").text
    with writing(world.services.database) as session:  # the old card at the desk is the same person's
        service.bind(session, UUID(account(owner)), 1, index(NUMBER), world.clock())
    with hospital(monkeypatch, MARKED_PATIENT_77=SELF):
        assert follow(desk, SECOND_NUMBER, NUMBER)[0] == 200, "the hospital has thought again"
    assert numbers_of(world, account(owner)) == [index(NUMBER), index(SECOND_NUMBER)]


def test_what_the_hospital_system_itself_says_of_a_merger_is_followed_and_no_other(
    owner: Browser, desk: Colleague, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(world, account(owner), NUMBER)
    with hospital(monkeypatch, MARKED_PATIENT_88=SELF, OTHER=SELF) as system:
        system.merged = {NUMBER: SECOND_NUMBER}
        desk.open("/staff/duplicates")
        page = desk.send("/staff/duplicates/search", number=NUMBER).text
        assert f'name="former" autocomplete="off" maxlength="40" required value="{NUMBER}"' in page
        assert f'name="present" autocomplete="off" maxlength="40" required value="{SECOND_NUMBER}"' in page
        assert follow(desk, NUMBER, "OTHER")[0] == 409, "into another number than it says"
        system.people[SECOND_NUMBER] = ANOTHER
        assert follow(desk, NUMBER, SECOND_NUMBER)[0] == 409, "merged into another person: it opens nothing"
        system.people[SECOND_NUMBER] = SELF
        assert follow(desk, NUMBER, SECOND_NUMBER)[0] == 200
    assert numbers_of(world, account(owner))[0] == world.services.vault.blind_index(SECOND_NUMBER)
    assert ("staff", "allowed", "hospital-merged-numbers.relay.merged") in lines(world, "change")


def test_numbers_of_two_accounts_wait_for_the_accounts_merge(
    guest: Browser, owner: Browser, desk: Colleague, world: World
) -> None:
    assert see(desk, account(guest), SECOND_NUMBER).status_code == 200
    bind(world, account(owner), NUMBER)
    status, text = follow(desk, SECOND_NUMBER, NUMBER)
    assert (status, "두 계정 합치기" in text) == (409, True)


def test_in_an_emergency_the_former_numbers_documents_are_there_too_and_no_strangers(
    owner: Browser, desk: Colleague, world: World
) -> None:
    old = world.delivered()
    strangers = world.delivery(patientNumber="ANOTHER-99")
    world.post(strangers)
    bind(world, account(owner), NUMBER)
    assert follow(desk, NUMBER, SECOND_NUMBER)[0] == 200
    doctor = Colleague(world, Role.DOCTOR).come_in()
    glass = doctor.break_glass(SECOND_NUMBER).headers["location"]
    assert f"{glass}/documents/{old}" in doctor.open(glass).text
    assert doctor.open(f"{glass}/documents/{old}").status_code == 200
    assert doctor.open(f"{glass}/documents/{strangers['documentId']}").status_code == 404
    former = owner.ask("GET", "/me/accesses?record=1").json()["accesses"]
    assert {"read", "list"} <= {each["action"] for each in former if each["actorKind"] == "staff"}
