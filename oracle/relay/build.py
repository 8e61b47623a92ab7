"""The relay of the settings."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from chain.clock import Clock
from oracle.adapters import make_desk
from oracle.config import OracleSettings
from oracle.relay.server import RelayServer, TlsFiles
from oracle.relay.service import Relay
from oracle.relay.tokens import load_keys
from oracle.vault import Vault, load_store_key


def relay_server(
    settings: OracleSettings, database: Engine, clock: Clock, registry: CollectorRegistry
) -> RelayServer | None:
    """The server, not yet started; None where no keys are given: then nobody is answered.

    Raises KeyFileInvalid, NotConfigured; OSError when the address is taken.
    """
    if settings.relay_keys_file is None:
        return None
    relay = Relay(
        make_desk(settings.adapter, settings.adapter_config, clock),
        load_keys(settings.relay_keys_file),
        database,
        Vault.from_key(load_store_key(settings.store_key_file, create=False)),
        clock,
        per_minute=settings.relay_rate,
        registry=registry,
        patience=settings.relay_patience,
    )
    return RelayServer(relay, settings.relay_host, settings.relay_port, _tls(settings))


def _tls(settings: OracleSettings) -> TlsFiles | None:
    certificate, key, client_ca = (
        settings.relay_certificate_file,
        settings.relay_certificate_key_file,
        settings.relay_client_ca_file,
    )
    if certificate is None or key is None or client_ca is None:
        return None
    return TlsFiles(certificate, key, client_ca)
