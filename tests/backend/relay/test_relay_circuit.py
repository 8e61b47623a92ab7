"""A dead hospital system does not hold the backend's threads, and a page says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest
from backend_world import World
from relay_world import NUMBER

from backend.config import Settings
from backend.relay.client import Errand, Known, RelayClient
from backend.relay.connect import gates_of, relay_client
from backend.relay.errors import NotOffered, RelayRefused, RelayUnavailable, SeveralNumbers
from backend.relay.service import Registered, register_at_first_visit
from backend.relay.tokens import RelayTokens, ServiceKey
from backend.relay.transport import AT_ONCE, Gates
from network.waiting import wait_for

ERRAND = Errand("payment", "desk")
WHO = Known("홍길동", "1990-01-01", "male")


class Line:
    """A relay behind a wire that can be cut."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
        self.answer: httpx.Response | Exception = httpx.ConnectError("MARKED")
        self.came = 0
        self.hold: Event | None = None
        self.gates = Gates(lambda: self.now)
        tokens = RelayTokens(ServiceKey.create(folder / "key.pem"), lambda: self.now)
        transport = httpx.MockTransport(self.handle)
        self.client = RelayClient("http://127.0.0.1:1", tokens, gates=self.gates, transport=transport)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.came += 1
        if self.hold is not None:
            assert self.hold.wait(20)
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.answer.status_code, content=self.answer.content)

    def bills(self) -> Any:
        return self.client.bills(NUMBER, ERRAND)

    def fails(self, times: int) -> str:
        for _ in range(times):
            with pytest.raises(RelayUnavailable) as raised:
                self.bills()
        return raised.value.cause


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path)
    yield made
    made.client.close()


GOOD = httpx.Response(200, json={"bills": [], "unreadable": 0})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("MARKED"),
        httpx.ReadTimeout("MARKED"),
        httpx.Response(503, json={"error": "hospital-unavailable"}),
        httpx.Response(504, json={"error": "hospital-slow"}),
        httpx.Response(502, text="<html>"),
    ],
)
def test_after_five_failures_nothing_is_sent_until_one_gets_through(line: Line, answer: Any) -> None:
    line.answer = answer
    assert line.fails(5) != "circuit-open"
    assert line.fails(3) == "circuit-open"
    assert line.came == 5
    line.now += timedelta(seconds=16)
    line.answer = GOOD
    assert line.bills().bills == []
    assert line.bills().bills == []
    assert line.came == 7


def test_a_trial_that_fails_opens_it_again(line: Line) -> None:
    line.fails(5)
    line.now += timedelta(seconds=16)
    assert line.fails(1) == "ConnectError"
    assert line.fails(1) == "circuit-open"
    assert line.came == 6


@pytest.mark.parametrize("error", ["outside-scope", "not-offered", "too-many-requests", "hospital-busy"])
def test_an_answer_that_refuses_opens_nothing(line: Line, error: str) -> None:
    line.answer = httpx.Response(403, json={"error": error})
    for _ in range(7):
        with pytest.raises((RelayRefused, RelayUnavailable)) as raised:
            line.bills()
        assert "circuit" not in str(raised.value)
    assert line.came == 7


def test_another_operation_goes_on(line: Line) -> None:
    line.fails(5)
    line.answer = httpx.Response(200, json={"sessions": [], "unreadable": 0})
    found = line.client.sessions(
        "IM", None, date(2026, 11, 25), date(2026, 11, 25), Errand("booking", "desk")
    )
    assert found.sessions == []
    assert line.fails(1) == "circuit-open"


def test_no_more_than_a_few_wait_at_once(line: Line) -> None:
    line.hold, line.answer = Event(), GOOD
    with ThreadPoolExecutor(AT_ONCE) as threads:
        waiting = [threads.submit(line.bills) for _ in range(AT_ONCE)]
        wait_for("all of them to wait", lambda: line.came == AT_ONCE, every=0.005)
        with pytest.raises(RelayUnavailable, match="too-many-wait"):
            line.bills()
        line.hold.set()
        assert [each.result(10).bills for each in waiting] == [[]] * AT_ONCE
    assert line.bills().bills == []


def test_clients_of_one_process_share_what_they_learned(tmp_path: Path) -> None:
    ServiceKey.create(tmp_path / "key.pem")
    url = "http://127.0.0.1:1"
    settings = Settings(_env_file=None, relay_url=url, service_key_file=tmp_path / "key.pem")
    operation = f"bills.of.{uuid4()}"
    for _ in range(5):
        gates_of(url, lambda: datetime.now(UTC)).circuit(operation).failed()
    client = relay_client(settings, lambda: datetime.now(UTC))
    assert client is not None
    assert client._http._gates.circuit(operation).is_open
    client.close()


# --- a page


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (RelayUnavailable("bills.of", "circuit-open"), 503, "지금은 병원 시스템이 응답하지 않습니다."),
        (NotOffered("bills.of"), 501, "아직 이 기능을 제공하지 않습니다."),
        (RelayRefused("bills.of", "outside-scope", "person"), 503, "병원 시스템에 물어보지 못했습니다."),
    ],
)
def test_a_page_says_what_happened_and_what_to_do(
    world: World, error: RelayRefused, status: int, said: str
) -> None:
    def fails() -> None:
        raise error

    for path in ("/asks", "/api/asks"):
        world.app.get(path)(fails)
    page, api = world.client.get("/asks"), world.client.get("/api/asks")
    assert (page.status_code, api.status_code) == (status, status)
    assert said in page.text
    assert "대표전화" in page.text
    assert api.json()["error"] == type(error).__name__
    for answer in (page, api):
        assert "outside-scope" not in answer.text
        if isinstance(error, RelayUnavailable):
            assert int(answer.headers["retry-after"]) > 0


# --- a number at the first visit


class Numbers:
    """What the relay's client is asked for a registration."""

    def __init__(self, *known: str) -> None:
        self.known, self.requests = list(known), []  # type: ignore[var-annotated]

    def registrations(self, who: Known, errand: Errand) -> list[str]:
        return self.known

    def register(self, who: Known, request: Any, errand: Errand) -> str:
        self.requests.append(request)
        self.known.append("20000001")
        return "20000001"


def test_who_has_a_number_gets_no_second() -> None:
    relay: Any = Numbers("10000001")
    assert register_at_first_visit(relay, WHO, uuid4(), "desk") == Registered("10000001", issued=False)
    assert relay.requests == []


def test_who_has_none_gets_one_and_keeps_it() -> None:
    relay: Any = Numbers()
    request = uuid4()
    assert register_at_first_visit(relay, WHO, request, "desk") == Registered("20000001", issued=True)
    assert register_at_first_visit(relay, WHO, request, "desk") == Registered("20000001", issued=False)
    assert relay.requests == [request]


def test_who_has_several_gets_none() -> None:
    relay: Any = Numbers("10000001", "10000002")
    with pytest.raises(SeveralNumbers, match="2 registration numbers"):
        register_at_first_visit(relay, WHO, uuid4(), "desk")
    assert relay.requests == []


# --- with a real relay and a hospital that is slow


def test_a_slow_hospital_is_an_error_in_time(hospital: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    go = Event()
    monkeypatch.setattr(hospital.relay._patience, "_seconds", 0.2)
    monkeypatch.setattr(type(hospital.desk), "bills", lambda *_: go.wait(20))
    client = RelayClient(hospital.url, RelayTokens(hospital.key, lambda: hospital.now))
    with pytest.raises(RelayUnavailable) as raised:
        client.bills(NUMBER, ERRAND)
    go.set()
    assert raised.value.cause == "hospital-slow"
    assert client.patient(NUMBER, Errand("first-visit", "desk")).sex == "female"
    client.close()
