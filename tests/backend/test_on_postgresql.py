"""Each domain's main way on PostgreSQL, and its race: of two at the same moment one is let, and the other told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

for folder in ("identity", "staff", "family", "clients"):
    sys.path.insert(0, str(Path(__file__).parent / folder))

from backend_world import World  # noqa: E402
from colleague import Colleague  # noqa: E402
from household import Household  # noqa: E402
from httpx import Response  # noqa: E402
from insurer import Insurer  # noqa: E402
from visitor import Browser  # noqa: E402

from backend.audit.verify import verify  # noqa: E402
from backend.documents import service  # noqa: E402
from backend.staff.roles import Role  # noqa: E402
from chain.db import reading, writing  # noqa: E402

pytestmark = pytest.mark.postgres

NUMBER = "MARKED-PATIENT-77"


@pytest.fixture
def world(postgres_url: Callable[[], str], tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, database_url=postgres_url(), keys_database_url=postgres_url()) as made:
        yield made
        assert verify(made.services.database).whole  # whatever raced, the log of accesses is one chain


def together(*acts: Callable[[], Response]) -> list[Response]:
    """What each was answered when all began at the same moment."""
    everybody = Barrier(len(acts))

    def act(one: Callable[[], Response]) -> Response:
        everybody.wait(timeout=60)
        return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def statuses(answers: list[Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def signed_up(world: World, number: int) -> Browser:
    phone = f"0100000{number:04d}"
    world.agency.knows(phone, name=f"가상환자{number:02d}", number=number)
    browser = Browser(world)
    assert browser.sign_up(phone).status_code == 303
    return browser


def account(browser: Browser) -> str:
    return str(browser.ask("GET", "/me").json()["person"])


def lines(world: World, action: str) -> list[str]:
    query = text("SELECT outcome FROM audit_event WHERE action = :action ORDER BY number")
    with reading(world.services.database) as session:
        return list(session.execute(query, {"action": action}).scalars())


# --- documents


def test_a_documents_life(world: World) -> None:
    delivery = world.delivery()
    assert world.post(delivery).json()["accepted"] == [delivery["deliveryId"]]
    assert world.post(delivery).json()["duplicates"] == [delivery["deliveryId"]]
    document = delivery["documentId"]
    link = world.link(document)
    assert "유효한 문서입니다" in world.client.get(link).text
    assert world.client.get(f"/api/v1/documents/{document}/proof").headers["saegim-proof"] == "fresh"
    assert world.post(world.event("withdrawn", document, reason=2)).json()["refused"] == []
    shown = world.client.get(f"/api/v1/documents/{document}").json()
    assert (shown["state"], shown["reason"]) == ("withdrawn", 2)
    with writing(world.services.database) as session:
        service.erase(world.services, session, UUID(document))
    assert world.client.get(link).status_code == 410


# --- persons


def test_a_person_signs_in_once_with_one_answer(world: World) -> None:
    person = signed_up(world, 1)
    assert person.add_passkey().status_code == 201
    person.sign_out()
    person.open("/sign-in")
    answer = {"answer": person.key.get(person.ask("POST", "/sign-in/options").json())}
    answers = together(*[lambda: person.ask("POST", "/sign-in", answer)] * 2)
    assert statuses(answers) == [200, 401]
    assert (lines(world, "sign-in"), lines(world, "sign-in-refused")) == (["allowed"], ["refused"])


def test_of_two_accounts_bound_to_one_number_at_once_one_is(world: World) -> None:
    world.delivered()
    persons = [signed_up(world, number) for number in (1, 2)]
    desks = [Colleague(world, Role.REGISTRATION).come_in() for _ in persons]

    def binding(desk: Colleague, person: Browser) -> Callable[[], Response]:
        desk.open("/staff/bind")
        own = account(person)
        return lambda: desk.send("/staff/bind", account=own, number=NUMBER)

    answers = together(*[binding(*pair) for pair in zip(desks, persons, strict=True)])
    assert statuses(answers) == [200, 409]
    assert sorted(len(each.ask("GET", "/me/documents").json()) for each in persons) == [0, 1]
    assert lines(world, "link") == ["allowed"]


# --- families


def test_a_delegates_code_entered_by_two_at_once_makes_one_delegate(world: World) -> None:
    home = Household(world)
    mother = home.person(1, born=home.turns(40, in_days=100), patient=NUMBER)
    others = [home.person(number, born=home.turns(40, in_days=100)) for number in (2, 3)]
    code = home.code(mother, "list", "read")
    document = home.delivered(NUMBER)
    for each in others:
        each.open("/me/family/code")
    answers = together(*[lambda each=each: each.send("/me/family/code", code=code) for each in others])  # type: ignore[misc]
    assert sum(status == 303 for status in statuses(answers)) == 1
    readers = [each for each in others if each.client.get(f"/me/documents/{document}").status_code == 200]
    assert len(readers) == 1
    cared = readers[0].ask("GET", "/me/family").json()
    assert readers[0].ask("DELETE", f"/me/family/{cared[0]['id']}").status_code == 204
    assert readers[0].client.get(f"/me/documents/{document}").status_code == 404


# --- staff


def test_an_enrolment_code_used_by_two_at_once_lets_one_in(world: World) -> None:
    nurse = Colleague(world, Role.NURSING)
    browsers = [Browser(world) for _ in range(2)]
    for each in browsers:
        each.open("/staff/enrol")
    fields: dict[str, Any] = {"number": nurse.number, "code": nurse.code}
    answers = together(*[lambda each=each: each.send("/staff/enrol", **fields) for each in browsers])  # type: ignore[misc]
    assert statuses(answers) == [303, 401]
    assert lines(world, "sign-in-refused") == ["refused"]


def test_an_emergency_is_opened_read_and_reviewed_once(world: World) -> None:
    document = world.delivered()
    doctor = Colleague(world, Role.DOCTOR).come_in()
    opened = doctor.break_glass().headers["location"]
    assert doctor.client.get(f"{opened}/documents/{document}").status_code == 200
    reviewers = [Colleague(world, Role.INFORMATION).come_in() for _ in range(2)]
    address = f"/staff/reviews/{opened.rsplit('/', 1)[1]}"
    for each in reviewers:
        each.open("/staff/reviews")
    answers = together(*[lambda each=each: each.send(address, verdict="justified") for each in reviewers])  # type: ignore[misc]
    assert statuses(answers) == [303, 409]
    assert lines(world, "break-glass") == ["allowed"]
    assert lines(world, "break-glass-review") == ["allowed"]


def test_a_proof_of_presence_is_good_once(world: World) -> None:
    doctor = Colleague(world, Role.DOCTOR).come_in()
    doctor.open("/staff/step-up")
    answer = {"answer": doctor.key.get(doctor.ask("POST", "/staff/step-up/options").json())}
    answers = together(*[lambda: doctor.ask("POST", "/staff/step-up", answer)] * 2)
    assert statuses(answers) == [204, 401]
    assert sorted(lines(world, "step-up")) == ["allowed", "refused"]


# --- institutions


def test_a_client_gets_a_token_and_loses_it(world: World) -> None:
    insurer = Insurer(world)
    assertion = insurer.assertion()
    answers = together(*[lambda: insurer.ask(assertion)] * 2)
    assert sum(answer.status_code == 200 for answer in answers) == 1
    given = next(answer for answer in answers if answer.status_code == 200)
    assert insurer.whoami(given.json()["access_token"]).status_code == 200
    assert insurer.whoami(None).status_code == 401
