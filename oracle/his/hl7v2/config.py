"""`SAEGIM_ORACLE_ADAPTER_CONFIG` of the adapter `hl7v2`, and the adapter it makes."""

from __future__ import annotations

import ssl
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.errors import NotConfigured
from oracle.his.asking import DESK_SECONDS, Desk
from oracle.his.desk import HospitalDesk
from oracle.his.hl7v2.adapter import Hl7Adapter
from oracle.his.hl7v2.desk import Hl7Source
from oracle.his.hl7v2.inbox import Inbox
from oracle.his.hl7v2.listener import Limits, Listener
from oracle.his.hl7v2.mapping import Mapping
from oracle.his.hl7v2.queries import Address, QueryClient
from oracle.his.hl7v2.receiver import Counts, Receiver
from oracle.vault import Vault

_SANDBOX = Path(__file__).resolve().parent / "mapping.yaml"


class Tls(BaseModel):
    """PEM files. client_ca: who may connect; without it any client may."""

    model_config = ConfigDict(extra="forbid")

    certificate: Path
    key: Path
    client_ca: Path | None = None


class QueryConfig(BaseModel):
    """Where the interface engine answers queries. ca, certificate (with its key): PEM files of TLS; plain: without TLS
    beyond this machine, inside a network that encrypts by itself."""

    model_config = ConfigDict(extra="forbid")

    host: str
    port: int = Field(ge=1, le=65_535)
    ca: Path | None = None
    certificate: Path | None = None
    plain: bool = False
    seconds: float = Field(default=5.0, gt=0)

    @model_validator(mode="after")
    def _in_secret(self) -> Self:
        """Who somebody is goes over this connection."""
        if self.ca is None and not self.plain and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("an engine beyond this machine needs ca: names and numbers of people go there")
        return self


class Hl7Config(BaseModel):
    """Settings of the adapter `hl7v2`. Sizes in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    """IP address to listen on."""
    port: int = Field(default=2575, ge=0, le=65_535)
    """2575 is registered for HL7."""
    mapping: Path = _SANDBOX
    """Which message means what, and which field holds what."""
    tls: Tls | None = None
    peers: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that may connect, such as ["10.1.2.3/32"]; empty: any."""
    message_bytes: int = Field(default=8_000_000, ge=1_000, le=64_000_000)
    connections: int = Field(default=100, ge=1, le=1_000)
    frame_seconds: float = Field(default=30.0, gt=0)
    """From the first byte of a message to its last."""
    idle_seconds: float = Field(default=3_600.0, gt=0)
    """Between two messages."""
    query: QueryConfig | None = None
    """The engine's other port, for what `queries` of the mapping names; None: this hospital answers none."""

    @model_validator(mode="after")
    def _known_senders(self) -> Self:
        """What comes here is signed in the hospital's name: off this machine, know who sends it."""
        try:
            loopback = ip_address(self.host).is_loopback
        except ValueError:
            raise ValueError("host must be an IP address") from None
        if not loopback and not self.peers and (self.tls is None or self.tls.client_ca is None):
            raise ValueError(
                "a host that others reach needs tls with client_ca, or peers: the networks that may connect"
            )
        return self


def make_hl7v2(config: Hl7Config, database: Engine, clock: Clock, vault: Vault) -> Hl7Adapter:
    """The adapter of these settings. Raises MappingInvalid, NotConfigured."""
    mapping, counts = Mapping.load(config.mapping), Counts()
    inbox = Inbox(database, vault, clock)
    receiver = Receiver(inbox, mapping, clock, counts)
    limits = Limits(config.message_bytes, config.connections, config.frame_seconds, config.idle_seconds)
    tls = _context(config.tls) if config.tls else None
    listener = Listener(config.host, config.port, receiver.answer, limits, tls=tls, peers=config.peers)
    counts.connections.set_function(lambda: listener.connections)
    return Hl7Adapter(mapping, inbox, listener, counts)


def make_hl7v2_desk(config: Hl7Config, clock: Clock) -> HospitalDesk | None:
    """The desk of these settings; None where no queries are answered. Raises MappingInvalid, NotConfigured."""
    mapping = Mapping.load(config.mapping)
    if config.query is None or not mapping.queries:
        return None
    asked = config.query
    address = Address(asked.host, asked.port, min(asked.seconds, DESK_SECONDS), _trusting(asked))
    client = QueryClient(f"hl7v2:{mapping.name}", address, clock, charset=mapping.text.binary)
    return Desk(Hl7Source(mapping, client), ZoneInfo(mapping.time_zone), clock)


def _trusting(asked: QueryConfig) -> ssl.SSLContext | None:
    """TLS as a client. Raises NotConfigured."""
    if asked.ca is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(asked.ca))
        if asked.certificate is not None:
            context.load_cert_chain(asked.certificate)
    except (OSError, ssl.SSLError) as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", "query: a file can not be used as PEM") from error
    return context


def _context(tls: Tls) -> ssl.SSLContext:
    """TLS as a server. Raises NotConfigured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise NotConfigured("SAEGIM_ORACLE_ADAPTER_CONFIG", "tls: a file can not be used as PEM") from error
    return context
