"""What each way of answering means for the deliveries that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from oracle.backend_client import DELIVERIES, HttpBackend
from oracle.errors import DeliveryFailed, DeliveryRejected, DeliveryUnavailable
from oracle.service_token import ServiceTokens

TOKENS = ServiceTokens(ec.generate_private_key(ec.SECP256R1()), lambda: datetime(2026, 3, 2, tzinfo=UTC))
IDS = frozenset({"a", "b", "c"})


class Answering:
    """A transport that answers as told."""

    def __init__(self) -> None:
        self.answer: httpx.Response | Exception = httpx.Response(200)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
def backend(answering: Answering) -> Iterator[HttpBackend]:
    client = HttpBackend("http://backend.test", TOKENS, 1)
    client._client = httpx.Client(base_url="http://backend.test", transport=httpx.MockTransport(answering))
    yield client
    client.close()


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 501, 502, 503, 504])
def test_these_say_nothing_about_the_deliveries(
    backend: HttpBackend, answering: Answering, status: int
) -> None:
    answering.answer = httpx.Response(status, headers={"retry-after": "7"})
    with pytest.raises(DeliveryUnavailable) as caught:
        backend.deliver(b"{}", IDS)
    assert (caught.value.status, caught.value.retry_after) == (status, 7)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")]
)
def test_no_answer_says_nothing_either(backend: HttpBackend, answering: Answering, error: Exception) -> None:
    answering.answer = error
    with pytest.raises(DeliveryUnavailable):
        backend.deliver(b"{}", IDS)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_these_refuse_the_request(backend: HttpBackend, answering: Answering, status: int) -> None:
    answering.answer = httpx.Response(status)
    with pytest.raises(DeliveryRejected):
        backend.deliver(b"{}", IDS)


def test_an_error_of_the_backends_own_is_told_apart(backend: HttpBackend, answering: Answering) -> None:
    answering.answer = httpx.Response(500)
    with pytest.raises(DeliveryFailed):
        backend.deliver(b"{}", IDS)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"accepted": [], "duplicates": []}',
        b'{"accepted": {}, "duplicates": [], "refused": []}',
        b'{"accepted": [], "duplicates": [], "refused": ["a"]}',
        b"\xff\xfe",
        b'{"accepted": [], "duplicates": [], "refused": []' + b"}" * 3,
    ],
)
def test_an_answer_in_another_form_is_not_believed(
    backend: HttpBackend, answering: Answering, body: bytes
) -> None:
    answering.answer = httpx.Response(200, content=body)
    with pytest.raises(DeliveryUnavailable):
        backend.deliver(b"{}", IDS)


def test_only_what_was_sent_counts(backend: HttpBackend, answering: Answering) -> None:
    content: dict[str, Any] = {
        "accepted": ["a", "stranger"],
        "duplicates": ["b"],
        "refused": [
            {"deliveryId": "c", "error": "Unwanted", "detail": "x"},
            {"deliveryId": "other", "error": "Unwanted", "detail": "x"},
            {"deliveryId": "a", "error": "Contradiction", "detail": "x"},
        ],
    }
    answering.answer = httpx.Response(200, content=json.dumps(content).encode())
    answer = backend.deliver(b"{}", IDS)
    assert answer.accepted == {"a", "b"}
    assert answer.refused == {"c": "Unwanted"}


def test_it_sends_a_token_for_the_very_body(backend: HttpBackend, answering: Answering) -> None:
    answering.answer = httpx.Response(200, json={"accepted": [], "duplicates": [], "refused": []})
    backend.deliver(b'{"deliveries":[]}', IDS)
    (request,) = answering.requests
    assert request.url.path == DELIVERIES
    assert request.content == b'{"deliveries":[]}'
    assert request.headers["authorization"].startswith("Bearer ey")
