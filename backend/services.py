"""What the endpoints work with, built once per process from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request
from joserfc.jwk import KeySet
from sqlalchemy import Engine

from backend.config import Settings
from backend.node import OwnNode
from backend.service_token import load_keys
from backend.vault import KeyEncryptionKeys, Vault
from chain.clock import Clock, utc_now
from chain.db import make_engine
from chain.settings import Environment


@dataclass(frozen=True, slots=True)
class Services:
    """One backend process."""

    settings: Settings
    clock: Clock
    database: Engine
    keys_database: Engine
    vault: Vault
    node: OwnNode
    oracle_keys: KeySet

    @classmethod
    def build(cls, settings: Settings, *, clock: Clock = utc_now) -> Self:
        """Open everything the process needs; no network is touched yet.

        Raises:
            KeyRingInvalid, ServiceKeysInvalid, DeploymentInvalid, TrustError: a file is missing or wrong.
        """
        strict = settings.environment is Environment.PRODUCTION
        keys_database = make_engine(settings.keys_database_url)
        keys = KeyEncryptionKeys.load(settings.key_encryption_key_file, strict_mode=strict)
        return cls(
            settings=settings,
            clock=clock,
            database=make_engine(settings.database_url),
            keys_database=keys_database,
            vault=Vault(keys_database, keys),
            node=OwnNode.open(settings, clock),
            oracle_keys=load_keys(settings.oracle_keys_file),
        )

    def close(self) -> None:
        """Give connections back."""
        self.node.close()
        self.database.dispose()
        self.keys_database.dispose()


def services(request: Request) -> Services:
    built: Services = request.app.state.services
    return built


ServicesDep = Annotated[Services, Depends(services)]
