"""The relay, its hospital, its database, and the backend's key."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from joserfc import jwt
from prometheus_client import CollectorRegistry, generate_latest
from sqlmodel import col, select

from backend.relay.tokens import RelayTokens, ServiceKey
from chain.db import make_engine, reading
from oracle.adapters import make_desk
from oracle.db import migrate
from oracle.his.desk import HospitalDesk
from oracle.relay.models import RelayRequest
from oracle.relay.server import RelayServer, TlsFiles
from oracle.relay.service import Relay
from oracle.relay.tokens import load_keys
from oracle.vault import Vault
from sandbox.his.people import patient
from sandbox.his.store import ensure_patients, open_database

READ, SEARCH, HEALTH = (
    "/relay/v1/patients/read",
    "/relay/v1/registrations/search",
    "/relay/v1/health",
)
ACTOR = "3f1f9a52-2f0b-4c5b-9a43-7d1f6c0f8f11"
FIRST, SECOND = patient(1), patient(2)
NUMBER, OTHER = FIRST.number, SECOND.number
PERSON = {"name": FIRST.name, "birthDate": FIRST.birth.isoformat(), "sex": "female"}
ASKS = json.dumps({"number": NUMBER}).encode()
SCOPE = {"purpose": "first-visit", "actor": ACTOR, "patient": NUMBER}


@dataclass
class Answer:
    """What came over the socket."""

    status: int
    content: dict[str, Any]
    headers: dict[str, str]

    @property
    def error(self) -> tuple[int, str, str]:
        return self.status, self.content.get("error", ""), self.content.get("reason", "")


class RelayWorld:
    """One relay on a free port."""

    PER_MINUTE = 30

    PATIENCE = 10.0

    def __init__(self, folder: Path, tls: TlsFiles | None = None, database_url: str = "") -> None:
        self.now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
        self.desk: HospitalDesk | None = self.make_desk(folder)
        self.database = make_engine(database_url or f"sqlite:///{folder}/oracle.sqlite3")
        self.database.hide_parameters = True
        migrate(self.database)
        self.key = ServiceKey.create(folder / "service-key.pem")
        (folder / "relay-keys.json").write_text(json.dumps(self.key.public_jwks()))
        self.registry = CollectorRegistry()
        self.keys_file = folder / "relay-keys.json"
        self.relay = self.make_relay(self.registry)
        self.server = RelayServer(self.relay, "127.0.0.1", 0, tls)

    def make_desk(self, folder: Path) -> HospitalDesk | None:
        """The desk of a small hospital behind views."""
        self.hospital_url = f"sqlite:///{folder}/his.sqlite3"
        hospital = open_database(self.hospital_url)
        ensure_patients(hospital, 40)
        hospital.dispose()
        return make_desk("sql", {"url": self.hospital_url}, lambda: self.now)

    def make_relay(self, registry: CollectorRegistry) -> Relay:
        """The relay, as at each start of the oracle."""
        return Relay(
            self.desk,
            load_keys(self.keys_file),
            self.database,
            Vault.from_key(b"k" * 32),
            lambda: self.now,
            per_minute=self.PER_MINUTE,
            registry=registry,
            patience=self.PATIENCE,
        )

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()
        self.database.dispose()

    # --- as the backend

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def token(self, method: str, path: str, body: bytes, scope: dict[str, Any]) -> str:
        return RelayTokens(self.key, lambda: self.now).token(method, path, body, scope)

    def forged(self, key: ServiceKey | None = None, **claims: Any) -> str:
        """A token for `ASKS`, right but for `claims`."""
        right = self.token("POST", READ, ASKS, SCOPE)
        header, payload = (jwt.decode(right, self.key.key, algorithms=["ES256"]).claims for _ in range(2))
        signer = key or self.key
        header = {"alg": "ES256", "kid": self.key.kid}
        return jwt.encode(header, {**payload, **claims}, signer.key, algorithms=["ES256"])

    def ask(self, path: str, content: Any, scope: dict[str, Any], method: str = "POST") -> Answer:
        """A request as the backend makes it."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        return self.send(method, path, body, self.token(method, path, body, scope))

    def read(self, number: str = NUMBER, **scope: Any) -> Answer:
        return self.ask(READ, {"number": number}, SCOPE | scope)

    def search(self, person: dict[str, Any] = PERSON, **scope: Any) -> Answer:
        whole = {"purpose": "first-visit", "actor": ACTOR, "person": PERSON}
        return self.ask(SEARCH, person, whole | scope)

    # --- as anybody

    def send(self, method: str, path: str, body: bytes, token: str | None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(*self.server.address, timeout=20)
        given = {} if token is None else {"authorization": f"Bearer {token}"}
        connection.request(method, path, body or None, {**given, **headers})
        response = connection.getresponse()
        content = json.loads(response.read())
        connection.close()
        return Answer(response.status, content, {k.lower(): v for k, v in response.getheaders()})

    def raw(self, text: bytes) -> bytes:
        """What any bytes are answered with."""
        with socket.create_connection(self.server.address, timeout=20) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(4096):
                parts.append(part)
        return b"".join(parts)

    # --- what is kept

    def log(self) -> list[RelayRequest]:
        with reading(self.database) as session:
            return list(session.exec(select(RelayRequest).order_by(col(RelayRequest.id))))

    def metrics(self) -> str:
        return generate_latest(self.registry).decode()
