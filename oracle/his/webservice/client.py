"""One exchange with the vendor's service: time-outs, retries, a limited answer, and every failure a `HisError`.

Nothing that the service says is repeated in a message but its status, its media type and a SOAP fault's code: answers
hold patients. Reading changes nothing, so an exchange may be tried again.
"""

from __future__ import annotations

import random
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.webservice.transport import DeadlineTransport, Monotonic, deadline

_RETRIED: Final = frozenset({429, 502, 503, 504})
_NOT_NOW: Final = frozenset({408, 425, *_RETRIED})
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 20.0
_ERROR_BYTES: Final = 256 * 1024
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}")
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})\"?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """connect, read, total: seconds for connecting, between two pieces of an answer, for an exchange with all its
    tries. tries: how often. most_bytes: of an answer."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0
    tries: int = 3
    most_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A request. doing: what for, for messages."""

    method: str
    url: str
    doing: str
    headers: Mapping[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the service itself gave. media_type: lower case, ``?`` if it names none; charset: as it says."""

    status: int
    media_type: str
    charset: str | None
    body: bytes


class AnswerTooLarge(HisMalformed):
    """An answer is longer, or holds more values, than the limit. Asking for fewer rows may help."""

    def __init__(self, adapter: str, doing: str) -> None:
        remedy = "Lower most_rows in the mapping, or raise most_bytes in SAEGIM_ORACLE_ADAPTER_CONFIG."
        super().__init__(adapter, f"the answer is too large while {doing}", remedy)


class WebClient:
    """Talks to one service. Opens no connection until it is used; keeps none of a failed exchange.

    monotonic, sleep, chance: seconds that only go forward, how to wait, and a number from 0 to 1 for jitter.
    """

    def __init__(
        self,
        name: str,
        headers: Mapping[str, str],
        limits: Limits,
        *,
        context: ssl.SSLContext | None = None,
        monotonic: Monotonic = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._limits = limits
        self._monotonic = monotonic
        self._sleep = sleep
        self._chance = chance
        timeout = httpx.Timeout(limits.read, connect=limits.connect)
        # identity: an answer is never unpacked, so its size is what was sent
        given = {"accept-encoding": "identity", "user-agent": "saegim", **headers}
        transport = DeadlineTransport(context or ssl.create_default_context(), monotonic)
        self._http = httpx.Client(transport=transport, timeout=timeout, headers=given, follow_redirects=False)

    def send(self, call: Call) -> Answer:
        """The answer, whatever its status says about the request; retried where that can help.

        Raises HisUnavailable, and HisMalformed for a redirect, a refused credential or an answer too large.
        """
        until = self._monotonic() + self._limits.total
        for tried in range(1, self._limits.tries + 1):
            wait: float | None = None
            try:
                with deadline(until):
                    answer, wait = self._once(call)
                if answer is not None:
                    return answer
                failed = "it says that it is busy"
            except (
                httpx.ConnectError,
                httpx.ConnectTimeout,
                httpx.ReadError,
                httpx.RemoteProtocolError,
            ) as error:
                if _mistrusts(error):
                    remedy = "Set ca_file to the authority that signed it, and base_url to the name it is made out to."
                    what = f"the service's certificate is not trusted while {call.doing}"
                    raise HisMalformed(self._name, what, remedy) from None
                failed = type(error).__name__
            except httpx.HTTPError as error:
                raise HisUnavailable(self._name, f"{call.doing} ({type(error).__name__})") from None
            if tried == self._limits.tries or not self._rest(tried, wait, until):
                break
        raise HisUnavailable(self._name, f"{call.doing} ({failed})")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _rest(self, tried: int, asked: float | None, until: float) -> bool:
        """Wait before the next try, with jitter or as long as asked; False: it would take too long."""
        longest = min(_FIRST_WAIT * 2**tried, _LONGEST_WAIT)
        seconds = asked if asked is not None else longest * (0.5 + self._chance() / 2)
        if seconds > _LONGEST_WAIT or self._monotonic() + seconds >= until:
            return False
        self._sleep(seconds)
        return True

    def _once(self, call: Call) -> tuple[Answer | None, float | None]:
        """One try: the answer, or None and how many seconds the service asks to wait, if it says so."""
        with self._http.stream(call.method, call.url, headers=call.headers, content=call.content) as response:
            status = response.status_code
            if status in _RETRIED:
                return None, _seconds(response.headers.get("retry-after"))
            self._refuse(status, call.doing)
            kind = response.headers.get("content-type", "").lower()
            media_type, charset = _MEDIA_TYPE.match(kind), _CHARSET.search(kind)
            return Answer(
                status,
                media_type[0] if media_type else "?",
                charset[1] if charset else None,
                self._body(response, call.doing),
            ), None

    def _refuse(self, status: int, doing: str) -> None:
        if 300 <= status < 400:
            remedy = "Set base_url to where the service really is; the oracle follows no redirect."
            raise HisMalformed(self._name, f"the service redirects (status {status}) while {doing}", remedy)
        if status in (401, 403):
            remedy = (
                "Check the credentials of SAEGIM_ORACLE_ADAPTER_CONFIG and the rights the vendor gave them."
            )
            raise HisMalformed(self._name, f"the service refuses (status {status}) while {doing}", remedy)

    def _body(self, response: httpx.Response, doing: str) -> bytes:
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            remedy = "Turn compression off at the service or the proxy in front of it."
            raise HisMalformed(self._name, f"the answer is compressed while {doing}", remedy)
        error = response.status_code >= 400
        most = _ERROR_BYTES if error else self._limits.most_bytes
        parts, size = [], 0
        for part in response.iter_raw():
            size += len(part)
            if size > most:
                if error:
                    return b""  # no fault is that long: the status says enough
                raise AnswerTooLarge(self._name, doing)
            parts.append(part)
        return b"".join(parts)


def refuse_status(name: str, answer: Answer, doing: str) -> None:
    """Raise what a status that means failure means."""
    status = answer.status
    if 200 <= status < 300:
        return
    if status in _NOT_NOW or status >= 500:
        raise HisUnavailable(name, f"{doing} (status {status})")
    remedy = "Compare the operation's path and parameters in the mapping with the vendor's description."
    raise HisMalformed(name, f"the service answers with status {status} while {doing}", remedy)


def _mistrusts(error: BaseException | None) -> bool:
    """Whether a connection failed because of the server's certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; one that names a date, or nonsense, is as good as none."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None
