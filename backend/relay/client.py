"""Asks the oracle's relay over HTTP: one request, one JSON answer, every other end a `RelayError`."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from backend.config import Settings
from backend.relay.errors import PatientUnknown, RelayConfigInvalid, RelayRefused, RelayUnavailable
from backend.relay.tokens import RelayTokens, ServiceKey
from chain.clock import Clock

MOST_BYTES: Final = 64 * 1024
"""Of one answer."""
_LATER: Final = frozenset({"too-many-requests", "hospital-unavailable", "not-noted"})
"""Codes of the relay after which the same may be asked again."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody as the hospital or the app knows them. birth_date: YYYY-MM-DD or None."""

    name: str = field(repr=False)
    birth_date: str | None = field(repr=False)
    sex: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Errand:
    """Why the relay is asked and on whose behalf. actor: UUID or public identifier."""

    purpose: str
    actor: str


class RelayClient:
    """One relay. Thread-safe; opens no connection until it is used."""

    def __init__(
        self,
        url: str,
        tokens: RelayTokens,
        *,
        timeout: timedelta = timedelta(seconds=5),
        context: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._tokens = tokens
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

    def patient(self, number: str, errand: Errand) -> Known:
        """Who is registered under a number. Raises PatientUnknown, RelayUnavailable, RelayRefused."""
        scope = {"patient": number}
        found = self._ask(
            "patients.read", "POST", "/relay/v1/patients/read", errand, scope, {"number": number}
        )
        name, born, sex = found.get("name"), found.get("birthDate"), found.get("sex")
        if not isinstance(name, str) or not isinstance(born, str | None) or not isinstance(sex, str):
            raise RelayUnavailable("patients.read", "answer-malformed")
        return Known(name, born, sex)

    def registrations(self, who: Known, errand: Errand) -> list[str]:
        """Every registration number of a person. Raises RelayUnavailable, RelayRefused."""
        person = {"name": who.name, "birthDate": who.birth_date, "sex": who.sex}
        path = "/relay/v1/registrations/search"
        found = self._ask("registrations.search", "POST", path, errand, {"person": person}, person)
        numbers = found.get("numbers")
        if not isinstance(numbers, list) or not all(isinstance(each, str) for each in numbers):
            raise RelayUnavailable("registrations.search", "answer-malformed")
        return numbers

    def health(self, actor: str) -> str:
        """What the relay says of the hospital system. Raises RelayUnavailable, RelayRefused."""
        found = self._ask("health", "GET", "/relay/v1/health", Errand("health", actor), {}, None)
        return str(found.get("hospital"))

    def _ask(
        self,
        operation: str,
        method: str,
        path: str,
        errand: Errand,
        whom: Mapping[str, Any],
        content: Mapping[str, Any] | None,
    ) -> Mapping[str, Any]:
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        scope = {"purpose": errand.purpose, "actor": errand.actor, **whom}
        headers = {"authorization": f"Bearer {self._tokens.token(method, path, body, scope)}"}
        if body:
            headers["content-type"] = "application/json"
        try:
            with self._client.stream(method, path, content=body or None, headers=headers) as response:
                status, answer = response.status_code, _read(response)
        except httpx.HTTPError as error:  # its text may quote the request, so only its kind goes on
            raise RelayUnavailable(operation, type(error).__name__) from None
        return _understood(operation, status, answer)


def _read(response: httpx.Response) -> Any:
    """The JSON of an answer; None for what is too long or no JSON."""
    content = b""
    for part in response.iter_bytes():
        content += part
        if len(content) > MOST_BYTES:
            return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _understood(operation: str, status: int, answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise RelayUnavailable(operation, f"status {status}")
    if status == 200:
        return answer
    code, reason = _code(answer.get("error")), _code(answer.get("reason"))
    if code in _LATER:
        raise RelayUnavailable(operation, code)
    if code == "patient-unknown":
        raise PatientUnknown
    raise RelayRefused(operation, code or f"status {status}", reason)


def _code(value: object) -> str:
    """A code of the relay; whatever else it may be is not repeated."""
    fits = (
        isinstance(value, str) and len(value) <= 60 and value.replace("-", "").isalnum() and value.isascii()
    )
    return str(value) if fits else ""


def relay_client(settings: Settings, clock: Clock) -> RelayClient | None:
    """The client of the settings; None where no relay is configured. Raises RelayConfigInvalid."""
    if not settings.relay_url:
        return None
    parts = urlsplit(settings.relay_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise RelayConfigInvalid("SAEGIM_BACKEND_RELAY_URL must be https://host:port")
    if parts.scheme == "http" and not _on_this_machine(parts.hostname):
        raise RelayConfigInvalid(
            "SAEGIM_BACKEND_RELAY_URL must be https beyond this machine: names and numbers of people go there"
        )
    tokens = RelayTokens(ServiceKey.load(settings.service_key_file), clock)
    context = _context(settings) if parts.scheme == "https" else True
    return RelayClient(settings.relay_url, tokens, timeout=settings.relay_timeout, context=context)


def _context(settings: Settings) -> ssl.SSLContext:
    """Trusts the relay's authority alone, and shows our own certificate."""
    ca, certificate, key = (
        _given("RELAY_CA_FILE", settings.relay_ca_file),
        _given("RELAY_CERTIFICATE_FILE", settings.relay_certificate_file),
        _given("RELAY_CERTIFICATE_KEY_FILE", settings.relay_certificate_key_file),
    )
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError):
        raise RelayConfigInvalid("is missing or holds no certificate (PEM)", ca) from None
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise RelayConfigInvalid("certificate and key can not be used together", certificate) from None
    return context


def _given(name: str, path: Path | None) -> Path:
    if path is None:
        raise RelayConfigInvalid(f"SAEGIM_BACKEND_{name} is not set; the relay asks for a client certificate")
    return path


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
