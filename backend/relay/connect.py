"""The relay's client of the settings."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from backend.config import Settings
from backend.relay.client import RelayClient
from backend.relay.errors import RelayConfigInvalid
from backend.relay.tokens import RelayTokens, ServiceKey
from backend.relay.transport import Gates
from chain.clock import Clock

_gates: Final[dict[str, Gates]] = {}
_lock: Final = Lock()


def gates_of(url: str, clock: Clock) -> Gates:
    """The circuits of a relay: one set for each address and process, however many clients there are."""
    with _lock:
        return _gates.setdefault(url, Gates(clock))


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
    return RelayClient(
        settings.relay_url,
        tokens,
        gates=gates_of(settings.relay_url, clock),
        timeout=settings.relay_timeout,
        context=context,
    )


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
