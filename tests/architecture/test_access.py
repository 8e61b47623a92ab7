"""No way around the door: `backend/access.py` decides who may read whose records, and forms come from our own pages.

Queries that go around it are looked for in `test_ways_around.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter
from fastapi.routing import APIRoute

from backend.devices import endpoints as devices
from backend.devices import pages as device_pages
from backend.devices.door import device
from backend.documents import endpoints as documents
from backend.documents import my_pages
from backend.documents import pages as document_pages
from backend.eligibility import endpoints as eligibility
from backend.eligibility import pages as eligibility_pages
from backend.eligibility import staff_pages as eligibility_desk
from backend.family import endpoints as family
from backend.family import pages as family_pages
from backend.identity import (
    consent_pages,
    continuing_pages,
    foreign_pages,
    merge_pages,
    recovery_pages,
    sign_up_pages,
)
from backend.identity import endpoints as identity
from backend.identity import pages as identity_pages
from backend.identity.social_pages import router as social_pages
from backend.own_accesses import accesses
from backend.security import own_form, signed_in
from backend.staff import endpoints as staff
from backend.staff import pages as staff_pages
from backend.staff import registration_pages
from backend.staff.door import enrolling, staff_visitor
from backend.staff.door import staff as staff_signed_in

ROOT = Path(__file__).resolve().parents[2]
BACKEND = ROOT / "backend"

OPENS = {"bundle", "credential", "bundle_file", "open"}
"""Calls that bring a document's content out."""
DECIDES = {"follow", "for_person", "for_staff"}
"""Calls after which a document is the reader's to see: a link that somebody made, or `access.readable` and its kin."""
BELOW_THE_DOOR = {
    "documents/service.py",
    "documents/pages.py:bundle_file",
    "vault/service.py",
    "identity/service.py",
    "identity/foreigners.py",
    "identity/continuing.py",
    "family/standing.py",
    "eligibility/sealing.py",
}
"""Where content is brought out for a caller that has decided already; the vault's other uses."""


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sorted(BACKEND.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.relative_to(BACKEND).as_posix(), node


def calls(node: ast.AST) -> Iterator[ast.Call]:
    yield from (each for each in ast.walk(node) if isinstance(each, ast.Call))


def name_of(call: ast.Call) -> str:
    """`service.bundle(…)` and `bundle_file(…)` by their last name; the owner decides for `open`."""
    function = call.func
    if isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value)
        return function.attr if function.attr != "open" or owner.endswith("vault") else ""
    return function.id if isinstance(function, ast.Name) and function.id != "open" else ""


def is_of_documents(call: ast.Call) -> bool:
    function = call.func
    owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    return owner in {"service", "", "services.vault", "self._vault", "vault"}


def test_content_comes_out_only_where_the_door_was_passed() -> None:
    wrong = []
    for place, function in functions():
        opened = [c for c in calls(function) if name_of(c) in OPENS and is_of_documents(c)]
        decided = any(name_of(c) in DECIDES for c in calls(function))
        below = place in BELOW_THE_DOOR or f"{place}:{function.name}" in BELOW_THE_DOOR
        if opened and not decided and not below:
            wrong.append(f"{place}: {function.name}")
    assert wrong == []


def test_permission_is_made_in_one_place() -> None:
    makers = {
        place
        for place, function in functions()
        for call in calls(function)
        if name_of(call) == "ReadablePatientId"
    }
    assert makers == {"access.py"}


ROUTERS: tuple[APIRouter, ...] = (
    identity.router,
    identity_pages.router,
    consent_pages.router,
    consent_pages.api,
    sign_up_pages.router,
    social_pages,
    foreign_pages.router,
    continuing_pages.router,
    recovery_pages.router,
    merge_pages.router,
    registration_pages.router,
    my_pages.router,
    my_pages.api,
    eligibility.router,
    eligibility.api,
    eligibility_pages.router,
    eligibility_desk.router,
    family.router,
    family_pages.router,
    accesses.pages,
    accesses.api,
    document_pages.router,
    documents.router,
    staff.router,
    staff_pages.router,
    device_pages.router,
)


def routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def dependencies(route: APIRoute) -> set[object]:
    found, waiting = set[object](), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting += dependant.dependencies
    return found


def test_whatever_changes_something_for_a_cookies_holder_asks_for_our_own_form() -> None:
    unsafe = [route for route in routes() if route.methods - {"GET", "HEAD"}]
    assert len(unsafe) > 10
    assert [route.path for route in unsafe if own_form not in dependencies(route)] == []


def test_what_is_mine_asks_who_i_am() -> None:
    mine = [route for route in routes() if "/me" in route.path]
    assert len(mine) > 10
    assert [route.path for route in mine if signed_in not in dependencies(route)] == []


OPEN_TO_ALL = {"/staff/sign-in", "/staff/enrol", "/staff/sign-in/options"}
"""How the staff come in."""


def test_what_is_the_staffs_asks_who_of_them_it_is() -> None:
    theirs = [
        route for route in routes() if route.path.startswith("/staff") and route.path not in OPEN_TO_ALL
    ]
    assert len(theirs) > 8
    wrong = [route.path for route in theirs if not {staff_signed_in, enrolling} & dependencies(route)]
    assert wrong == []
    assert all(staff_visitor in dependencies(route) for route in theirs)


def test_what_is_a_devices_asks_which_device_it_is() -> None:
    theirs = [route for route in devices.router.routes if isinstance(route, APIRoute)]
    asked = [route.path for route in theirs if device in dependencies(route)]
    assert len(asked) >= 3
    assert {route.path for route in theirs} - set(asked) == {"/devices/pairings"}  # how they come in
