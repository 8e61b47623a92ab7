"""`SAEGIM_ORACLE_ADAPTER_CONFIG` of the adapter `webservice`, and the adapter it makes."""

from __future__ import annotations

import base64
import ssl
import stat
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.errors import KeyFileInvalid, NotConfigured
from oracle.his.asking import DESK_SECONDS, Desk
from oracle.his.desk import HospitalDesk
from oracle.his.webservice.adapter import WebServiceAdapter
from oracle.his.webservice.client import Limits
from oracle.his.webservice.desk import WebSource
from oracle.his.webservice.mapping import Authentication, WebMapping

_SANDBOX = Path(__file__).resolve().parent / "mapping.rest.yaml"
_SETTING = "SAEGIM_ORACLE_ADAPTER_CONFIG"
_LONGEST_SECRET = 8_000


class Credentials(BaseModel):
    """What the mapping's `authentication` needs. Secrets are files with one line, readable by the oracle alone."""

    model_config = ConfigDict(extra="forbid")

    api_key_file: Path | None = None
    user: str | None = Field(default=None, pattern=r"^[^:\x00-\x1f]{1,200}$")
    password_file: Path | None = None
    token_file: Path | None = None


class WebServiceConfig(BaseModel):
    """Settings of the adapter `webservice`. Time-outs in seconds; see `Limits`."""

    model_config = ConfigDict(extra="forbid")

    mapping: Path = _SANDBOX
    """Which operation gives what."""
    base_url: str | None = None
    """Where the service is, if not where the mapping says."""
    credentials: Credentials = Credentials()
    ca_file: Path | None = None
    """The hospital's own certificate authority; without it, those of the system."""
    plain_http: bool = False
    """Allow http beyond this machine, inside a network that encrypts by itself."""
    connect_timeout: float = Field(default=5.0, gt=0)
    read_timeout: float = Field(default=30.0, gt=0)
    total_timeout: float = Field(default=120.0, gt=0)
    tries: int = Field(default=3, ge=1, le=10)
    most_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024)
    """Of one answer."""


def make_webservice(config: WebServiceConfig, _: Engine, clock: Clock) -> WebServiceAdapter:
    """The adapter of these settings. Raises MappingInvalid, NotConfigured, KeyFileInvalid."""
    mapping = WebMapping.load(config.mapping)
    limits = Limits(
        config.connect_timeout, config.read_timeout, config.total_timeout, config.tries, config.most_bytes
    )
    return WebServiceAdapter(
        mapping,
        _address(config.base_url or mapping.base_url, plain=config.plain_http),
        headers_of(mapping.authentication, config.credentials),
        limits=limits,
        context=_trust(config.ca_file),
        clock=clock,
    )


def make_webservice_desk(config: WebServiceConfig, clock: Clock) -> HospitalDesk | None:
    """The desk of these settings; None where the mapping has no questions. Raises as `make_webservice`."""
    mapping = WebMapping.load(config.mapping)
    if not mapping.desk:
        return None
    total = min(config.total_timeout, DESK_SECONDS)
    limits = Limits(
        min(config.connect_timeout, total), min(config.read_timeout, total), total, 2, config.most_bytes
    )
    address = _address(config.base_url or mapping.base_url, plain=config.plain_http)
    headers = headers_of(mapping.authentication, config.credentials)
    source = WebSource(mapping, address, headers, limits=limits, context=_trust(config.ca_file))
    return Desk(source, ZoneInfo(mapping.time_zone), clock)


def headers_of(authentication: Authentication, credentials: Credentials) -> dict[str, str]:
    """The headers that carry the credentials. Raises NotConfigured, KeyFileInvalid."""
    if authentication.scheme == "api-key":
        return {authentication.header: _secret("api_key_file", credentials.api_key_file)}
    if authentication.scheme == "bearer":
        return {"authorization": f"Bearer {_secret('token_file', credentials.token_file)}"}
    if authentication.scheme == "basic":
        if credentials.user is None:
            raise NotConfigured(_SETTING, "credentials.user: the mapping's authentication needs it")
        pair = f"{credentials.user}:{_secret('password_file', credentials.password_file)}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _secret(name: str, path: Path | None) -> str:
    """The one line of a file that others may not read."""
    if path is None:
        raise NotConfigured(_SETTING, f"credentials.{name}: the mapping's authentication needs it")
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileInvalid(path, f"can not be read: {type(error).__name__}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyFileInvalid(path, "other users can read this secret; set its mode to 0600")
    if not 0 < len(text) <= _LONGEST_SECRET or not text.isprintable():
        raise KeyFileInvalid(path, "must hold one line of printable ASCII")
    return text


def _address(url: str | None, *, plain: bool) -> str:
    """The service's address, if it is one that a secret may be sent to."""
    if url is None:
        raise NotConfigured(
            _SETTING, "base_url: neither the settings nor the mapping say where the service is"
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise NotConfigured(_SETTING, "base_url: must be https://host[:port][/path], without user or query")
    if parts.scheme == "http" and not plain and not _on_this_machine(parts.hostname):
        raise NotConfigured(
            _SETTING,
            "base_url: must be https beyond this machine; plain_http allows http in a network of its own",
        )
    return url


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise NotConfigured(_SETTING, f"ca_file: can not be used: {type(error).__name__}") from None
