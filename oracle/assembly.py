"""Puts a pipeline together from the settings: keys, database, adapter, chain, backend."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Engine

from chain.client import ChainClient
from chain.clock import Clock, utc_now
from chain.contracts import InstitutionRegistry
from chain.db import make_engine
from chain.deployment import Deployment
from chain.keys import KeyRing
from chain.settings import Environment
from oracle.adapters import make_adapter
from oracle.audit_heads import AuditHeads
from oracle.backend_client import HttpBackend
from oracle.batching import Batching
from oracle.chain_link import SenderChain, connect
from oracle.cleanup import Cleanup
from oracle.config import OracleSettings
from oracle.db import require_current
from oracle.delivery import Delivering
from oracle.delivery_body import BodyMaker
from oracle.errors import NotConfigured
from oracle.his.base import HisAdapter
from oracle.his.optional import Closing, Keeping
from oracle.intake import Intake
from oracle.issue import Issuing, LocalMaker, Maker, PoolMaker
from oracle.issue_keys import IssueKeys
from oracle.key_guard import KeyGuard
from oracle.marks import Marking
from oracle.observer import Observer
from oracle.pipeline import Pipeline
from oracle.service_token import ServiceTokens
from oracle.settling import Settling
from oracle.trees import TreeCache
from oracle.vault import Vault, load_store_key
from records.issuer import Issuer, IssuerKey


@dataclass(frozen=True)
class Oracle:
    """A pipeline and what it was made of."""

    settings: OracleSettings
    database: Engine
    deployment: Deployment
    client: ChainClient
    chain: SenderChain
    adapter: HisAdapter
    backend: HttpBackend
    pipeline: Pipeline

    def close(self) -> None:
        """End everything: processes, connections, leases."""
        if isinstance(self.adapter, Closing):
            self.adapter.close()
        self.pipeline.close()
        self.chain.sender.close()
        self.backend.close()
        self.client.close()
        self.database.dispose()


def assemble(settings: OracleSettings, clock: Clock = utc_now) -> Oracle:
    """Make an oracle. Touches its own files and database, no network.

    Raises NotConfigured, SchemaOutdated, KeyFileInvalid, KeyRefused, DeploymentUnreadable.
    """
    database = _current_database(settings)
    deployment = Deployment.load(settings.deployment_file)
    client = _client(settings, deployment)
    keys, observer, owner = key_ring(settings), Observer(), _owner()
    vault = _vault(settings)
    adapter = make_adapter(settings.adapter, settings.adapter_config, database, clock, vault)
    chain = connect(
        database,
        deployment,
        client,
        keys.account(settings.operator_key),
        issuer=settings.institution,
        clock=clock,
        lease=settings.lease,
        alarm=observer.settled_block_lost,
        registry=observer.registry,
    )
    maker, backend = _maker(settings, keys, deployment.chain_id, clock), _backend(settings, clock)
    pipeline = Pipeline(
        database=database,
        clock=clock,
        intake=Intake(database, adapter, maker, vault, clock, settings.read_size),
        batching=_batching(settings, database, chain, clock, owner),
        chain=chain,
        settling=Settling(database, chain, clock),
        marking=Marking(database, chain, clock, owner, settings.withdrawal_patience, settings.lease),
        delivering=_delivering(settings, database, backend, vault, clock),
        cleanup=Cleanup(
            database,
            clock,
            settings.content_retention,
            settings.leaf_retention,
            adapter if isinstance(adapter, Keeping) else None,
        ),
        audit_heads=AuditHeads(database, backend, clock, settings.institution),
        observer=observer,
        may_issue=_guard(settings, deployment, client, keys, clock).check,
    )
    return Oracle(settings, database, deployment, client, chain, adapter, backend, pipeline)


def _guard(
    settings: OracleSettings, deployment: Deployment, client: ChainClient, keys: KeyRing, clock: Clock
) -> KeyGuard:
    registry = InstitutionRegistry(client, deployment.address("InstitutionRegistry"))
    _, kid = keys.document_key(settings.document_key)
    return KeyGuard(lambda: registry.key(kid), clock)


def _client(settings: OracleSettings, deployment: Deployment) -> ChainClient:
    return ChainClient(_node_urls(settings, deployment), timeout=settings.node_timeout.total_seconds())


def _vault(settings: OracleSettings) -> Vault:
    return Vault.from_key(load_store_key(settings.store_key_file, create=not _in_production(settings)))


def _backend(settings: OracleSettings, clock: Clock) -> HttpBackend:
    timeout = settings.delivery_timeout.total_seconds()
    return HttpBackend(settings.backend_url, service_tokens(settings, clock), timeout)


def _batching(
    settings: OracleSettings, database: Engine, chain: SenderChain, clock: Clock, owner: str
) -> Batching:
    return Batching(
        database, chain, clock, owner, settings.batch_size, settings.batch_interval, settings.lease
    )


def _delivering(
    settings: OracleSettings, database: Engine, backend: HttpBackend, vault: Vault, clock: Clock
) -> Delivering:
    return Delivering(
        database,
        backend,
        BodyMaker(vault, TreeCache(), settings.institution),
        clock,
        settings.delivery_size,
        settings.retry_first,
        settings.retry_longest,
        claim=2 * settings.delivery_timeout,
    )


def open_database(settings: OracleSettings) -> Engine:
    """The oracle's database. Its errors name no values: they would carry source keys into logs."""
    engine = make_engine(settings.database_url)
    engine.hide_parameters = True
    return engine


def _current_database(settings: OracleSettings) -> Engine:
    database = open_database(settings)
    require_current(database)
    return database


def key_ring(settings: OracleSettings) -> KeyRing:
    """The oracle's keys."""
    return KeyRing(
        settings.keys_folder,
        password_file=settings.password_file,
        environ={"SAEGIM_ENV": settings.environment.value},
    )


def service_tokens(settings: OracleSettings, clock: Clock = utc_now) -> ServiceTokens:
    """Tokens for the backend; in development the key is made. Raises KeyRefused."""
    keys, name = key_ring(settings), settings.service_key
    key, _ = keys.document_key(name) if _in_production(settings) else keys.create_document_key(name)
    return ServiceTokens(key, clock)


def _maker(settings: OracleSettings, keys: KeyRing, chain_id: int, clock: Clock) -> Maker:
    private, _ = keys.document_key(settings.document_key)
    iss = f"urn:saegim:{chain_id}:institution:{settings.institution}"
    issuing = Issuing(Issuer(iss, settings.institution_name), IssuerKey.of(private))
    secrets = IssueKeys(settings.store_key_file.parent / "issue-keys")
    if settings.signing_processes == 0:
        return LocalMaker(issuing, clock, secrets)
    return PoolMaker(issuing, clock, secrets, settings.signing_processes)


def _node_urls(settings: OracleSettings, deployment: Deployment) -> tuple[str, ...]:
    urls = settings.node_urls or deployment.rpc_urls
    if not urls:
        raise NotConfigured("SAEGIM_ORACLE_NODE_URLS", "name at least one node of this institution")
    return urls


def _in_production(settings: OracleSettings) -> bool:
    return settings.environment is Environment.PRODUCTION


def _owner() -> str:
    """A name for this process in leases."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
