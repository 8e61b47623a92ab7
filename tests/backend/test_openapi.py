"""The API does what its description says, whatever it is sent: as nobody, and as each of those whom it is for.

schemathesis makes the requests from the description: right ones, broken ones, and those at the edges of what a schema
allows. The same ones in every run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from requests import PreparedRequest, Request
from route_book import SAFE, Audience, Route
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


from everybody import Everybody  # noqa: E402 - it imports the folders above

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
