"""`SAEGIM_ORACLE_ADAPTER_CONFIG` of the adapter `fhir`, and the adapter it makes."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.his.fhir.adapter import FhirAdapter, name_of
from oracle.his.fhir.http import Authorization, FhirHttp, Limits
from oracle.his.fhir.mapping import FhirMapping
from oracle.his.fhir.tokens import BackendServices, FileToken

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
    name = name_of(mapping)
    limits = Limits(timeout=config.timeout, most_bytes=config.most_megabytes * 1024 * 1024)
    verify = str(config.trust_file) if config.trust_file else True
    http = FhirHttp(
        name, config.base, _authorization(name, config, clock), limits=limits, clock=clock, verify=verify
    )
    return FhirAdapter(mapping, http, clock=clock)


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
