"""The API does what its description says, whatever it is sent: as nobody, and as each of those whom it is for.

schemathesis makes the requests from the description: right ones, broken ones, and those at the edges of what a schema
allows. The same ones in every run.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from backend_world import World
from fastapi.testclient import TestClient
from httpx import Response
from hypothesis import HealthCheck, Phase, settings
from requests import PreparedRequest, Request
from route_book import SAFE, Audience, Route, routes
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    ExamplesPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

TESTS = Path(__file__).parent
for folder in ("identity", "staff", "family", "clients", "devices"):
    sys.path.insert(0, str(TESTS / folder))

from colleague import Colleague  # noqa: E402 - they import the folders above
from household import CHILD, Household  # noqa: E402
from insurer import Insurer  # noqa: E402
from machine import Machine  # noqa: E402
from visitor import Browser  # noqa: E402

from backend.identity import sessions as persons  # noqa: E402
from backend.identity.sessions import form_token  # noqa: E402
from backend.staff.roles import Role, may  # noqa: E402
from chain.db import reading, writing  # noqa: E402
from verifier.bundle import MEDIA_TYPE  # noqa: E402

schemathesis.serializer.alias(MEDIA_TYPE, "application/octet-stream")

SEED = 20260301
SITE = "http://testserver"
EXAMPLES = 12
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
HOP_BY_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""What the client writes itself."""


class Everybody:
    """One of each of those whom the API knows, and what is theirs."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.settings.limits = ", ".join(
            f"{name}=off"
            for name in (
                "sign-in",
                "sign-up",
                "verification",
                "pairing",
                "guess-pair",
                "guess-address",
                "guess-account",
            )
        )
        self.routes = {str(route): route for route in routes(self.world.app)}
        home = Household(self.world)
        self.person = home.person(1, born=date(1985, 5, 5), patient=CHILD)
        assert self.person.add_passkey().status_code == 201
        self.person_id = home.id_of(self.person)
        self.theirs = {
            "document_id": home.delivered(CHILD),
            "passkey": self.person.ask("GET", "/me/passkeys").json()[0]["id"],
            "tie": str(home.ask(self.person, date(2020, 1, 1))),
        }
        self.staff = {role: Colleague(self.world, role).come_in() for role in Role}
        self.newcomer = Colleague(self.world, Role.DOCTOR)
        assert self.newcomer.enrol().status_code == 303
        self.insurer = Insurer(self.world)
        self.token = self.insurer.token()
        self.machine = Machine(self.world)
        assert self.machine.pair().status_code == 201
        self.nobody = Browser(self.world)

    def send(self, route: Route, request: PreparedRequest) -> Response:
        """As the one whom the route is for, with all that one brings."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        client, own = self._as(route, request, body)
        return client.request(
            str(request.method), str(request.url), headers=headers | own, content=body, follow_redirects=False
        )

    def bare(self, request: PreparedRequest) -> Response:
        """As nobody, with nothing."""
        self.nobody.client.cookies.clear()
        self.nobody.token = ""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        return self.nobody.client.request(
            str(request.method), str(request.url), headers=headers, content=body
        )

    def _as(self, route: Route, request: PreparedRequest, body: bytes) -> tuple[TestClient, dict[str, str]]:
        if route.audience is Audience.PERSON:
            return self.person.client, {"x-form-token": self._session()}
        if route.audience is Audience.STAFF:
            able = next(role for role in Role if route.function is None or may(role, route.function))
            return self._with_form(self.staff[able], "/staff")
        if route.audience is Audience.ENROLLING:
            return self._with_form(self.newcomer, "/staff/enrol/passkey")
        if route.audience is Audience.INSTITUTION:
            return self.insurer.http, {"authorization": f"Bearer {self.token}"}
        if route.audience is Audience.ORACLE:
            return self.nobody.client, {"authorization": f"Bearer {self.world.tokens.token(body)}"}
        if route.audience is Audience.DEVICE:
            proof = self.machine.proof(str(request.method), request.path_url, body)
            return self.machine.client, {"authorization": f"Device {proof}"}
        return self._with_form(self.nobody, "/staff/sign-in" if "/staff" in route.path else "/sign-in")

    def _session(self) -> str:
        """The form token of a session that holds: another one when the last request ended it."""
        now = self.world.clock()
        token = self.person.client.cookies.get("session") or ""
        with reading(self.world.services.database) as session:
            found, _ = persons.find(session, token, now)
        if found is None or not found.proven:
            with writing(self.world.services.database) as session:
                token = persons.open_session(session, self.person_id, "passkey", "", now)
            self.person.client.cookies.clear()
            self.person.client.cookies.set("session", token)
        return form_token(token)

    def _with_form(self, browser: Browser, page: str) -> tuple[TestClient, dict[str, str]]:
        if not browser.token or not browser.client.cookies:
            browser.open(page)
        return browser.client, {"x-form-token": browser.token}


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Everybody:
    return Everybody(tmp_path_factory.mktemp("openapi"))


def described(everybody: Everybody, *, coverage: bool) -> Any:
    phases = PhasesConfig(
        examples=ExamplesPhaseConfig(enabled=coverage), coverage=CoveragePhaseConfig(enabled=coverage)
    )
    project = ProjectConfig(generation=GenerationConfig(deterministic=True), phases=phases)
    config = SchemathesisConfig(seed=SEED, projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(everybody.world.app.openapi(), config=config)


@pytest.fixture(scope="module")
def whole(everybody: Everybody) -> Any:
    return described(everybody, coverage=True)


@pytest.fixture(scope="module")
def shut(everybody: Everybody) -> Any:
    return described(everybody, coverage=False)


for_its_own = schemathesis.pytest.from_fixture("whole")
for_nobody = schemathesis.pytest.from_fixture("shut")

BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def prepared(case: Any) -> PreparedRequest:
    return Request(**case.as_transport_kwargs(base_url=SITE)).prepare()


def route_of(everybody: Everybody, case: Any) -> Route:
    return everybody.routes[f"{case.operation.method.upper()} {case.operation.path}"]


@for_its_own.parametrize()
@BOUNDED
def test_it_answers_those_whom_it_is_for_as_described(case: Any, everybody: Everybody) -> None:
    for name, value in everybody.theirs.items():
        if name in case.path_parameters and len(str(case.query)) % 2 == 0:
            case.path_parameters[name] = value  # something that is there, every other time
    answer = everybody.send(route_of(everybody, case), prepared(case))
    case.validate_response(answer, checks=CHECKS)


@for_nobody.parametrize()
@settings(BOUNDED, max_examples=3)
def test_it_answers_nobody_as_described(case: Any, everybody: Everybody) -> None:
    route = route_of(everybody, case)
    answer = everybody.bare(prepared(case))
    case.validate_response(answer, checks=CHECKS)
    if route.audience is not Audience.ALL:
        assert answer.status_code in (400, 401, 403, 422)


# --- what no schema describes

DEEP = b"[" * 50_000 + b"]" * 50_000
HOSTILE: dict[str, tuple[str, bytes]] = {
    "no JSON": ("application/json", b"{"),
    "deep": ("application/json", DEEP[:90_000]),
    "deep objects": ("application/json", b'{"answer":' * 9_000 + b"1" + b"}" * 9_000),
    "half a character": (
        "application/json",
        rb'{"answer": {"id": "\ud800", "x": "\udfff"}, "name": "\ud800"}',
    ),
    "a nul": ("application/json", rb'{"answer": {"id": "\u0000"}, "name": "a\u0000b"}'),
    "a huge number": ("application/json", b'{"answer": {"id": 1' + b"0" * 5_000 + b'}, "name": 1e400}'),
    "not a number": ("application/json", b'{"answer": {"id": NaN}, "name": Infinity}'),
    "no UTF-8": ("application/json", b'{"name": "\xff\xfe"}'),
    "a mark before it": ("application/json", b'\xef\xbb\xbf{"name": "x"}'),
    "another kind": ("application/xml", b"<name>x</name>"),
    "no kind at all": ("x", b"x"),
    "a form": ("application/x-www-form-urlencoded", b"answer=%00&name=%ff&client_assertion=%00"),
    "a broken form": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name"),
    "a form without its boundary": ("multipart/form-data", b"--x--"),
    "nothing": ("application/json", b""),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_no_client_of_ours_sends_is_refused_in_order(everybody: Everybody, kind: str) -> None:
    """Never a fault; always an answer of ours, which repeats nothing of what was sent."""
    content_type, body = HOSTILE[kind]
    seen = []
    for route in everybody.routes.values():
        if not route.api or route.method in SAFE:
            continue
        headers = {"content-type": content_type}
        address = SITE + route.at(**everybody.theirs)
        answer = everybody.send(route, Request(route.method, address, headers=headers, data=body).prepare())
        where = f"{route}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code < 500, where
        if answer.status_code >= 400:
            assert set(answer.json()) in ({"error", "detail", "remedy"}, {"error", "error_description"}), (
                where
            )
        seen.append(answer.status_code)
    assert len(seen) > 20
    assert 422 in seen or 400 in seen, "it came as far as the body"


STRANGE = ["%00", "%ff", "%ed%a0%80", "..%2f..%2fetc%2fpasswd", "9" * 400, "%F0%9F%98%80" * 50, "a" * 4_000]


@pytest.mark.parametrize("piece", STRANGE, ids=lambda piece: piece[:20])
def test_strange_addresses_are_not_found_and_are_no_fault(everybody: Everybody, piece: str) -> None:
    tried = 0
    for route in everybody.routes.values():
        if not route.parameters or route.method not in SAFE or not route.api:
            continue
        tried += 1
        address = SITE + "/".join(piece if part.startswith("{") else part for part in route.path.split("/"))
        answer = everybody.send(route, Request("GET", address).prepare())
        assert answer.status_code in (401, 404, 422), f"{route}: {answer.status_code}"
    assert tried > 1


QUERIES = [
    "before=%00",
    "limit=99999999999999999999999",
    "limit=-1",
    "person=x",
    "record=1e9",
    "before=0001-01-01",
]


@pytest.mark.parametrize(
    "query", [*QUERIES, "before=9999-12-31T23:59:59.999999%2B00:00", "lang=%00", "x=%ff&x=y"]
)
def test_strange_questions_are_refused_in_order(everybody: Everybody, query: str) -> None:
    for route in everybody.routes.values():
        if route.method in SAFE and not route.parameters and route.path != "/static":
            answer = everybody.send(route, Request("GET", f"{SITE}{route.path}?{query}").prepare())
            assert answer.status_code < 500, f"{route}: {answer.status_code}"
