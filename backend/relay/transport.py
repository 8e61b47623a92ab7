"""One request to the relay over HTTP and its answer; every other end is a `RelayError`.

A dead hospital system must not hold every thread of the backend: each operation has a circuit that opens after repeated
failures and lets one request through now and then, and a number of requests that may wait at once.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import BoundedSemaphore, Lock
from typing import Any, Final, NoReturn, TypeVar

import httpx
from pydantic import ValidationError

from backend.providers.circuit import Circuit
from backend.relay.errors import (
    NotOffered,
    PatientUnknown,
    RelayRefused,
    RelayUnavailable,
    RequestReused,
    TooMuchAsked,
)
from backend.relay.shapes import Shape
from backend.relay.tokens import RelayTokens
from chain.clock import Clock

MOST_BYTES: Final = 1024 * 1024 + 4096
"""Of one answer."""
AT_ONCE: Final = 8
"""Requests of one operation that may wait for an answer; more are told at once that there is none now."""
_HOSPITAL: Final = frozenset({"hospital-unavailable", "hospital-slow"})
"""Codes of the relay that say that the hospital system does not answer."""
_LATER: Final = _HOSPITAL | {"hospital-busy", "too-many-requests", "not-noted"}
"""Codes of the relay after which the same may be asked again."""
_LONGEST_WAIT: Final = 600

_S = TypeVar("_S", bound=Shape)


@dataclass(frozen=True, slots=True)
class Errand:
    """Why the relay is asked and on whose behalf. actor: UUID or public identifier."""

    purpose: str
    actor: str


@dataclass(frozen=True, slots=True)
class Question:
    """A request. whom: the part of the scope that names somebody, or nothing; content: the body."""

    operation: str
    method: str
    path: str
    errand: Errand
    whom: Mapping[str, Any] = field(default_factory=dict, repr=False)
    content: Mapping[str, Any] | None = field(default=None, repr=False)


class Gates:
    """The circuits of one relay, and who waits for it. Shared by every client of the process."""

    def __init__(self, clock: Clock, *, failures: int = 5, rest: timedelta = timedelta(seconds=15)) -> None:
        self._clock, self._most, self._rest = clock, failures, rest
        self._lock = Lock()
        self._each: dict[str, tuple[Circuit, BoundedSemaphore]] = {}

    def circuit(self, operation: str) -> Circuit:
        """Of one operation."""
        return self._of(operation)[0]

    @contextmanager
    def passing(self, operation: str) -> Iterator[Circuit]:
        """Let one request through, or raise RelayUnavailable at once."""
        circuit, free = self._of(operation)
        if not free.acquire(blocking=False):
            raise RelayUnavailable(operation, "too-many-wait", wait=5)
        try:
            if not circuit.admits():
                raise RelayUnavailable(operation, "circuit-open", wait=int(self._rest.total_seconds()))
            yield circuit
        finally:
            free.release()

    def _of(self, operation: str) -> tuple[Circuit, BoundedSemaphore]:
        with self._lock:
            if operation not in self._each:
                circuit = Circuit(self._clock, failures=self._most, rest=self._rest)
                self._each[operation] = circuit, BoundedSemaphore(AT_ONCE)
            return self._each[operation]


class RelayHttp:
    """One relay at one address. Thread-safe; opens no connection until it is used."""

    def __init__(
        self,
        url: str,
        tokens: RelayTokens,
        gates: Gates,
        *,
        timeout: timedelta,
        context: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._tokens, self._gates, self._timeout = tokens, gates, timeout
        self._client = httpx.Client(
            base_url=url,
            timeout=timeout.total_seconds(),
            verify=context,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, question: Question, shape: type[_S]) -> _S:
        """The answer. Raises RelayUnavailable, RelayRefused and its kinds, PatientUnknown."""
        operation = question.operation
        with self._gates.passing(operation) as circuit:
            try:
                status, headers, content = self._sent(question)
            except httpx.HTTPError as error:  # its text may quote the request, so only its kind goes on
                circuit.failed()
                raise RelayUnavailable(operation, type(error).__name__) from None
            answer = _loaded(content)
            if _code(answer, "error") in _HOSPITAL or not isinstance(answer, dict):
                circuit.failed()
            else:
                circuit.succeeded()
        if not isinstance(answer, dict):
            raise RelayUnavailable(operation, f"status {status}")
        if status != 200:
            _refuse(operation, status, headers, answer)
        try:
            return shape.model_validate_json(content)
        except ValidationError:
            raise RelayUnavailable(operation, "answer-malformed") from None

    def _sent(self, question: Question) -> tuple[int, httpx.Headers, bytes]:
        body = b"" if question.content is None else json.dumps(question.content, ensure_ascii=False).encode()
        scope = {"purpose": question.errand.purpose, "actor": question.errand.actor, **question.whom}
        token = self._tokens.token(question.method, question.path, body, scope)
        headers = {"authorization": f"Bearer {token}"}
        if body:
            headers["content-type"] = "application/json"
        started = self._tokens.clock()
        with self._client.stream(
            question.method, question.path, content=body or None, headers=headers
        ) as response:
            content = b""
            for part in response.iter_bytes():
                content += part
                if len(content) > MOST_BYTES:
                    return response.status_code, response.headers, b""
                if self._tokens.clock() - started > 2 * self._timeout:
                    raise httpx.ReadTimeout("the answer takes too long")
            return response.status_code, response.headers, content


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _refuse(operation: str, status: int, headers: httpx.Headers, answer: Mapping[str, Any]) -> NoReturn:
    code, reason = _code(answer, "error"), _code(answer, "reason")
    if code in _LATER:
        asked: str = headers.get("retry-after", "")
        wait = (
            min(int(asked), _LONGEST_WAIT) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 30
        )
        raise RelayUnavailable(operation, code, wait=wait)
    if code == "patient-unknown":
        raise PatientUnknown
    if code == "not-offered":
        raise NotOffered(operation)
    if code == "too-many-rows":
        raise TooMuchAsked(operation)
    if code == "request-reused":
        raise RequestReused(operation)
    raise RelayRefused(operation, code or f"status {status}", reason)


def _code(answer: Any, name: str) -> str:
    """A code of the relay; whatever else it may be is not repeated."""
    value = answer.get(name) if isinstance(answer, dict) else None
    fits = (
        isinstance(value, str) and len(value) <= 60 and value.replace("-", "").isalnum() and value.isascii()
    )
    return str(value) if fits else ""
