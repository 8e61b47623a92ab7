"""Marked personal data through every route: none of it in logs, addresses, metrics, the log of accesses, what goes to
the chain, errors, or in plain in the databases' files. A route that nothing was sent through fails the test.
"""

from __future__ import annotations

import json
import logging
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.routing import iter_route_contexts
from httpx import Response
from requests import Request
from route_book import SAFE, Audience, Route
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

TESTS = Path(__file__).parent
for folder in ("identity", "staff", "family", "clients", "devices"):
    sys.path.insert(0, str(TESTS / folder))

from everybody import Everybody  # noqa: E402 - it imports the folders above
from household import CHILD, Household  # noqa: E402
from visitor import PHONE, REQUIRED, Browser  # noqa: E402

from backend.staff.roles import Role  # noqa: E402
from chain.db import make_engine, reading  # noqa: E402

SITE = "http://testserver"
MARKS = {
    "name": "표식이름가나",
    "child": "표식아이다라",
    "phone": "01073519846",
    "born": "1987-03-09",
    "child-born": "2019-08-17",
    "resident number": "870309-2735198",
    "patient": CHILD,
    "second patient": "MARKED-PATIENT-88",
    "third patient": "MARKED-PATIENT-99",
    "diagnosis": "표식진단 J20.987",
    "drug": "표식약품 64190735",
    "address": "표식시 표식로 77",
    "e-mail": "marked.person@example.test",
    "foreign name": "MARKEDSURNAME",
    "passport": "M73519846",
    "foreign born": "1979-11-23",
    "insurance number": "97351984602",
    "desk name": "표식창구마바",
}
"""Whom they belong to is nobody. Each is long enough to stand nowhere by chance."""
FREE = " ".join(MARKS[each] for each in ("diagnosis", "drug", "address", "e-mail", "resident number"))
"""What somebody may write into any field."""

THE_OWNERS_WORDS = {
    "identity_passkey.name": "what somebody calls a passkey",
    "devices_device.name": "what the information department calls a machine, and where it stands",
    "devices_device.place": "as above",
    "devices_code.name": "as above",
    "devices_code.place": "as above",
    "staff_broken_glass.reason": "the words of a clinician, read at the review",
    "audit_event.reason": "the same words; runs of digits are blotted out (backend/audit/entries.py)",
}
"""Columns in which what somebody wrote stands as written, and why."""

GUESSES = {
    "POST /staff/enrol",
    "POST /api/v1/sign-in",
    "POST /api/v1/staff/sign-in",
    "POST /api/v1/staff/step-up",
    "POST /api/v1/oauth/token",
    "POST /api/v1/devices/pairings",
}
"""Doors at which marks are wrong answers; `whole_ways` goes through with right ones."""

CHATTY = ("httpx", "httpcore", "hypothesis", "asyncio", "faker")
"""Loggers of the test's own client and tools."""


class Heard(logging.Handler):
    """Every line of every logger."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(CHATTY):
            self.lines.append(self.format(record))


class Day:
    """What was sent on one day, what was answered, and what was written down."""

    def __init__(self, folder: Path, heard: Heard) -> None:
        self.folder, self.heard = folder, heard
        self.all = Everybody(folder)
        self.world = self.all.world
        self.secrets: dict[str, str] = {}
        self.answers: list[tuple[Route, str, Response]] = []
        self.fields = dict(_fields_of(self.world.app))

    def through(self, route: Route, *, bare: bool = False) -> Response:
        """Every field of a route filled with marks."""
        names = self.fields.get(str(route), ())
        address = SITE + route.at(**self.all.theirs)
        typed = dict.fromkeys(names, FREE)
        if route.method in SAFE:
            request = Request(route.method, address, params={"q": "x"})
        elif route.api:
            body = json.dumps({**typed, "answer": {"id": "x", "name": FREE}, "marked": FREE}).encode()
            request = Request(route.method, address, data=body, headers={"content-type": "application/json"})
        else:
            request = Request(route.method, address, data={**typed, "marked": FREE})
        made = request.prepare()
        answer = self.all.bare(made) if bare else self.all.send(route, made)
        self.answers.append((route, "nobody" if bare else str(route.audience), answer))
        return answer

    def routes(self) -> Iterator[Route]:
        """What ends a session comes last."""
        last = ("erase", "sign-out", "/end", "remove", "revoke")
        yield from sorted(
            self.all.routes.values(), key=lambda route: any(each in route.path for each in last)
        )


def _fields_of(app: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Method and path → names of the form's or body's fields."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        if dependant is None:
            continue
        names: list[str] = []
        for field in dependant.body_params:
            model = getattr(field.field_info.annotation, "model_fields", None)
            names += [(each.alias or name) for name, each in model.items()] if model else [field.alias]
        for method in context.methods or ():
            yield f"{method} {context.path}", tuple(names)


def whole_ways(day: Day) -> None:
    """A person's day with everything right: sign-up, passkey, documents, family, the desk, an emergency."""
    world, home = day.world, Household(day.world)
    world.agency.knows(MARKS["phone"], name=MARKS["name"], number=77)
    known = world.agency.people[MARKS["phone"]]
    world.agency.people[MARKS["phone"]] = replace(known, birth_date=date.fromisoformat(MARKS["born"]))
    day.secrets["ci"] = b64encode(bytes([77]) * 64).decode()
    person = Browser(world)
    person.open("/sign-up")
    step = person.send("/sign-up", consent=REQUIRED, hospital=["1"]).headers["location"]
    person.open(step)
    wrong = {**PHONE, "name": MARKS["name"], "birth": "x" + MARKS["resident number"]}
    assert person.send(step, **wrong, phone=MARKS["phone"]).status_code == 422
    right = {**PHONE, "name": MARKS["name"], "birth": "8703092"}
    assert person.send(step, **right, phone=MARKS["phone"]).status_code == 303
    person.open(f"{step}/confirm")
    assert person.send(f"{step}/confirm", otp="873519").status_code == 409
    assert person.send(f"{step}/confirm", otp=world.agency.otp).status_code == 303
    day.secrets["session"] = str(person.client.cookies["session"])
    assert person.add_passkey().status_code == 201
    day.secrets["form token"] = person.token
    desk = day.all.staff[Role.REGISTRATION]
    desk.open("/staff/bind")
    bound = desk.send("/staff/bind", account=str(home.id_of(person)), number=MARKS["second patient"])
    assert bound.status_code < 500
    document = home.delivered(MARKS["second patient"])
    link = world.link(document)
    day.secrets["link"] = link.removeprefix("/d/")
    for path in (link, f"{link}/bundle", "/me", f"/me/documents/{document}", "/me/data", "/me/data/export"):
        person.open(path)
    born = date.fromisoformat(MARKS["child-born"])
    person.open("/me/family/children")
    sent = person.send(
        "/me/family/children", hospital="1", relation="parent", name=MARKS["child"], born=born.isoformat()
    )
    assert sent.status_code == 303
    day.secrets["delegation code"] = home.code(person, "list", "read")
    doctor = day.all.staff[Role.DOCTOR]
    doctor.open("/staff/emergency")
    opened = doctor.send("/staff/emergency", number=CHILD, reason=f"의식 없음 {MARKS['phone']}")
    assert opened.status_code == 303
    doctor.open(opened.headers["location"])
    traveller = Browser(world)
    traveller.open("/sign-up/foreign?lang=en")
    fields = {
        "surname": MARKS["foreign name"],
        "given": "JANE",
        "born": MARKS["foreign born"],
        "gender": "F",
        "nationality": "US",
        "kind": "passport",
        "number": MARKS["passport"],
    }
    refused = traveller.send("/sign-up/foreign", **{**fields, "nationality": "XX"}, hospital=["1"])
    assert refused.status_code == 422
    assert traveller.send("/sign-up/foreign", **fields, consent=REQUIRED, hospital=["1"]).status_code == 303
    patient = {
        "number": MARKS["third patient"],
        "name": MARKS["desk name"],
        "birthDate": MARKS["born"],
        "insuredNumber": MARKS["insurance number"],
    }
    met = desk.ask("POST", "/staff/eligibility/patients", patient)
    assert met.status_code in (200, 201), met.text
    assert desk.open(f"/staff/eligibility/{met.json()['id']}").status_code == 200
    day.secrets["access token"] = day.all.token
    day.secrets["assertion"] = day.all.insurer.assertion()
    day.all.insurer.ask(day.secrets["assertion"])
    person.sign_out()
    assert person.sign_in(flags=1).status_code == 401


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    root, heard = logging.getLogger(), Heard()
    levels = {logger: logger.level for logger in (root, logging.getLogger("sqlalchemy"))}
    root.addHandler(heard)
    for logger in levels:
        logger.setLevel(logging.DEBUG)  # sqlalchemy's own is above: nobody turns it on by the root alone
    try:
        made = Day(tmp_path_factory.mktemp("marked"), heard)
        whole_ways(made)
        for route in made.routes():
            made.through(route, bare=True)
        for route in made.routes():
            made.through(route)
        yield made
    finally:
        root.removeHandler(heard)
        for logger, level in levels.items():
            logger.setLevel(level)


def marks_in(content: str, day: Day, *, secrets: bool = True) -> list[str]:
    found = [name for name, mark in MARKS.items() if mark in content]
    return found + [name for name, secret in day.secrets.items() if secrets and secret in content]


def test_every_route_was_gone_through(day: Day) -> None:
    """As the one whom it is for, and further than the door."""
    as_its_own: dict[str, set[int]] = {}
    for route, who, answer in day.answers:
        if who != "nobody":
            as_its_own.setdefault(str(route), set()).add(answer.status_code)
    assert set(as_its_own) == {str(route) for route in day.all.routes.values()}
    at_the_door = {name for name, statuses in as_its_own.items() if statuses <= {401, 429}}
    coming_in = {
        "POST /api/v1/staff/step-up",
        "POST /staff/enrol",
        "POST /api/v1/sign-in",
        "POST /api/v1/staff/sign-in",
    }
    assert at_the_door - coming_in - {"POST /api/v1/oauth/token", "POST /api/v1/devices/pairings"} == set()
    assert [
        f"{route}: {answer.text[:200]}" for route, _, answer in day.answers if answer.status_code == 500
    ] == []


def test_no_logger_says_it(day: Day) -> None:
    assert len(day.heard.lines) > 300
    assert any(line.startswith("saegim.backend.request") for line in day.heard.lines)
    assert any("sqlalchemy" in line for line in day.heard.lines), "also what the database's library says"
    wrong = [line[:300] for line in day.heard.lines if set(marks_in(line, day)) - row_of_the_owner(line)]
    assert wrong == []


def row_of_the_owner(line: str) -> set[str]:
    """At DEBUG the database's library shows rows as they are kept: sealed, but for the owner's own words."""
    free = {name for name, mark in MARKS.items() if mark in FREE}
    return free if line.startswith("sqlalchemy.engine.Engine Row") else set()


def test_no_address_carries_it(day: Day) -> None:
    """What somebody typed is never part of where they are sent."""
    wrong = [
        f"{route} → {place}"
        for route, _, answer in day.answers
        for place in [unquote(unquote(answer.headers.get("location", "")))]
        if marks_in(place, day)
    ]
    assert wrong == []


def test_no_header_carries_it(day: Day) -> None:
    wrong = [
        str(route)
        for route, _, answer in day.answers
        if marks_in(unquote(str({k: v for k, v in answer.headers.items() if k != "set-cookie"})), day)
    ]
    assert wrong == []


def test_no_error_of_the_api_repeats_it(day: Day) -> None:
    errors = [(route, answer) for route, _, answer in day.answers if route.api and answer.status_code >= 400]
    assert len(errors) > 30
    assert [f"{route}: {answer.text}" for route, answer in errors if marks_in(answer.text, day)] == []


def test_nobody_reads_it_anywhere(day: Day) -> None:
    """A stranger's answers: what they typed themselves may stand in their own form, nobody else's anywhere."""
    typed = {name for name, mark in MARKS.items() if mark in FREE}
    wrong = [
        f"{route}: {sorted(found)}"
        for route, who, answer in day.answers
        if who == "nobody" and (found := set(marks_in(answer.text, day)) - typed)
    ]
    assert wrong == []


def test_metrics_count_routes_and_nobody(day: Day) -> None:
    shown = day.world.client.get("/metrics").text
    assert 'route="/d/{token}"' in shown
    assert marks_in(shown, day) == []
    assert not any(str(each) in shown for each in day.all.theirs.values())


def test_the_log_of_accesses_has_no_name_or_number(day: Day) -> None:
    with reading(day.world.services.database) as session:
        lines = [str(dict(row)) for row in session.execute(text("SELECT * FROM audit_event")).mappings()]
    assert len(lines) > 20
    assert any("●●●●●●" in line for line in lines), "a number typed as a reason is blotted out"
    free = {
        "diagnosis",
        "address",
        "e-mail",
    }  # words that a clinician typed as a reason, without a long number
    assert [line for line in lines if set(marks_in(line, day)) - free] == []


def test_what_goes_to_the_chain_is_a_number_that_says_nothing(day: Day) -> None:
    body = json.dumps({"issuer": 1, "anchored": []}).encode()
    answer = day.world.client.post(
        "/internal/v1/audit-heads",
        content=body,
        headers={
            "content-type": "application/json",
            "authorization": f"Bearer {day.world.tokens.token(body)}",
        },
    )
    assert answer.status_code == 200, answer.text
    assert len(bytes.fromhex(answer.json()["commitment"])) == 32
    assert set(answer.json()) == {"commitment", "refused"}


def test_the_files_of_the_databases_show_none_of_it(day: Day) -> None:
    """Bytes on the disk, the write-ahead log included."""
    files = [path for path in day.folder.iterdir() if "sqlite3" in path.name]
    assert len(files) >= 2
    content = b"".join(path.read_bytes() for path in files)
    assert b"audit_event" in content
    sealed = {name: mark for name, mark in MARKS.items() if mark not in FREE} | day.secrets
    assert [name for name, mark in sealed.items() if mark.encode() in content] == []


def test_what_somebody_wrote_stands_only_where_it_is_meant_to(day: Day) -> None:
    wrong = []
    with reading(day.world.services.database) as session:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        for table in tables:
            for row in session.execute(text(f'SELECT * FROM "{table}"')).mappings():
                wrong += [
                    f"{table}.{column}"
                    for column, value in row.items()
                    if marks_in(str(value), day) and f"{table}.{column}" not in THE_OWNERS_WORDS
                ]
    assert sorted(set(wrong)) == []


# --- a day on which the database fails


@pytest.mark.parametrize(
    "left", [(), ("identity_session", "identity_person", "staff_session", "staff_member")]
)
def test_a_fault_tells_nothing_to_anybody(day: Day, tmp_path: Path, left: tuple[str, ...]) -> None:
    """No table but those `left` is there any more: what is thrown, logged and shown repeats nothing."""
    services, whole = day.world.services, day.world.services.database
    broken = tmp_path / "broken.sqlite3"
    _copy_without(day, broken, left)
    heard, counted = len(day.heard.lines), len(day.answers)
    object.__setattr__(services, "database", make_engine(f"sqlite:///{broken}"))
    try:
        for route in day.routes():
            if route.audience in (Audience.INSTITUTION, Audience.DEVICE):
                continue
            with suppress(SQLAlchemyError, AssertionError):  # the helper's own look-ups meet the same
                day.through(route, bare=not left)
    finally:
        services.database.dispose()
        object.__setattr__(services, "database", whole)
    faults = [(route, answer) for route, _, answer in day.answers[counted:] if answer.status_code >= 500]
    assert len(faults) > 5
    assert [str(route) for route, answer in faults if marks_in(answer.text, day)] == []
    lines = day.heard.lines[heard:]
    assert any("fault id=" in line for line in lines)
    assert [line[:500] for line in lines if marks_in(line, day)] == []


def _copy_without(day: Day, target: Path, left: tuple[str, ...]) -> None:
    """A copy of the database in which only the tables `left` are."""
    with day.world.services.database.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.commit()
        raw.execute(f"VACUUM INTO '{target}'")
    engine = make_engine(f"sqlite:///{target}")
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert set(left) <= set(names)
        for name in names:
            if name not in left and not name.startswith("sqlite_"):
                raw.execute(f'DROP TABLE "{name}"')
        raw.commit()
    engine.dispose()
