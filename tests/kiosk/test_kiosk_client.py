"""The client alone: addresses that it takes, and what it makes of answers that are not the backend's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws

from kiosk.answers import Report
from kiosk.client import DeviceClient, origin_of
from kiosk.errors import (
    AddressDiffers,
    AnswerMalformed,
    AuthorityUnusable,
    BackendUnreachable,
    ClockWrong,
    CodeRefused,
    KeyRefused,
    NotPaired,
    PairingLost,
    Refused,
    ServerUnsafe,
    TooMany,
    TooOld,
)
from kiosk.keys import FileKeys
from kiosk.record import Pairing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SERVER = "https://hospital.test"
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def client_of(tmp_path: Path) -> Callable[[Answer], DeviceClient]:
    key = FileKeys(tmp_path).create()
    return lambda answer: DeviceClient(SERVER, key, clock=lambda: NOW, transport=httpx.MockTransport(answer))


def claims_of(request: httpx.Request) -> dict[str, Any]:
    scheme, _, proof = request.headers["authorization"].partition(" ")
    assert scheme == "Device"
    found: dict[str, Any] = json.loads(jws.extract_compact(proof.encode()).payload)
    return found


class TestAddresses:
    @pytest.mark.parametrize(
        "server",
        [
            "http://hospital.test",
            "http://10.0.0.1",
            "hospital.test",
            "ftp://hospital.test",
            "https://",
            "https://user:secret@hospital.test",
            "http://localhost.elsewhere.test",
            "",
            "https://[::1",
        ],
    )
    def test_what_could_be_read_on_the_way_is_refused(self, server: str) -> None:
        with pytest.raises(ServerUnsafe):
            origin_of(server)

    @pytest.mark.parametrize(
        ("server", "origin"),
        [
            ("https://hospital.test", "https://hospital.test"),
            ("https://Hospital.test:443/staff/devices?x=1", "https://hospital.test"),
            ("https://hospital.test:8443/", "https://hospital.test:8443"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://[::1]:8000", "http://[::1]:8000"),
            ("http://localhost:8000", "http://localhost:8000"),
        ],
    )
    def test_the_origin_is_what_proofs_name(self, server: str, origin: str) -> None:
        assert origin_of(server) == origin

    def test_an_authority_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("no certificate")
        for path in ("ca.pem", "none.pem"):
            with pytest.raises(AuthorityUnusable):
                DeviceClient(SERVER, FileKeys(tmp_path).create(), ca_file=str(tmp_path / path))


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>hotel wifi</html>"),
            httpx.Response(302, headers={"location": "https://elsewhere.test"}),
            httpx.Response(200, json=[]),
            httpx.Response(200, json={"device": 1}),
            httpx.Response(500, json={"oops": 1}),
            httpx.Response(401, json="no"),
        ],
    )
    def test_something_else_that_answers(self, client_of: Any, answer: httpx.Response) -> None:
        with pytest.raises(AnswerMalformed):
            client_of(lambda _: answer).myself()

    def test_nothing_that_answers(self, client_of: Any) -> None:
        def broken(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectTimeout("MARKED", request=request)

        with pytest.raises(BackendUnreachable, match="ConnectTimeout") as error:
            client_of(broken).myself()
        assert "MARKED" not in str(error.value)

    @pytest.mark.parametrize(
        ("status", "error", "kind"),
        [
            (401, "DeviceUnknown", PairingLost),
            (401, "DeviceRevoked", PairingLost),
            (401, "CodeExpired", CodeRefused),
            (409, "CodeForAnotherKind", CodeRefused),
            (409, "KeyAlreadyPaired", KeyRefused),
            (401, "KeyReplaced", KeyRefused),
            (401, "ProofForAnotherAddress", AddressDiffers),
            (426, "KioskTooOld", TooOld),
            (403, "SomethingNew", Refused),
        ],
    )
    def test_refusals_are_told_by_the_mend_they_need(
        self, client_of: Any, status: int, error: str, kind: type[Refused]
    ) -> None:
        body = {"error": error, "detail": "d", "remedy": "r"}
        with pytest.raises(Refused) as raised:
            client_of(lambda _: httpx.Response(status, json=body)).myself()
        assert type(raised.value) is kind
        assert (raised.value.error, raised.value.detail, raised.value.advice) == (error, "d", "r")

    @pytest.mark.parametrize(("header", "seconds"), [({"retry-after": "7"}, 7), ({}, 60)])
    def test_too_many_says_how_long_to_wait(self, client_of: Any, header: Any, seconds: int) -> None:
        answer = httpx.Response(429, json={"error": "TooManyRequests"}, headers=header)
        with pytest.raises(TooMany) as raised:
            client_of(lambda _: answer).myself()
        assert raised.value.retry_after == seconds


class TestTheClock:
    def test_it_is_mended_once_by_what_the_backend_tells(self, client_of: Any) -> None:
        seen, bodies = [], []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(claims_of(request))
            bodies.append(json.loads(request.content)["clockOffset"])
            if len(seen) == 1:
                told = {"saegim-time": str(int(NOW.timestamp()) + 7_200)}
                return httpx.Response(401, json={"error": "ProofStale"}, headers=told)
            return httpx.Response(200, json={"todo": [], "nextInSeconds": 60})

        client = client_of(answer)
        client.heartbeat(Report())
        assert [each["iat"] - int(NOW.timestamp()) for each in seen] == [0, 7_200, 7_200]
        assert bodies == [0, 0, -7_200]
        assert seen[0]["jti"] != seen[1]["jti"]
        assert client.clock_offset == timedelta(hours=-2)

    def test_where_that_does_not_help_it_is_told(self, client_of: Any) -> None:
        told = {"saegim-time": str(int(NOW.timestamp()) - 90)}
        answer = httpx.Response(401, json={"error": "ProofStale"}, headers=told)
        with pytest.raises(ClockWrong) as raised:
            client_of(lambda _: answer).myself()
        assert raised.value.offset == 90

    def test_a_time_that_is_none_is_not_followed(self, client_of: Any) -> None:
        answer = httpx.Response(401, json={"error": "ProofStale"}, headers={"saegim-time": "-1"})
        client = client_of(lambda _: answer)
        with pytest.raises(ClockWrong):
            client.myself()
        assert client.clock_offset == timedelta(0)


def test_a_request_says_its_program_but_a_heartbeat_only_in_its_body(client_of: Any) -> None:
    heads = []

    def answer(request: httpx.Request) -> httpx.Response:
        heads.append(request.headers.get("saegim-client"))
        return httpx.Response(200, json={"todo": [], "nextInSeconds": 60})

    client = client_of(answer)
    client.heartbeat(Report())
    client.ask("GET", "/api/v1/devices/self?lang=en")
    assert heads == [None, "kiosk/0.1.0"]


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"server": "x"}', "null"])
def test_a_record_that_is_gone_or_broken_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "pairing.json").write_text(content)
    with pytest.raises(NotPaired):
        Pairing.load(tmp_path)
