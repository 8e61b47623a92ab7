"""Settings of the relay and the daily check, from the environment (`SAEGIM_MONITOR_…`) or `.env`."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from chain.settings import Duration, Environment, ProcessSettings

DATA = Path(".data")
UNASSIGNED = 99_999
"""Nobody's private enterprise number: good for trying, to be replaced by the hospital's own, which IANA gives."""

_LISTS = ("snmp_targets", "syslog_urls", "check_urls")


class MonitorSettings(ProcessSettings):
    """One relay. Durations carry their unit in the type (a plain number is seconds)."""

    model_config = SettingsConfigDict(env_prefix="SAEGIM_MONITOR_")

    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=8620, ge=0, le=65_535)
    database_url: str = f"sqlite:///{DATA}/monitor.sqlite3"
    """The queue: what waits for the control room."""
    enterprise: int = Field(default=UNASSIGNED, ge=1, lt=2**31)
    """IANA private enterprise number under which the MIB's objects and syslog's structured data stand."""

    snmp_targets: Annotated[tuple[str, ...], NoDecode] = ()
    """host:port of the control room's receivers; empty: no SNMP."""
    snmp_version: Literal["2c", "3"] = "2c"
    snmp_inform: bool = False
    """INFORM instead of TRAP: acknowledged, and repeated until it is."""
    snmp_community_file: Path | None = None
    """Version 2c: the file with the community; "public" without one, which production refuses."""
    snmp_user: str = "saegim"
    """Version 3: the user; SHA-256 and AES-128 with the two passphrases below (8 characters at least)."""
    snmp_auth_file: Path | None = None
    snmp_privacy_file: Path | None = None

    syslog_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """udp://host:514, tcp://host:601 or tls://host:6514; empty: no syslog."""
    syslog_facility: int = Field(default=16, ge=0, le=23)
    """RFC 5424, section 6.2.1; 16 is local0."""
    syslog_ca_file: Path | None = None
    """TLS: whom to believe; the machine's authorities without one."""

    repeat: Duration = timedelta(hours=4)
    """How often an alert that goes on is told again."""
    silent_after: Duration = timedelta(minutes=5)
    """How long Prometheus' Watchdog may be missing before that itself is told."""

    check_urls: Annotated[tuple[str, ...], NoDecode] = ("http://127.0.0.1:8610", "http://127.0.0.1:8000")
    """Health addresses for the daily check: oracle, backend, and each watch agent."""
    check_folder: Path = DATA / "daily-checks"
    keys_folder: Path = DATA / "network" / "keys"
    password_file: Path | None = None
    check_key: str = "hospital-check"
    """The P-256 key that signs the daily records; made in development."""

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: object) -> object:
        """Lists of addresses are written with commas, as an operator would in a unit file."""
        if isinstance(values, dict):
            for name in _LISTS:
                if isinstance(values.get(name), str):
                    values[name] = tuple(part.strip() for part in values[name].split(",") if part.strip())
        return values

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not ip_address(self.listen_host).is_loopback:
            raise ValueError("SAEGIM_MONITOR_LISTEN_HOST must be a loopback address: posts carry no password")
        for url in self.syslog_urls:
            parts = urlsplit(url)
            if parts.scheme not in {"udp", "tcp", "tls"} or not parts.hostname or parts.port is None:
                raise ValueError("SAEGIM_MONITOR_SYSLOG_URLS: udp://host:port, tcp://… or tls://…")
        for target in self.snmp_targets:
            host, _, port = target.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("SAEGIM_MONITOR_SNMP_TARGETS: host:port, separated by commas")
        if self.snmp_version == "3" and not (self.snmp_auth_file and self.snmp_privacy_file):
            raise ValueError("SAEGIM_MONITOR_SNMP_AUTH_FILE and …_PRIVACY_FILE are needed for version 3")
        if self.environment is Environment.PRODUCTION:
            self._safe_in_production()
        return self

    def _safe_in_production(self) -> None:
        if self.snmp_targets and self.snmp_version == "2c" and self.snmp_community_file is None:
            raise ValueError("SAEGIM_MONITOR_SNMP_COMMUNITY_FILE must name a file: public is no community")
        if self.snmp_targets and self.enterprise == UNASSIGNED:
            raise ValueError("SAEGIM_MONITOR_ENTERPRISE must be the institution's own number (IANA)")
