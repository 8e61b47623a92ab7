"""HTTP to outside parties: one request, one JSON answer, every other end one of three errors (`errors`).

A request that may be repeated (a look-up, or a change under an idempotency key) is tried again a few times with
jitter, on connection errors and on the listed statuses only. Any other is sent once; only where no connection came
about is it tried again, for then nothing was sent.
"""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx

from backend.providers.circuit import Circuit
from backend.providers.errors import ProviderRefused, ProviderUnavailable, ProviderUncertain
from chain.clock import Clock

BUSY: Final = frozenset({429, 502, 503, 504})
"""Statuses that say nothing about the request itself; the only ones on which it is repeated."""
_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_OPEN: Final = "circuit open"


@dataclass(frozen=True, slots=True)
class Limits:
    """connect, read: seconds for the connection and between two parts of an answer; whole: for one answer.
    attempts: tries of one request. most_bytes: of one answer. longest_wait: seconds that Retry-After is obeyed."""

    connect: float = 3.0
    read: float = 5.0
    whole: float = 15.0
    attempts: int = 3
    most_bytes: int = 256 * 1024
    longest_wait: float = 2.0


@dataclass(frozen=True, slots=True)
class Reach:
    """How a party is reached: through an outgoing proxy (http://host:port); trusting these certificates (PEM) and no
    others, as for a party with a certificate authority of its own."""

    proxy: str | None = None
    ca_file: Path | None = None

    def trust(self) -> ssl.SSLContext | bool:
        """What httpx verifies with. Raises OSError, ssl.SSLError: the file is missing or holds no certificate."""
        return True if self.ca_file is None else ssl.create_default_context(cafile=str(self.ca_file))


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `operation` names it in messages and must not hold a value; nor must `path` but an own random id.

    Attributes:
        repeatable: doing it twice is doing it once (a look-up, or a change under `key`).
        changes: something happens at the party, so that a lost answer leaves it uncertain.
        key: sent as Idempotency-Key.
        refusals: documented codes of refusals; a 5xx answer with one of these is a refusal and no breakdown.
        form: fields of a form, where the party takes no JSON.
    """

    operation: str
    method: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = True
    changes: bool = False
    key: str | None = None
    refusals: frozenset[str] = frozenset()
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: httpx.Headers
    data: Any = field(repr=False)


class _Broken(Exception):
    """One attempt came to nothing. `sent`: the party may have seen it. `cause`: for messages."""

    def __init__(self, cause: str, *, sent: bool, again: bool = True, wait: float = 0.0) -> None:
        self.cause, self.sent, self.again, self.wait = cause, sent, again, wait
        super().__init__(cause)


class ProviderHttp:
    """One party at one address. Thread-safe; opens no connection until it is used.

    authorization: gives the header's value anew for each request; empty for none. code_of: where the party's answers
    carry their error code (`type`, `error`).
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        authorization: Callable[[], str],
        clock: Clock,
        code_of: str = "error",
        limits: Limits | None = None,
        reach: Reach | None = None,
        circuit: Circuit | None = None,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = name
        self.limits = limits or Limits()
        self.circuit = circuit or Circuit(clock)
        self._authorization = authorization
        self._clock = clock
        self._code_of = code_of
        self._sleep = sleep
        timeout = httpx.Timeout(self.limits.read, connect=self.limits.connect)
        reach = reach or Reach()
        self._client = httpx.Client(
            base_url=base_url,
            timeout=timeout,
            transport=transport,
            proxy=reach.proxy,
            verify=reach.trust(),
            follow_redirects=False,
            trust_env=False,
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    def ask(self, ask: Ask) -> Any:
        """The JSON of a 200 answer.

        Raises ProviderUnavailable, ProviderRefused, ProviderUncertain.
        """
        if not self.circuit.admits():
            raise ProviderUnavailable(self.name, ask.operation, _OPEN)
        sent = False
        for attempt in range(1, self.limits.attempts + 1):
            try:
                reply = self._attempt(ask)
            except _Broken as broken:
                sent = sent or broken.sent
                last = attempt == self.limits.attempts or not broken.again
                if last or (broken.sent and not ask.repeatable):
                    self._give_up(ask, broken.cause, sent=sent)
                self._sleep(broken.wait + _pause(attempt))
                continue
            self.circuit.succeeded()
            return self._answer(ask, reply)
        raise AssertionError("the last attempt answers or raises")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _attempt(self, ask: Ask) -> _Reply:
        authorization = self._authorization()
        headers = {"authorization": authorization} if authorization else {}
        if ask.key is not None:
            headers["idempotency-key"] = ask.key
        try:
            reply = self._send(ask, headers)
        except _UNSENT as error:
            raise _Broken(type(error).__name__, sent=False) from None
        except httpx.HTTPError as error:  # its text may quote the answer, so only its kind goes on
            raise _Broken(type(error).__name__, sent=True) from None
        if self._code(reply.data) in ask.refusals:
            return reply
        if reply.status in BUSY:
            wait = self._wait(reply.headers)
            again = wait <= self.limits.longest_wait
            # 429 is said before anything is done; the others may come from something that stands in between
            raise _Broken(f"status {reply.status}", sent=reply.status != 429, again=again, wait=wait)
        if reply.status >= 500 or reply.status == 408:
            raise _Broken(f"status {reply.status}", sent=True, again=False)
        if reply.status == 200 and not isinstance(reply.data, dict):
            raise _Broken("the answer is not what was agreed", sent=True, again=False)
        return reply

    def _send(self, ask: Ask, headers: Mapping[str, str]) -> _Reply:
        started = self._clock()
        content: dict[str, Any] = {} if ask.body is None else {"json": dict(ask.body)}
        if ask.form is not None:
            content = {"data": dict(ask.form)}
        stream = self._client.stream(
            ask.method, ask.path, params=dict(ask.params), headers=headers, **content
        )
        with stream as response:
            parts, size = [], 0
            for part in response.iter_bytes():
                size += len(part)
                if size > self.limits.most_bytes:
                    raise _Broken("the answer is too large", sent=True, again=False)
                if self._clock() - started > timedelta(seconds=self.limits.whole):
                    raise _Broken("the answer takes too long", sent=True)
                parts.append(part)
            return _Reply(response.status_code, response.headers, _loaded(b"".join(parts)))

    def _answer(self, ask: Ask, reply: _Reply) -> Any:
        if reply.status == 200:
            return reply.data
        raise ProviderRefused(self.name, ask.operation, self._code(reply.data) or "none", reply.status)

    def _give_up(self, ask: Ask, cause: str, *, sent: bool) -> NoReturn:
        self.circuit.failed()
        if sent and ask.changes:
            raise ProviderUncertain(self.name, ask.operation, cause)
        raise ProviderUnavailable(self.name, ask.operation, cause)

    def _code(self, data: Any) -> str | None:
        code = data.get(self._code_of) if isinstance(data, dict) else None
        return code if isinstance(code, str) else None

    def _wait(self, headers: httpx.Headers) -> float:
        asked: str = headers.get("retry-after", "")
        return float(asked[:9]) if asked.isascii() and asked.isdigit() else 0.0


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _pause(attempt: int) -> float:
    """Seconds before the next attempt, so spread that many processes do not come back at once."""
    return random.uniform(0.05, 0.25) * float(2 ** (attempt - 1))  # noqa: S311 - no secret
