"""What the endpoints work with, built once per process from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from fastapi import Depends, Request
from joserfc.jwk import KeySet
from sqlalchemy import Engine

from backend.clients.scope import Sheets
from backend.config import Settings
from backend.identity.authenticator import AuthenticationServer, PasskeyServer
from backend.node import OwnNode
from backend.providers.build import eligibility_provider, identity_provider, social_providers
from backend.providers.eligibility import EligibilityProvider, NullEligibility
from backend.providers.identity import IdentityProvider
from backend.providers.social import SocialProvider
from backend.service_token import load_keys
from backend.vault import KeyEncryptionKeys, Vault
from backend.web.i18n import current_language
from chain.clock import Clock, utc_now
from chain.db import make_engine
from chain.settings import Environment

SPARE_CONNECTIONS: Final = 4
"""Above one for each thread: whoever reads and must write a line of the log needs a second for a moment."""


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
    authenticator: AuthenticationServer
    identity: IdentityProvider
    scopes: Sheets = field(default_factory=lambda: Sheets({}))
    social: Mapping[str, SocialProvider] = field(default_factory=dict)
    eligibility: EligibilityProvider = field(default_factory=NullEligibility)

    @classmethod
    def build(cls, settings: Settings, *, clock: Clock = utc_now) -> Self:
        """Open everything the process needs; no network is touched yet.

        Raises:
            KeyRingInvalid, ServiceKeysInvalid, DeploymentInvalid, TrustError: a file is missing or wrong.
            ProviderConfigInvalid: the settings of an outside party are missing or unsafe.
        """
        strict = settings.environment is Environment.PRODUCTION
        database, keys_database = databases(settings)
        keys = KeyEncryptionKeys.load(settings.key_encryption_key_file, strict_mode=strict)
        return cls(
            settings=settings,
            clock=clock,
            database=database,
            keys_database=keys_database,
            vault=Vault(keys_database, keys),
            node=OwnNode.open(settings, clock),
            oracle_keys=load_keys(settings.oracle_keys_file),
            authenticator=passkey_server(settings),
            identity=identity_provider(settings, clock),
            social=social_providers(settings, clock),
            scopes=Sheets.load(settings.scope_folder),
            eligibility=eligibility_provider(settings, clock),
        )

    def institution_name(self, institution: int) -> str:
        """What an institution of the network calls itself, in the reader's language; its index if it is unknown."""
        named = self.node.trust.institution_name(institution)
        if named is None:
            return str(institution)
        return named.name_en if current_language() == "en" else named.name_ko

    def hospital_name(self) -> str:
        """What this hospital calls itself: the settings' institution, or else the first hospital of the trust file."""
        listed = self.node.trust.institutions
        own = self.settings.hospital_index
        index = next(
            (each.index for each in listed if own in (None, each.index) and each.kind == "hospital"), own
        )
        return "" if index is None else self.institution_name(index)

    def close(self) -> None:
        """Give connections back."""
        self.node.close()
        self.identity.close()
        for each in self.social.values():
            each.close()
        self.eligibility.close()
        self.database.dispose()
        self.keys_database.dispose()


def databases(settings: Settings) -> tuple[Engine, Engine]:
    """The documents' database and the keys', with enough connections for every thread that answers requests."""
    threads = settings.request_threads
    return (
        make_engine(settings.database_url, connections=threads + SPARE_CONNECTIONS),
        make_engine(settings.keys_database_url, connections=threads),
    )


def passkey_server(settings: Settings) -> PasskeyServer:
    """Passkeys for the public address: its host is the RP id, so that they work there and nowhere else."""
    address = urlsplit(settings.public_url)
    return PasskeyServer(rp_id=address.hostname or "localhost", origin=settings.public_url.rstrip("/"))


async def services(request: Request) -> Services:  # async: not worth a thread
    built: Services = request.app.state.services
    return built


ServicesDep = Annotated[Services, Depends(services)]
