"""Settings of the backend, read from the environment (`SAEGIM_BACKEND_…`) or `.env`; refuses to start when unsafe."""

from __future__ import annotations

from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from backend.client_policy import ClientPolicy
from backend.limits.rules import rules_of
from chain.settings import Duration, Environment, ProcessSettings

DATA = Path(".data")


class Settings(ProcessSettings):
    """One backend process. Durations carry their unit in the type; sizes are bytes."""

    model_config = SettingsConfigDict(env_prefix="SAEGIM_BACKEND_")

    # Storage. Wrapped document keys live apart from the documents, outside long-term backups, so that destroying
    # a key destroys the document in every backup that is old enough.
    database_url: str = f"sqlite:///{DATA}/backend.sqlite3"
    keys_database_url: str = f"sqlite:///{DATA}/backend-keys.sqlite3"
    key_encryption_key_file: Path = DATA / "backend" / "key-encryption-keys.json"

    # The chain, seen from this institution's own node(s).
    deployment_file: Path = DATA / "network" / "deployment.json"
    trust_file: Path = DATA / "network" / "network.json"
    node_urls: Annotated[tuple[str, ...], NoDecode] = ()
    node_timeout: timedelta = timedelta(seconds=5)

    # Who may deliver: the public keys (JWKS) of the hospital's oracle.
    oracle_keys_file: Path = DATA / "backend" / "oracle-keys.json"

    # What other institutions are given: one data-scope sheet (YAML) for each; without one, nothing.
    scope_folder: Path = Path("deploy") / "scope"

    # The hospital system, by the oracle's relay alone (docs/relay.md). Empty: no relay.
    relay_url: str = ""
    relay_timeout: timedelta = timedelta(seconds=5)
    service_key_file: Path = DATA / "backend" / "service-key.pem"
    """Signs the backend's tokens for the relay: `python -m backend service-key`."""
    relay_ca_file: Path | None = None
    relay_certificate_file: Path | None = None
    relay_certificate_key_file: Path | None = None
    """PEM files for a relay beyond this machine: whom to trust, and what to show it."""

    public_url: str = "http://127.0.0.1:8000"
    partner_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins of other members whose document links the verify page may follow; no other address is ever fetched."""

    hospital_index: int | None = None
    """Which institution of the network this is, for its name on the pages; none: the trust file's first hospital."""
    client_least: str = ""
    """Installed clients (shell, kiosk, pwa) below these versions are refused: `shell=1.4, kiosk=2`."""
    client_recommended: str = ""
    """Below these they are answered and told to update."""

    share_link_lifetime: timedelta = timedelta(days=7)
    request_size_limit: int = 2_000_000
    request_threads: int = 20
    """Requests that a process works on at once; more wait. Each may hold two connections to the documents' database
    for a moment: a process opens at most this many and four to it, and this many to the keys'."""
    delivery_size_limit: int = 64_000_000
    form_size_limit: int = 100_000
    header_size_limit: int = 16_384
    """Request line and headers; a longer one is not read to its end."""
    body_timeout: Duration = timedelta(seconds=30)
    """How long a whole body may take to come."""
    log_format: Literal["text", "json"] = "text"
    limits: str = ""
    """Changes to backend/limits/rules.py: `phone-number=3/1d, guess-pair=5/10m/1m/1h, sign-in=off`."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "::1")
    """Whose `X-Forwarded-For` is believed: addresses and networks of the reverse proxies, nobody else's."""

    # Outside parties (backend/providers). "none" warns at start. Secrets have no default.
    identity_provider: Literal["none", "portone"] = "none"
    identity_url: str = "https://api.portone.io"
    identity_secret: SecretStr | None = None
    identity_store_id: str = ""
    identity_channel_key: str = ""
    identity_window_url: str = ""
    identity_webhook_secret: SecretStr | None = None
    identity_proxy: str = ""
    identity_timeout: timedelta = timedelta(seconds=5)
    eligibility_provider: Literal["none", "gateway"] = "none"
    eligibility_url: str = ""
    eligibility_token: SecretStr | None = None
    eligibility_institution: str = ""
    eligibility_ca_file: Path | None = None
    eligibility_timeout: timedelta = timedelta(seconds=10)

    # Sign-in with an account elsewhere (docs/social-sign-in.md): "kakao", "naver", with commas; empty: no buttons.
    social_providers: Annotated[tuple[Literal["kakao", "naver"], ...], NoDecode] = ()
    kakao_issuer: str = "https://kauth.kakao.com"
    kakao_client_id: str = ""
    kakao_client_secret: SecretStr | None = None
    kakao_app_id: str = ""
    kakao_admin_key: SecretStr | None = None
    """With the app's id: notices of disconnected accounts are taken at /hooks/social/kakao."""
    naver_issuer: str = "https://nid.naver.com"
    naver_client_id: str = ""
    naver_client_secret: SecretStr | None = None
    social_proxy: str = ""
    social_timeout: timedelta = timedelta(seconds=5)

    # Identity and eligibility at the visit (docs/eligibility.md): what the rules were seen to say, to be set otherwise.
    eligibility_identity_months: int = 6
    eligibility_letter_days: int = 7
    eligibility_holidays: Annotated[tuple[date, ...], NoDecode] = ()
    """Days that the letter's days leave out (YYYY-MM-DD, comma-separated); none: every day counts."""
    eligibility_owed_days: int = 14
    eligibility_keep: timedelta = timedelta(days=1827)
    """How long look-ups, letters, checks and confirmations are kept; see docs/eligibility.md for why five years."""

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: object) -> object:
        """Lists of addresses are written with commas, as an operator would in a unit file."""
        if isinstance(values, dict):
            for name in ("node_urls", "partner_urls", "eligibility_holidays", "trusted_proxies"):
                if isinstance(values.get(name), str):
                    values[name] = tuple(part.strip() for part in values[name].split(",") if part.strip())
        return values

    @field_validator("limits")
    @classmethod
    def _known_limits(cls, value: str) -> str:
        rules_of(value)
        return value

    @model_validator(mode="after")
    def _readable_client_rules(self) -> Self:
        ClientPolicy.read(self.client_least, self.client_recommended)
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Addresses and networks only: uvicorn would take a misspelt one for a host's name, and `*` for everybody."""
        for each in value:
            if ip_network(each).prefixlen == 0:
                raise ValueError("a network of all addresses would let everybody say where they come from")
        return value

    @field_validator("social_providers", mode="before")
    @classmethod
    def _split_providers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment is not Environment.PRODUCTION:
            return self
        if not self.public_url.startswith("https://"):
            raise ValueError(
                "SAEGIM_BACKEND_PUBLIC_URL must be https in production: links and cookies depend on it"
            )
        if self.database_url == self.keys_database_url:
            raise ValueError(
                "SAEGIM_BACKEND_KEYS_DATABASE_URL must be another database: keys live apart from documents"
            )
        return self
