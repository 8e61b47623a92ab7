"""The device's HTTP client: signs every request, mends its own sense of time, turns refusals into typed errors."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Final, Self

import httpx

from chain.clock import Clock, utc_now
from kiosk import VERSION
from kiosk.answers import Beat, Myself, Paired, Report
from kiosk.errors import (
    AddressDiffers,
    AnswerMalformed,
    AuthorityUnusable,
    BackendUnreachable,
    ClockWrong,
    CodeRefused,
    KeyRefused,
    KioskError,
    PairingLost,
    Refused,
    ServerUnsafe,
    TooMany,
    TooOld,
)
from kiosk.keys import DeviceKey
from kiosk.proofs import possession_proof, request_proof

API: Final = "/api/v1/devices"
TIMEOUT: Final = timedelta(seconds=10)
UNAUTHENTICATED: Final = 401
_TIME: Final = "saegim-time"
_KINDS: Final[Mapping[str, type[Refused]]] = {
    "DeviceUnknown": PairingLost,
    "DeviceRevoked": PairingLost,
    "CodeWrong": CodeRefused,
    "CodeExpired": CodeRefused,
    "CodeUsed": CodeRefused,
    "CodeEnded": CodeRefused,
    "CodeForAnotherKind": CodeRefused,
    "KeyAlreadyPaired": KeyRefused,
    "KeyReplaced": KeyRefused,
    "ProofForAnotherAddress": AddressDiffers,
    "KioskTooOld": TooOld,
    "ClientTooOld": TooOld,
}


class DeviceClient:
    """One device at one backend. `key`: what signs; `rotate` puts another in its place."""

    def __init__(
        self,
        server: str,
        key: DeviceKey,
        *,
        kind: str = "kiosk",
        clock: Clock = utc_now,
        ca_file: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.server = origin_of(server)
        self.key = key
        self.clock_offset = timedelta(0)
        """How far this machine's clock was found to be ahead of the backend's."""
        self._clock = clock
        self._kind = kind
        self._client = httpx.Client(
            base_url=self.server,
            timeout=TIMEOUT.total_seconds(),
            verify=_trusting(ca_file),
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            headers={"accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # --- what a device asks

    def pair(self, code: str, kind: str) -> Paired:
        """Become a device. Raises CodeRefused, KeyRefused, and what every request may raise."""
        body = {"code": code, "kind": kind}
        return Paired.read(self.ask("POST", f"{API}/pairings", body, introduce=True))

    def myself(self) -> Myself:
        """Who the backend says that this device is."""
        return Myself.read(self.ask("GET", f"{API}/self"))

    def heartbeat(self, report: Report) -> Beat:
        """Say how the machine is; what it has to do comes back. An old program, too, is heard."""
        known = self.clock_offset
        beat = self._beat(report)
        # The first one may have found the clock to be off: then it did not say so yet.
        return beat if self.clock_offset == known else self._beat(report)

    def _beat(self, report: Report) -> Beat:
        # Without its version in the head: the client policy would turn an old program away unheard.
        body = report.body(self.clock_offset)
        return Beat.read(self.ask("POST", f"{API}/self/heartbeat", body, tell_version=False))

    def rotate(self, key: DeviceKey) -> None:
        """Have `key` take the present one's place, or find that it has; what comes after is signed with it.

        Raises:
            KeyRefused: the backend takes neither key.
        """
        try:
            device = self.myself().device  # also finds out about the clock, before the new key signs a time
        except KeyRefused:
            self._become(key)  # an earlier request had it taken, and its answer was lost
            return
        now = self._clock() - self.clock_offset
        self.ask("POST", f"{API}/self/key", {"possession": possession_proof(key, device, self.server, now)})
        self.key = key

    def _become(self, key: DeviceKey) -> None:
        held, self.key = self.key, key
        try:
            self.myself()
        except KioskError:
            self.key = held
            raise

    # --- one request

    def ask(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        *,
        introduce: bool = False,
        tell_version: bool = True,
    ) -> Any:
        """The JSON answer to a signed request.

        A clock that is off is allowed for once, by the time that the backend tells.

        Args:
            path: with its query, if it has one.
            introduce: the backend does not know the key yet.
            tell_version: whether the request says how old this program is.

        Raises:
            BackendUnreachable, AnswerMalformed: no answer, or not the backend's.
            Refused: one of its kinds.
        """
        headers = {"saegim-client": f"{self._kind}/{VERSION}"} if tell_version else {}
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        if body:
            headers["content-type"] = "application/json"
        request = self._client.build_request(method, path, content=body or None, headers=headers)
        response = self._send(request, body, introduce)
        told = response.headers.get(_TIME, "")
        if response.status_code == UNAUTHENTICATED and told.isdigit():
            ahead = self._clock().timestamp() - int(told)
            self.clock_offset = timedelta(seconds=round(ahead))
            response = self._send(request, body, introduce)
        return self._understood(response)

    def _send(self, request: httpx.Request, body: bytes, introduce: bool) -> httpx.Response:
        address = self.server + request.url.raw_path.decode("ascii")
        now = self._clock() - self.clock_offset
        proof = request_proof(self.key, request.method, address, body, now, introduce=introduce)
        request.headers["authorization"] = f"Device {proof}"
        try:
            return self._client.send(request)
        except httpx.HTTPError as error:
            raise BackendUnreachable(type(error).__name__) from error

    def _understood(self, response: httpx.Response) -> Any:
        try:
            answer = response.json()
        except ValueError as error:
            raise AnswerMalformed(response.status_code) from error
        if response.is_success:
            return answer
        if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
            raise AnswerMalformed(response.status_code)
        raise self._refusal(response, answer)

    def _refusal(self, response: httpx.Response, answer: Mapping[str, Any]) -> Refused:
        error = str(answer["error"])
        words = (str(answer.get("detail", "")), str(answer.get("remedy", "")))
        plain = Refused(response.status_code, error, *words)
        if error == "ProofStale":
            return ClockWrong(plain, round(self.clock_offset.total_seconds()))
        if response.status_code == 429:
            wait = response.headers.get("retry-after", "")
            return TooMany(plain, int(wait) if wait.isdigit() else 60)
        return _KINDS.get(error, Refused)(response.status_code, error, *words)


def origin_of(server: str) -> str:
    """The origin of a server's address, as proofs name it.

    Raises:
        ServerUnsafe: neither https nor on this machine, or no address.
    """
    try:
        address = httpx.URL(server.strip())
    except httpx.InvalidURL as error:
        raise ServerUnsafe(server) from error
    if not address.host or address.userinfo or not (address.scheme == "https" or _is_here(address)):
        raise ServerUnsafe(server)
    return f"{address.scheme}://{address.netloc.decode('ascii')}"


def _trusting(ca_file: str | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise AuthorityUnusable(ca_file) from error


def _is_here(address: httpx.URL) -> bool:
    if address.scheme != "http":
        return False
    try:
        return ip_address(address.host).is_loopback
    except ValueError:
        return address.host == "localhost"
