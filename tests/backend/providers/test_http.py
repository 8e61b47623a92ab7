"""What is repeated and what is not, what an end means, and that nothing of a person gets into an error."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import httpx
import pytest

from backend.providers.circuit import Circuit
from backend.providers.errors import (
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUncertain,
)
from backend.providers.http import Ask, Limits, ProviderHttp

SECRET_NAME = "환자0001"
LOOK = Ask("look", "GET", "/thing")
CHANGE = Ask("change", "POST", "/thing", {"name": SECRET_NAME}, repeatable=False, changes=True)
KEYED = Ask("keyed", "POST", "/thing", {"name": SECRET_NAME}, changes=True, key="k-1")


class Party:
    """Answers as scripted: a response, or an exception to raise; the last one again and again."""

    def __init__(self, *script: httpx.Response | Exception) -> None:
        self.script = list(script)
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


@pytest.fixture
def http_for(time) -> Callable[..., ProviderHttp]:
    def make(party: Party, **limits: float) -> ProviderHttp:
        return ProviderHttp(
            "party",
            "http://party.invalid",
            authorization=lambda: "Bearer t",
            clock=time.clock,
            limits=Limits(**limits),  # type: ignore[arg-type]
            circuit=Circuit(time.clock, failures=3),
            sleep=time.sleep,
            transport=httpx.MockTransport(party),
        )

    return make


def answer(status: int = 200, body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"ok": True} if body is None else body, headers=headers)


UNSENT = [httpx.ConnectError("x"), httpx.ConnectTimeout("x")]
LOST = [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")]


@pytest.mark.parametrize("ask", [LOOK, CHANGE, KEYED])
@pytest.mark.parametrize("error", UNSENT)
def test_what_was_never_sent_is_sent_again_and_in_the_end_nothing_was_done(http_for, ask, error):
    party = Party(error)
    with pytest.raises(ProviderUnavailable):
        http_for(party).ask(ask)
    assert len(party.seen) == 3


@pytest.mark.parametrize("end", [*LOST, answer(502), answer(503), answer(504)])
def test_a_change_without_a_key_is_sent_once_and_its_lost_answer_is_uncertain(http_for, end):
    party = Party(end)
    with pytest.raises(ProviderUncertain):
        http_for(party).ask(CHANGE)
    assert len(party.seen) == 1


@pytest.mark.parametrize("end", [*LOST, answer(502), answer(503), answer(504)])
def test_a_change_under_a_key_is_repeated_under_the_same_key(http_for, end):
    party = Party(end, end, answer())
    assert http_for(party).ask(KEYED) == {"ok": True}
    assert [request.headers["idempotency-key"] for request in party.seen] == ["k-1"] * 3
    assert len({request.content for request in party.seen}) == 1


def test_one_lost_answer_among_refused_connections_leaves_a_change_uncertain(http_for):
    party = Party(httpx.ReadTimeout("x"), httpx.ConnectError("x"))
    with pytest.raises(ProviderUncertain):
        http_for(party).ask(KEYED)


@pytest.mark.parametrize("end", [*LOST, answer(429), answer(502), answer(503), answer(504)])
def test_a_look_up_is_repeated_and_then_unavailable(http_for, end):
    party = Party(end)
    with pytest.raises(ProviderUnavailable):
        http_for(party).ask(LOOK)
    assert len(party.seen) == 3


def test_too_many_requests_says_that_nothing_was_done(http_for):
    with pytest.raises(ProviderUnavailable):
        http_for(Party(answer(429))).ask(CHANGE)
    party = Party(answer(429), answer())
    assert http_for(party).ask(CHANGE) == {"ok": True}


@pytest.mark.parametrize("status", [500, 501, 408])
@pytest.mark.parametrize(
    ("ask", "end"), [(LOOK, ProviderUnavailable), (CHANGE, ProviderUncertain), (KEYED, ProviderUncertain)]
)
def test_a_status_that_is_not_listed_is_not_repeated(http_for, status, ask, end):
    party = Party(answer(status))
    with pytest.raises(end):
        http_for(party).ask(ask)
    assert len(party.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 409, 422])
def test_a_refusal_is_told_with_its_code_and_not_repeated(http_for, status):
    party = Party(answer(status, {"error": "not-you"}, location="http://elsewhere.invalid/"))
    with pytest.raises(ProviderRefused) as refused:
        http_for(party).ask(CHANGE)
    assert (refused.value.code, refused.value.status, len(party.seen)) == ("not-you", status, 1)
    assert party.seen[0].url.host == "party.invalid"


def test_a_documented_code_makes_a_refusal_of_a_502(http_for):
    known = Ask("x", "POST", "/", {}, repeatable=False, changes=True, refusals=frozenset({"PG"}))
    with pytest.raises(ProviderRefused):
        http_for(Party(answer(502, {"error": "PG"}))).ask(known)
    with pytest.raises(ProviderUncertain):
        http_for(Party(answer(502, {"error": "OTHER"}))).ask(known)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null", b'"text"', b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_no_object_is_none(http_for, body):
    with pytest.raises(ProviderUnavailable):
        http_for(Party(httpx.Response(200, content=body))).ask(LOOK)
    with pytest.raises(ProviderUncertain):
        http_for(Party(httpx.Response(200, content=body))).ask(CHANGE)


def test_an_answer_is_cut_off_at_its_size(http_for):
    with pytest.raises(ProviderUnavailable, match="too large"):
        http_for(Party(answer(200, {"x": "y" * 100})), most_bytes=50).ask(LOOK)


def test_pauses_grow_and_are_spread(http_for, time):
    for _ in range(20):
        with pytest.raises(ProviderUnavailable):
            http_for(Party(answer(503))).ask(LOOK)
    first, second = time.slept[::2], time.slept[1::2]
    assert len(set(first)) > 10
    assert all(0.05 <= pause <= 0.25 for pause in first)
    assert all(0.1 <= pause <= 0.5 for pause in second)


def test_a_wait_that_is_asked_for_is_kept_if_short_and_else_given_up(http_for, time):
    party = Party(answer(503, None, **{"retry-after": "1"}), answer())
    assert http_for(party).ask(LOOK) == {"ok": True}
    assert 1.0 < time.slept[0] < 1.3
    party = Party(answer(503, None, **{"retry-after": "3600"}), answer())
    with pytest.raises(ProviderUnavailable):
        http_for(party).ask(LOOK)
    assert len(party.seen) == 1


def test_the_circuit_opens_after_failures_and_lets_one_try_after_its_rest(http_for, time):
    party = Party(answer(500))
    http = http_for(party)
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            http.ask(LOOK)
    assert http.circuit.is_open
    with pytest.raises(ProviderUnavailable, match="circuit open"):
        http.ask(LOOK)
    assert len(party.seen) == 3
    time.go(seconds=30)
    with pytest.raises(ProviderUnavailable, match="500"):
        http.ask(LOOK)
    with pytest.raises(ProviderUnavailable, match="circuit open"):
        http.ask(LOOK)
    time.go(seconds=30)
    party.script = [answer()]
    assert http.ask(LOOK) == {"ok": True}
    assert http.ask(LOOK) == {"ok": True}


def test_only_one_of_many_tries_when_the_circuit_has_rested(time):
    circuit = Circuit(time.clock, failures=1)
    circuit.failed()
    time.go(seconds=30)
    assert [circuit.admits() for _ in range(3)] == [True, False, False]


def test_refusals_never_open_the_circuit(http_for):
    http = http_for(Party(answer(400)))
    for _ in range(10):
        with pytest.raises(ProviderRefused):
            http.ask(LOOK)
    assert not http.circuit.is_open


@pytest.mark.parametrize(
    "end",
    [
        answer(400, {"error": f"no {SECRET_NAME}"}),
        answer(500, {"error": SECRET_NAME}),
        httpx.RemoteProtocolError(f"illegal header {SECRET_NAME}"),
        httpx.ReadTimeout(SECRET_NAME),
    ],
)
def test_no_error_repeats_what_was_sent_or_answered(http_for, end, caplog):
    caplog.set_level("DEBUG")
    with pytest.raises(ProviderError) as raised:
        http_for(Party(end)).ask(CHANGE)
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(CHANGE)
    assert SECRET_NAME not in told + caplog.text
