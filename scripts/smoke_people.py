"""The smoke run's persons: one who signs up and is bound at the first visit, a stranger, and an auditor."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from sandbox.people import Person, person
from scripts.smoke_checks import SETTLE_SECONDS, delivered, eventually, heads, require, truth
from scripts.system import System

FIRST_NUMBER = 10_000_000
"""The sandbox's patient n has the registration number 10000000 + n."""


class Visitor:
    """A browser without scripts: keeps cookies, sends the forms of the pages it was given."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.client = httpx.Client(base_url=system.url, timeout=30)
        self.page = httpx.Response(204)

    def open(self, path: str) -> httpx.Response:
        self.page = self.client.get(path)
        return self.page

    def send(self, path: str, **fields: object) -> httpx.Response:
        found = re.search(r'name="form_token" value="([^"]+)"', self.page.text)
        require(found is not None, f"no form on the page before {path}")
        assert found is not None
        origin = {"origin": self.system.url}
        self.page = self.client.post(path, data={"form_token": found[1], **fields}, headers=origin)
        if self.page.is_redirect:
            where = self.page.headers["location"]
            self.open(where)
            return httpx.Response(303, headers={"location": where})
        return self.page

    def sign_up(self, who: Person) -> None:
        """By telephone, with the number that the agency's stand-in sent."""
        self.open("/sign-up")
        step = self.send("/sign-up", consent=["terms", "privacy", "health"], hospital=["1"])
        where = step.headers["location"]
        typed = {"name": who.name, "birth": who.resident.replace("-", "")[:7], "phone": who.phone}
        sent = self.send(where, operator=who.operator, method="SMS", **typed)
        require(sent.status_code == 303, f"the agency was not asked: {sent.status_code}")
        done = self.send(f"{where}/confirm", otp=self._number(who), method="SMS")
        require(done.status_code == 303, f"not let in: {done.status_code}")

    def _number(self, who: Person) -> str:
        """What the person's telephone received."""
        shown = httpx.get(f"{self.system.agency_url}/phone", timeout=10).text
        card = re.search(rf"\({who.phone}\)</h2><p>인증번호 <code>(\d+)</code>", shown)
        require(card is not None, "the telephone received nothing")
        assert card is not None
        return card[1]

    def person_id(self) -> str:
        return str(self.client.get("/api/v1/me").json()["person"])

    def documents(self) -> set[str]:
        return {each["id"] for each in self.client.get("/api/v1/me/documents?limit=200").json()}


def patient(system: System) -> tuple[str, str]:
    """The registration numbers of the adult with the most documents, and of another one. Children need a guardian."""
    known = truth(system).documents.values()
    born_by = datetime.now(UTC).year - 20
    adults = [each.patient for each in known if _person(each.patient).birth.year <= born_by]
    (busiest, _), *others = Counter(adults).most_common()
    require(bool(others), "the day has one adult only")
    return busiest, others[-1][0]


def _person(number: str) -> Person:
    return person(int(number) - FIRST_NUMBER)


def own_record(system: System) -> str:
    """Sign-up, 예비등록, the first visit, and then exactly the person's own documents."""
    number, other = patient(system)
    visitor = Visitor(system)
    visitor.sign_up(_person(number))
    require(visitor.documents() == set(), "documents before the hospital has seen the person")
    require("예비등록" in visitor.open("/me").text, "the page does not speak of the first visit")
    said = system.run("backend", "relay").text
    require("hospital system ok" in said, f"the relay does not reach the hospital's desk: {said}")
    refused = system.run("backend", "persons", "bind", visitor.person_id(), other, allowed=(1,))
    require("differs in: name" in refused.problem, f"bound to somebody else: {refused.problem}")
    system.run("backend", "persons", "bind", visitor.person_id(), number)
    newest = heads(system)
    known = truth(system).documents.items()
    expected = {newest[name] for name, each in known if each.patient == number and name in newest}
    require(expected <= visitor.documents(), "not all of the person's documents are there")
    one = next(iter(expected))
    require("sg-verdict" in visitor.open(f"/me/documents/{one}").text, "a document cannot be opened")
    accesses = visitor.client.get("/api/v1/me/accesses").json()["accesses"]
    require(any(each["objectId"] == one for each in accesses), "the person's own look is not in the log")
    return f"{len(expected)} documents, {len(accesses)} lines in the log"


def stranger(system: System) -> str:
    """Signed in, bound to a number of their own, and nobody else's record exists."""
    number, other = patient(system)
    visitor = Visitor(system)
    visitor.sign_up(_person(other))
    system.run("backend", "persons", "bind", visitor.person_id(), other)
    newest = heads(system)
    known = truth(system).documents.items()
    foreign = [newest[name] for name, each in known if each.patient == number and name in newest]
    require(not visitor.documents() & set(foreign), "a stranger's documents are listed")
    for document in foreign:
        for path in (f"/me/documents/{document}", f"/me/documents/{document}/bundle"):
            status = visitor.open(path).status_code
            require(status == 404, f"a stranger's document answers {status}")
    for path in ("/me", "/me/data", "/api/v1/me/documents"):
        status = httpx.get(f"{system.url}{path}").status_code
        require(status in (303, 401), f"nobody gets {status} from {path}")
    return f"{len(foreign)} documents asked for, {len(delivered(system))} there are"


def auditor(system: System) -> str:
    """The log is whole; a copy of it in which a database administrator removed one line is not."""

    def verified() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(system.run("backend", "audit", "verify", "--json", "--chain").text)
        return found

    seeds = count(77)

    def anchored() -> bool:
        """A receipt comes now and then, and takes the head along that is there."""
        if verified()["anchoredUntil"]:
            return True
        system.fill(1, seed=next(seeds))
        time.sleep(5)
        return False

    eventually(anchored, lambda: "no head of the log came to the chain", seconds=SETTLE_SECONDS)
    report = verified()
    require(report["whole"], f"the log is not whole: {report['first']}")
    copy = system.folder / "tampered.sqlite3"
    database = system.settings["SAEGIM_BACKEND_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(database) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    number = _remove_a_line(copy)
    environment = {"SAEGIM_BACKEND_DATABASE_URL": f"sqlite:///{copy}"}
    command = [sys.executable, "-m", "backend", "audit", "verify", "--json"]
    found = system.execute(command, **environment)
    require(found.code == 1, f"a removed line was not noticed: exit {found.code}")
    first = json.loads(found.text)["first"]
    require(str(number) in json.dumps(first), f"line {number} was removed, {first} was named")
    copy.unlink()
    held = report["anchoredUntil"]
    return f"{report['lines']} lines whole, {held} of them held by the chain; the removal of line {number} is named"


def _remove_a_line(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        names = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]
        for name in names:
            connection.execute(f'DROP TRIGGER "{name}"')
        (last,) = connection.execute("SELECT max(number) FROM audit_event").fetchone()
        number = int(last) // 2
        connection.execute("DELETE FROM audit_event WHERE number = ?", (number,))
    return number
