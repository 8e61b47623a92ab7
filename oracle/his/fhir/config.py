"""`SAEGIM_ORACLE_ADAPTER_CONFIG` of the adapter `fhir`, and the adapter it makes."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.his.asking import DESK_SECONDS, Desk
from oracle.his.desk import HospitalDesk
from oracle.his.fhir.adapter import FhirAdapter, name_of
from oracle.his.fhir.desk import FhirSource
from oracle.his.fhir.http import Authorization, FhirHttp, Limits
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.fhir.tokens import BackendServices, FileToken

_MEGABYTE = 1024 * 1024
_SANDBOX = Path(__file__).resolve().parent / "mapping.yaml"


class SmartConfig(BaseModel):
    """A SMART Backend Services client; see `BackendServices`."""

    model_config = ConfigDict(extra="forbid")

    token_url: str
    client_id: str
    key_file: Path
    kid: str
    scope: str = (
        "system/Encounter.rs system/Condition.rs system/Invoice.rs system/ChargeItem.rs system/Patient.rs "
        "system/Practitioner.rs"
    )
    """Beside it what `desk` asks: Patient.crus; .rs of Schedule, Slot, Appointment, DiagnosticReport, Observation."""


class FhirConfig(BaseModel):
    """Settings of the adapter `fhir`: where the server is, and either `token_file` or `smart`."""

    model_config = ConfigDict(extra="forbid")

    base: str
    """The server's base address, the one that /metadata stands under; https, but for a server on this machine."""
    mapping: Path = _SANDBOX
    """What the server calls things, and what its codes mean."""
    token_file: Path | None = None
    """A file with a bearer token."""
    smart: SmartConfig | None = None
    trust_file: Path | None = None
    """PEM file with the authority that signed the server's certificate; without it those of the machine."""
    timeout: float = Field(default=10.0, gt=0)
    """Seconds for connecting and between two parts of an answer."""
    most_megabytes: int = Field(default=64, ge=1, le=1024)
    """Size of one answer at the most."""

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.token_file is None) == (self.smart is None):
            raise ValueError("give either token_file or smart")
        addresses = [self.base, *([self.smart.token_url] if self.smart else [])]
        if not all(_safe_address(each) for each in addresses):
            raise ValueError(
                "base and token_url are https addresses (http only for a server on this machine)"
            )
        return self


def make_fhir(config: FhirConfig, database: Engine, clock: Clock) -> FhirAdapter:
    """The adapter of these settings. Raises MappingInvalid."""
    mapping = FhirMapping.load(config.mapping)
    limits = Limits(timeout=config.timeout, most_bytes=config.most_megabytes * _MEGABYTE)
    return FhirAdapter(mapping, _http(mapping, config, limits, clock), clock=clock)


def make_fhir_desk(config: FhirConfig, clock: Clock) -> HospitalDesk | None:
    """The desk of these settings; None where the mapping names no question. Raises MappingInvalid."""
    mapping = FhirMapping.load(config.mapping)
    if not mapping.desk:
        return None
    limits = Limits(
        timeout=min(config.timeout, DESK_SECONDS),
        whole=DESK_SECONDS,
        attempts=2,
        most_bytes=config.most_megabytes * _MEGABYTE,
        longest_wait=1.0,
    )
    source = FhirSource(mapping, _http(mapping, config, limits, clock), clock)
    return Desk(source, ZoneInfo(mapping.time_zone), clock)


def _http(mapping: FhirMapping, config: FhirConfig, limits: Limits, clock: Clock) -> FhirHttp:
    name = name_of(mapping)
    verify = str(config.trust_file) if config.trust_file else True
    authorization = _authorization(name, config, clock)
    return FhirHttp(name, config.base, authorization, limits=limits, clock=clock, verify=verify)


def _authorization(name: str, config: FhirConfig, clock: Clock) -> Authorization:
    if config.smart is None:
        assert config.token_file is not None
        return FileToken(name, config.token_file)
    trusted = ssl.create_default_context(cafile=str(config.trust_file)) if config.trust_file else True
    client = httpx.Client(timeout=config.timeout, verify=trusted)
    return BackendServices(name, **config.smart.model_dump(), clock=clock, client=client)


def _safe_address(address: str) -> bool:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.username is not None or parts.query or parts.fragment or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
