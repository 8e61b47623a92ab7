"""Every route of the application has an audience, and nobody else comes in: walked over, not listed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from backend_world import World
from fastapi import APIRouter
from httpx import Response
from route_book import OPEN, SAFE, Audience, Route, routes

TESTS = Path(__file__).parent
for folder in ("identity", "staff", "family"):
    sys.path.insert(0, str(TESTS / folder))

from colleague import Colleague  # noqa: E402 - they import the folders above
from household import CHILD, Household  # noqa: E402
from visitor import Browser  # noqa: E402

from backend.app import create_app  # noqa: E402
from backend.staff.roles import Role, may  # noqa: E402

EVERY_COLLEAGUE = {
    "GET /staff": "the first page names what one's role may do",
    "POST /staff/sign-out": "whoever came in goes out",
    "GET /staff/step-up": "whoever came in proves to be there",
    "POST /api/v1/staff/step-up": "as above",
    "POST /api/v1/staff/step-up/options": "as above",
}
"""Routes of the staff that no function guards, and why."""

NOT_THEIRS_CHANGES_NOTHING = {
    "POST /me/sessions/{other}/end": "a session that is not one's own, or has ended, is not there to be ended",
    "DELETE /api/v1/me/sessions/{other}": "as above",
}
"""Routes that answer a stranger as if it had worked; `test_a_strangers_things` sees that it did not."""

BODIES: dict[str, Any] = {"PATCH /api/v1/me/passkeys/{passkey}": {"name": "x"}}
FORMS: dict[str, dict[str, str]] = {"POST /staff/reviews/{glass}": {"verdict": "justified"}}
"""What must be right before whose it is decides."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("doors")) as made:
        made.settings.limits = (
            "sign-up=off, phone-address=off, guess-address=off, guess-pair=off, guess-account=off"
        )
        yield made


def walk(world: World, *audiences: Audience) -> list[Route]:
    found = [route for route in routes(world.app) if route.audience in audiences]
    assert found
    return found


def call(browser: Browser, route: Route, **values: object) -> Response:
    """As a page or its script would, with a form token that holds."""
    address, form = route.at(**values), FORMS.get(str(route), {})
    headers = {"x-form-token": browser.token}
    if route.method in SAFE:
        return browser.client.get(address)
    if route.api:
        body = BODIES.get(str(route), {})
        return browser.client.request(route.method, address, headers=headers, json=body)
    return browser.client.request(route.method, address, headers=headers, data=form or {"x": "x"})


def shown(wrong: list[tuple[Route, Response]]) -> list[str]:
    return [f"{route}: {answer.status_code} {answer.headers.get('location', '')}" for route, answer in wrong]


# --- who is asked for


def test_every_route_has_an_audience(world: World) -> None:
    found = list(routes(world.app))
    assert len(found) > 90
    assert [str(route) for route in found if route.audience is Audience.NOBODY] == []


def test_what_is_open_to_all_is_there_and_says_why(world: World) -> None:
    paths = {route.path for route in walk(world, Audience.ALL)}
    assert set(OPEN) - paths == set()
    assert all(len(why) > 8 or why == "as above" for why in OPEN.values())


def test_a_new_route_without_an_audience_is_found(world: World) -> None:
    app = create_app(world.services)
    router = APIRouter()
    router.add_api_route("/me/secrets", lambda: {"all": "of them"})
    app.include_router(router)
    assert [str(route) for route in routes(app) if route.audience is Audience.NOBODY] == ["GET /me/secrets"]


def test_whatever_a_cookie_changes_comes_from_our_own_form(world: World) -> None:
    cookies = walk(world, Audience.PERSON, Audience.STAFF, Audience.ENROLLING)
    unsafe = [route for route in cookies if route.method not in SAFE]
    assert len(unsafe) > 15
    assert [str(route) for route in unsafe if not route.wants_own_form] == []


def test_no_function_is_left_out_of_the_staffs_matrix(world: World) -> None:
    without = {str(route) for route in walk(world, Audience.STAFF) if route.function is None}
    assert without == set(EVERY_COLLEAGUE)


UNLIMITED = {
    "POST /sign-up/{verification_id}": "counts messages by number, address and day, see test_limits",
    "POST /api/v1/oauth/token": "counts by client and by refusals, see clients/test_token",
    "POST /continue/{token}": "256 random bits, once, for minutes; opens a form and no account",
    "GET /hooks/social/{provider}": "the provider's key or signature",
    "POST /hooks/social/{provider}": "the provider's key or signature",
}
"""Open routes that somebody could hammer at without a limit of their own, and why."""


def test_what_is_open_and_changes_something_has_a_limit(world: World) -> None:
    unsafe = {str(route): route for route in walk(world, Audience.ALL) if route.method not in SAFE}
    without = {name for name, route in unsafe.items() if not route.limited}
    assert without - set(UNLIMITED) == set()
    assert {name for name in UNLIMITED if name.startswith("POST")} - without == set(), "no longer so"


# --- nobody


def test_nobody_comes_in(world: World) -> None:
    wrong = []
    for route in walk(world, *set(Audience) - {Audience.ALL, Audience.NOBODY}):
        nobody = Browser(world)
        of_staff = route.audience in (Audience.STAFF, Audience.ENROLLING)
        nobody.open("/staff/sign-in" if of_staff else "/sign-in")
        answer = call(nobody, route)
        if route.api:
            right = answer.status_code == 401
        else:
            door = "/staff/sign-in?next=" if of_staff else "/sign-in?next="
            right = answer.status_code == 303 and answer.headers["location"].startswith(door)
        if not right:
            wrong.append((route, answer))
    assert shown(wrong) == []


def test_a_form_that_is_not_ours_changes_nothing(world: World) -> None:
    """Also for whoever is signed in: another site's page has the cookie's use, not its token."""
    person = Household(world).person(81, born=date(1985, 5, 5))
    person.token = "another page's"
    wrong = []
    for route in walk(world, Audience.PERSON):
        if route.method in SAFE:
            continue
        answer = call(person, route)
        if answer.status_code != 403:
            wrong.append((route, answer))
    assert shown(wrong) == []
    assert person.open("/me").status_code == 200


# --- the wrong ones


def test_a_person_is_none_of_the_staff_no_institution_device_or_oracle(world: World) -> None:
    person = Household(world).person(82, born=date(1985, 5, 5))
    wrong = []
    for route in walk(
        world,
        Audience.STAFF,
        Audience.ENROLLING,
        Audience.INSTITUTION,
        Audience.DEVICE,
        Audience.ORACLE,
    ):
        person.open("/staff/sign-in" if "staff" in route.path else "/me/devices")
        answer = call(person, route)
        sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/staff/sign-in?")
        if not (answer.status_code in (401, 403) or sent_away):
            wrong.append((route, answer))
    assert shown(wrong) == []


def test_the_staff_are_nobody_at_the_patients_doors(world: World) -> None:
    colleague = Colleague(world, Role.DOCTOR).come_in()
    wrong = []
    for route in walk(world, Audience.PERSON, Audience.INSTITUTION, Audience.DEVICE, Audience.ORACLE):
        answer = call(colleague, route)
        sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?")
        if not (answer.status_code in (401, 403) or sent_away):
            wrong.append((route, answer))
    assert shown(wrong) == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_does_what_the_matrix_gives_it_and_nothing_else(world: World, role: Role) -> None:
    colleague = Colleague(world, role).come_in()
    wrong = []
    for route in walk(world, Audience.STAFF):
        function = route.function
        if function is None:
            continue
        answer = call(colleague, route)
        refused = answer.status_code == 403
        if refused == may(role, function) or answer.status_code >= 500:
            wrong.append((route, answer))
    assert shown(wrong) == []


# --- a stranger's things


def test_a_strangers_things_are_not_there(world: World) -> None:
    home = Household(world)
    owner = home.person(83, born=date(1985, 5, 5), patient=CHILD)
    assert owner.add_passkey().status_code == 201
    theirs = {
        "document_id": home.delivered(CHILD),
        "passkey": owner.ask("GET", "/me/passkeys").json()[0]["id"],
        "other": owner.ask("GET", "/me/sessions").json()[0]["id"],
        "tie": home.ask(owner, date(2020, 1, 1)),
    }
    before = _own_pages(owner)
    stranger = home.person(84, born=date(1985, 5, 5))
    wrong, tried = [], 0
    for route in walk(world, Audience.PERSON):
        if not route.parameters:
            continue
        stranger.open("/me/devices")
        answer = call(stranger, route, **theirs)
        expected = {404} if str(route) not in NOT_THEIRS_CHANGES_NOTHING else {204, 303}
        tried += 1
        if answer.status_code not in expected:
            wrong.append((route, answer))
    assert tried > 8
    assert shown(wrong) == []
    assert _own_pages(owner) == before
    assert owner.client.get(f"/me/documents/{theirs['document_id']}").status_code == 200, "it was there"


def _own_pages(owner: Browser) -> list[str]:
    """What the owner sees; the form token is written otherwise each time."""
    pages = (owner.client.get(path).text for path in ("/me/devices", "/me/family"))
    return [re.sub(r'(name="form_token" value=")[^"]+', r"\1", page) for page in pages]


def test_what_the_staff_name_must_be_there(world: World) -> None:
    wrong, tried = [], 0
    for role in (Role.DOCTOR, Role.INFORMATION, Role.REGISTRATION):
        colleague = Colleague(world, role).come_in()
        for route in walk(world, Audience.STAFF):
            if route.function is None or not may(role, route.function) or not route.parameters:
                continue
            tried += 1
            answer = call(colleague, route)
            if answer.status_code not in (404, 422):  # 422: the form is looked at first, whatever it names
                wrong.append((route, answer))
    assert tried > 3
    assert shown(wrong) == []
