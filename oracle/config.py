"""Settings of the oracle, read from the environment (`SAEGIM_ORACLE_…`) or `.env`; refuses to start when unsafe.

Key material is never a setting itself, only the file it stands in.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from chain.settings import Duration, Environment, ProcessSettings

DATA = Path(".data")


class OracleSettings(ProcessSettings):
    """One oracle process. Durations carry their unit in the type (a plain number is seconds); sizes are documents."""

    model_config = SettingsConfigDict(env_prefix="SAEGIM_ORACLE_")

    database_url: str = f"sqlite:///{DATA}/oracle.sqlite3"
    store_key_file: Path = DATA / "oracle" / "store.key"
    """32 bytes in hexadecimal that encrypt credentials and patient numbers in the database; made in development."""

    # The hospital system.
    adapter: str = "sql"
    adapter_config: dict[str, Any] = Field(default_factory=dict)
    """The adapter's own settings, as a JSON object."""
    read_interval: Duration = timedelta(milliseconds=250)
    read_size: int = Field(default=512, ge=1, le=10_000)
    """Rows of the hospital looked at in one page; bounds the memory that reading takes."""

    # The chain, by this institution's own nodes.
    deployment_file: Path = DATA / "network" / "deployment.json"
    node_urls: Annotated[tuple[str, ...], NoDecode] = ()
    """Empty: those of the deployment file."""
    node_timeout: Duration = timedelta(seconds=5)

    # Who issues. The institution's index on chain and the names its documents carry.
    institution: int = Field(default=1, ge=1)
    institution_name: str = "서울시 샘플의료원"

    # Keys, by name, in one folder: clear development files, or encrypted keystores and PEM files (`chain.keys`).
    keys_folder: Path = DATA / "network" / "keys"
    password_file: Path | None = None
    """Opens the encrypted ones; readable by the oracle's account alone."""
    operator_key: str = "hospital-oracle"
    """The account with the roles ANCHOR and STATUS."""
    document_key: str = "hospital-sign"
    """The P-256 key that signs documents, registered on chain."""
    service_key: str = "oracle-service"
    """The P-256 key of the oracle's tokens for the backend; made in development."""

    # Batches.
    batch_size: int = Field(default=1024, ge=1, le=65_536)
    batch_interval: Duration = timedelta(milliseconds=250)
    signing_processes: int = Field(default=0, ge=0, le=64)
    """Processes that check and sign documents beside this one; 0: in this process."""

    withdrawal_patience: Duration = timedelta(0)
    """How long a cancellation waits for a re-settlement that would make it a correction (취소 후 재수납)."""

    # The backend.
    backend_url: str = "http://127.0.0.1:8000"
    delivery_size: int = Field(default=512, ge=1, le=5_000)
    delivery_timeout: Duration = timedelta(seconds=20)
    retry_first: Duration = timedelta(seconds=1)
    retry_longest: Duration = timedelta(minutes=5)

    # What is kept. Days are counted from the backend's acknowledgement.
    content_retention: Duration = timedelta(days=7)
    """Credential, salts and patient number."""
    leaf_retention: Duration = timedelta(days=400)
    """Leaf lists: while they last, a late cancellation or correction can still be marked on chain."""

    lease: Duration = timedelta(seconds=30)
    """How long a process that died keeps the others, and its own successor, from sending and forming batches."""

    # The relay, for the backend alone (docs/relay.md).
    relay_keys_file: Path | None = None
    """The backend's public keys (JWKS). None: no relay, nobody is answered."""
    relay_host: str = "127.0.0.1"
    relay_port: int = Field(default=8611, ge=0, le=65_535)
    relay_rate: int = Field(default=60, ge=1, le=10_000)
    """Requests a minute for each purpose."""
    relay_patience: float = Field(default=4.0, gt=0, le=60)
    """Seconds that the hospital system may take for an answer; less than the backend waits for the relay."""
    relay_certificate_file: Path | None = None
    relay_certificate_key_file: Path | None = None
    relay_client_ca_file: Path | None = None
    """PEM files: off loopback the relay speaks TLS alone, with clients that this authority has signed."""

    health_host: str = "127.0.0.1"
    health_port: int = Field(default=8610, ge=0, le=65_535)
    log_level: str = "INFO"

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: object) -> object:
        """Node addresses are written with commas, as an operator would in a unit file."""
        if isinstance(values, dict) and isinstance(values.get("node_urls"), str):
            values["node_urls"] = tuple(
                part.strip() for part in values["node_urls"].split(",") if part.strip()
            )
        return values

    @model_validator(mode="after")
    def _safe(self) -> Self:
        """What holds everywhere, then what production needs."""
        if not ip_address(self.health_host).is_loopback:
            raise ValueError(
                "SAEGIM_ORACLE_HEALTH_HOST must be a loopback address: metrics carry no password"
            )
        if self.leaf_retention < self.content_retention:
            raise ValueError(
                "SAEGIM_ORACLE_LEAF_RETENTION must not be shorter than SAEGIM_ORACLE_CONTENT_RETENTION"
            )
        self._safe_relay()
        if self.environment is Environment.PRODUCTION:
            self._safe_in_production()
        return self

    def _safe_relay(self) -> None:
        files = (self.relay_certificate_file, self.relay_certificate_key_file, self.relay_client_ca_file)
        if any(files) and not all(files):
            raise ValueError(
                "SAEGIM_ORACLE_RELAY_CERTIFICATE_FILE, …_CERTIFICATE_KEY_FILE and …_CLIENT_CA_FILE go together"
            )
        if not ip_address(self.relay_host).is_loopback and not all(files):
            raise ValueError(
                "SAEGIM_ORACLE_RELAY_HOST off loopback needs TLS with client certificates: give "
                "SAEGIM_ORACLE_RELAY_CERTIFICATE_FILE, …_CERTIFICATE_KEY_FILE and …_CLIENT_CA_FILE"
            )

    def _safe_in_production(self) -> None:
        if self.password_file is None:
            raise ValueError("SAEGIM_ORACLE_PASSWORD_FILE must name the file that opens the encrypted keys")
        if urlsplit(self.backend_url).scheme != "https":
            raise ValueError(
                "SAEGIM_ORACLE_BACKEND_URL must be https in production: it carries medical documents"
            )
