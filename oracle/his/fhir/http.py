"""HTTP to a FHIR server: one request, its answer as JSON data, every failure one of a few typed errors.

A server is believed nothing: answers are cut off at a size, take a bounded time, and are never followed to another
host. Only what says nothing about the request (no connection, 429, 502, 503, 504) is tried again, a few times with
jitter; the rest is told at once.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpx

from chain.clock import Clock
from oracle.his.base import HisMalformed, HisUnavailable

FHIR_JSON: Final = "application/fhir+json"
Asked: TypeAlias = Mapping[str, str | list[str]]
"""Search parameters; a list is a parameter given several times."""
_BUSY: Final = (429, 502, 503, 504)
_LONGEST_WHOLE: Final = 19
"""Digits of a whole number that is read as one; more is no amount and no count."""


class Unreadable(Exception):
    """An answer that is too large or too deeply nested to be read. `why` says which. Asking for less may help."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class NotThere(Exception):
    """404 or 410: what was asked for is not there (any more). `gone`: 410, it was there once."""

    def __init__(self, *, gone: bool) -> None:
        self.gone = gone
        super().__init__("gone" if gone else "not found")


class Authorization(Protocol):
    """Where the access token comes from."""

    def header(self, *, renew: bool) -> str:
        """The value of the Authorization header. renew: the last one was refused. Raises HisError."""


@dataclass(frozen=True, slots=True)
class Limits:
    """timeout: seconds for connecting and between two parts of an answer. whole: seconds for one answer. attempts:
    tries of one request. most_bytes: of one answer. longest_wait: seconds that Retry-After is obeyed for; a server
    that asks for more is unavailable."""

    timeout: float = 10.0
    whole: float = 60.0
    attempts: int = 3
    most_bytes: int = 64 * 1024 * 1024
    longest_wait: float = 5.0


class Created(NamedTuple):
    """A resource to create, and the search that must find none."""

    content: bytes
    unless: str


class FhirHttp:
    """One FHIR server. Opens no connection until it is used. base: its address, with or without a slash at the end."""

    def __init__(
        self,
        name: str,
        base: str,
        authorization: Authorization,
        *,
        limits: Limits,
        clock: Clock,
        verify: str | bool = True,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = name
        self.base = base.rstrip("/") + "/"
        self._authorization = authorization
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._open: Callable[[], httpx.Client] = lambda: httpx.Client(
            timeout=limits.timeout,
            transport=transport,
            verify=verify if isinstance(verify, bool) else _trusting(verify),
            headers={"accept": FHIR_JSON, "accept-encoding": "identity"},
        )
        self._client: httpx.Client | None = None

    def get(self, path: str, asked: Asked | None = None, *, what: str) -> Any:
        """GET below the base address, or a link of this server. what: for messages.

        Raises HisUnavailable, HisMalformed, Unreadable, NotThere.
        """
        return self._ask("GET", self.inside(path), asked or {}, what)

    def search(self, kind: str, asked: Asked, *, what: str) -> Any:
        """POST ``[kind]/_search``, which keeps what is asked for out of logs of addresses. Raises as `get`."""
        return self._ask("POST", urljoin(self.base, f"{kind}/_search"), asked, what)

    def create(self, kind: str, resource: Mapping[str, Any], *, unless: str, what: str) -> Any:
        """Conditional create (R4 http, 3.1.0.8.1): the new resource, or the one that the search `unless` finds; so the
        same may be sent again. Raises as `get`."""
        sent = Created(json.dumps(resource, ensure_ascii=False).encode(), unless)
        return self._ask("POST", urljoin(self.base, kind), {}, what, sent)

    def inside(self, link: str) -> str:
        """A link as an address of this server; raises HisMalformed when it leads elsewhere: a token goes with it."""
        url = urljoin(self.base, link)
        there, here = urlsplit(url), urlsplit(self.base)
        same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
        if not same or there.username is not None or not there.path.startswith(here.path):
            remedy = "Set the server's own base address to the one the adapter uses; no other host is asked."
            raise HisMalformed(self.name, "a link of the server leads to another address", remedy)
        return url

    def close(self) -> None:
        """Close the connections. It can still be used: they are opened again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, method: str, url: str, asked: Asked, what: str, sent: Created | None = None) -> Any:
        renewed = False
        for attempt in range(1, self._limits.attempts + 1):
            last = attempt == self._limits.attempts
            header = self._authorization.header(renew=renewed)
            try:
                status, headers, body = self._send(method, url, asked, header, what, sent)
            except httpx.TransportError as error:
                if last or not isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
                    raise HisUnavailable(self.name, what) from error
                self._sleep(_pause(attempt))
                continue
            if status == 401 and not renewed and not last:
                renewed = True
            elif status in _BUSY and not last:
                self._sleep(self._wait(headers, attempt, what))
            else:
                return self._answer(status, body, what)
        raise AssertionError("the last attempt answers or raises")

    def _send(
        self, method: str, url: str, asked: Asked, header: str, what: str, sent: Created | None
    ) -> tuple[int, httpx.Headers, bytes]:
        if self._client is None:
            self._client = self._open()
        content: Any = {"data": dict(asked)} if method == "POST" else {"params": dict(asked)} if asked else {}
        headers = {"authorization": header}
        if sent is not None:
            content = {"content": sent.content}
            headers |= {
                "if-none-exist": sent.unless,
                "prefer": "return=representation",
                "content-type": FHIR_JSON,
            }
        started = self._clock()
        request = self._client.build_request(method, url, headers=headers, **content)
        response = self._client.send(request, stream=True)
        try:
            return response.status_code, response.headers, b"".join(self._parts(response, started, what))
        finally:
            response.close()

    def _parts(self, response: httpx.Response, started: Any, what: str) -> Iterator[bytes]:
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._limits.most_bytes:
                raise Unreadable("the answer is too large")
            if self._clock() - started > timedelta(seconds=self._limits.whole):
                raise HisUnavailable(self.name, what)
            yield part

    def _wait(self, headers: httpx.Headers, attempt: int, what: str) -> float:
        asked: str = headers.get("retry-after", "")
        if not asked.isascii() or not asked.isdigit():
            return _pause(attempt)
        seconds = float(asked[:9])
        if seconds > self._limits.longest_wait:
            raise HisUnavailable(self.name, f"{what} (the server asks to wait)")
        return seconds + _pause(attempt)

    def _answer(self, status: int, body: bytes, what: str) -> Any:
        if status in (200, 201):
            return self._json(body, what)
        if status in (404, 410):
            raise NotThere(gone=status == 410)
        if status in (408, 425) or status in _BUSY or status >= 500:
            raise HisUnavailable(self.name, f"{what} (status {status})")
        if status in (401, 403):
            remedy = "Give the adapter a token that may read Encounter, Condition, Invoice, ChargeItem and Patient."
            raise HisMalformed(self.name, f"the server refuses {what} (status {status})", remedy)
        if 300 <= status < 400:
            remedy = "Give the address it redirects to; redirections are not followed."
            raise HisMalformed(self.name, f"the server redirects {what} (status {status})", remedy)
        codes = issue_codes(_loaded_or_none(body))
        remedy = f"Compare the server with mapping.yaml (its issue codes: {', '.join(codes) or 'none'})."
        raise HisMalformed(self.name, f"the server refuses {what} (status {status})", remedy)

    def _json(self, body: bytes, what: str) -> Any:
        try:
            return loaded(body)
        except ValueError as error:
            remedy = "Look whether the base address is the FHIR server's, and at what stands between."
            raise HisMalformed(self.name, f"the answer to {what} is not JSON", remedy) from error


def loaded(body: bytes) -> Any:
    """JSON data; amounts as Decimal, exactly as written. Raises ValueError, Unreadable.

    What is no number in JSON (`Infinity`) becomes its name, and a number of absurd length its digits, so that only
    the row it stands in is refused.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_int=_whole, parse_constant=str)
    except RecursionError:
        raise Unreadable("the answer is nested too deeply") from None


def issue_codes(outcome: Any) -> list[str]:
    """The codes of an OperationOutcome (a fixed list of R4), without its texts, which may quote a person."""
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    if not isinstance(issues, list):
        return []
    codes = [issue.get("code") for issue in issues if isinstance(issue, dict)]
    return sorted({code for code in codes if isinstance(code, str) and code.isascii() and len(code) <= 20})


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_WHOLE else digits


def _loaded_or_none(body: bytes) -> Any:
    try:
        return loaded(body)
    except (ValueError, Unreadable):
        return None


def _pause(attempt: int) -> float:
    """Seconds before the next attempt, so spread that several oracles do not come at once."""
    return random.uniform(0.05, 0.25) * float(2 ** (attempt - 1))  # noqa: S311 - no secret


def _trusting(file: str) -> Any:
    import ssl

    return ssl.create_default_context(cafile=file)
