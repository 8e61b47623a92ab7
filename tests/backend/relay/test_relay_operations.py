"""The client's methods send the recorded requests, and understand the recorded answers as the oracle means them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwt

from backend.relay import shapes as ours
from backend.relay.client import Errand, Known, RelayClient
from backend.relay.errors import (
    NotOffered,
    RelayError,
    RelayRefused,
    RelayUnavailable,
    RequestReused,
    TooMuchAsked,
)
from backend.relay.tokens import RelayTokens, ServiceKey
from oracle.relay import schemas as theirs
from oracle.relay.operations import OPERATIONS

VECTORS = Path(__file__).parents[2] / "vectors" / "relay"
ALL = sorted(path.stem for path in VECTORS.glob("*.json"))
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ACTOR = "3f1f9a52-2f0b-4c5b-9a43-7d1f6c0f8f11"
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
Call = Callable[[RelayClient, dict[str, Any], Errand], Any]


def known(person: dict[str, str]) -> Known:
    return Known(person["name"], person["birthDate"], person["sex"])


CALLS: dict[str, Call] = {
    "patients.read": lambda relay, body, errand: relay.patient(body["number"], errand),
    "registrations.search": lambda relay, body, errand: relay.registrations(known(body), errand),
    "registrations.create": lambda relay, body, errand: relay.register(
        known(body["person"]), UUID(body["request"]), errand
    ),
    "registrations.merged": lambda relay, body, errand: relay.merged_into(body["number"], errand),
    "schedules.search": lambda relay, body, errand: relay.sessions(
        body["department"], None, date(2026, 11, 25), date(2026, 11, 30), errand
    ),
    "appointments.of": lambda relay, body, errand: relay.appointments(body["number"], *YEAR, errand),
    "results.of": lambda relay, body, errand: relay.results(body["number"], *YEAR, errand),
    "bills.of": lambda relay, body, errand: relay.bills(body["number"], errand),
    "health": lambda relay, body, errand: relay.health(errand.actor),
}
LISTS = {
    "schedules.search": "sessions",
    "appointments.of": "appointments",
    "results.of": "results",
    "bills.of": "bills",
}


def vector(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return found


class Relay:
    """Answers what it is given, and keeps what came."""

    def __init__(self, folder: Path, answer: dict[str, Any], status: int = 200) -> None:
        self.key = ServiceKey.create(folder / "key.pem")
        self.answer, self.status = answer, status
        self.came: list[httpx.Request] = []
        tokens = RelayTokens(self.key, lambda: NOW)
        self.client = RelayClient("http://127.0.0.1:1", tokens, transport=httpx.MockTransport(self.handle))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.came.append(request)
        return httpx.Response(self.status, json=self.answer)

    def asked(self, name: str) -> Any:
        recorded = vector(name)
        return CALLS[name](self.client, recorded["body"], Errand(recorded["purpose"], ACTOR))


@pytest.mark.parametrize("name", ALL)
def test_the_recorded_request_is_sent(tmp_path: Path, name: str) -> None:
    recorded = vector(name)
    relay = Relay(tmp_path, recorded["answer"])
    relay.asked(name)
    (request,) = relay.came
    assert (request.method, request.url.path, request.url.query) == (
        recorded["method"],
        recorded["path"],
        b"",
    )
    assert (json.loads(request.content) if request.content else None) == recorded["body"]
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, relay.key.key, algorithms=["ES256"]).claims
    assert claims["scope"] == {"purpose": recorded["purpose"], "actor": ACTOR, **recorded["whom"]}


@pytest.mark.parametrize("name", ALL)
def test_an_answer_with_a_field_more_or_less_is_not_half_understood(tmp_path: Path, name: str) -> None:
    answer = vector(name)["answer"]
    with pytest.raises(RelayUnavailable, match="answer-malformed"):
        Relay(tmp_path, answer | {"more": 1}).asked(name)
    (tmp_path / "key.pem").unlink()
    without = dict(list(answer.items())[1:])
    if name != "health":  # its first field has but one value
        with pytest.raises(RelayUnavailable, match="answer-malformed"):
            Relay(tmp_path, without).asked(name)


def test_people_are_understood(tmp_path: Path) -> None:
    answers = {}
    for name in ("patients.read", "registrations.search", "registrations.create", "registrations.merged"):
        (tmp_path / name).mkdir()
        answers[name] = Relay(tmp_path / name, vector(name)["answer"]).asked(name)
    assert (answers["patients.read"].name, answers["patients.read"].sex) == ("환자0001", "female")
    assert answers["registrations.search"] == ["10000003"]
    assert answers["registrations.create"] == "20000001"
    assert answers["registrations.merged"] == "10000002"


def test_bills_and_results_are_understood(tmp_path: Path) -> None:
    for name in LISTS:
        (tmp_path / name).mkdir()
    found = {name: Relay(tmp_path / name, vector(name)["answer"]).asked(name) for name in LISTS}
    states = {bill.state: bill for bill in found["bills.of"].bills}
    assert set(states) == {"open", "changing", "settled", "cancelled"}
    assert states["open"].rest > 0
    assert [states[state].rest for state in ("changing", "settled", "cancelled")] == [0, 0, 0]
    (result,) = found["results.of"].results
    assert (result.values[0].value, result.values[0].flag) == ("128", "high")
    assert found["results.of"].unreadable == 1
    assert result.taken == datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    assert found["schedules.search"].sessions[0].slots[0].free == 1
    assert found["appointments.of"].appointments[0].preparation == "금식 8시간"
    assert "128" not in repr(result) + repr(found["bills.of"])


def test_both_sides_describe_every_answer_alike() -> None:
    for name in ("PatientRead", "NumbersFound", "NumberIssued", "MergedInto", "SessionsFound", "Health"):
        assert described(getattr(ours, name)) == described(getattr(theirs, name)), name
    for name in ("AppointmentsFound", "ResultsFound", "BillsFound"):
        assert described(getattr(ours, name)) == described(getattr(theirs, name)), name


def described(shape: Any) -> Any:
    """A shape's JSON schema without what is only said for people."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("title", "description")}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return plain(shape.model_json_schema())


def test_every_operation_of_the_relay_has_a_method() -> None:
    assert sorted(CALLS) == sorted(each.name for each in OPERATIONS) == ALL


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (501, "not-offered", NotOffered),
        (413, "too-many-rows", TooMuchAsked),
        (409, "request-reused", RequestReused),
        (504, "hospital-slow", RelayUnavailable),
        (503, "hospital-busy", RelayUnavailable),
        (502, "hospital-malformed", RelayRefused),
    ],
)
def test_how_the_relay_ends_is_an_error_of_its_own(
    tmp_path: Path, status: int, error: str, expected: type[RelayError]
) -> None:
    with pytest.raises(expected) as raised:
        Relay(tmp_path, {"error": error}, status).asked("bills.of")
    assert type(raised.value) is expected
    assert error in str(raised.value)
