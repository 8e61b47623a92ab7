"""One backend with its oracle, its chain and its clock: what the backend's tests vary."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from case import Case
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from httpx import Response

from backend.app import create_app
from backend.config import Settings
from backend.db import migrate
from backend.documents import links
from backend.identity.authenticator import PasskeyServer
from backend.node import NodeNotUsable, OwnNode, UnknownKey
from backend.providers.errors import ProviderRefused, ProviderUnavailable
from backend.providers.identity import (
    Begun,
    Customer,
    Failed,
    FailureReason,
    Gender,
    Method,
    Operator,
    Pending,
    Purpose,
    Result,
    Verified,
)
from backend.service_token import load_keys
from backend.services import Services
from backend.vault import KeyEncryptionKeys, Vault
from chain.db import make_engine, writing
from chain.errors import NodeUnavailable
from chain.headers import Header
from chain.p256 import kid_to_text, thumbprint
from chain.settings import Environment
from oracle.service_token import ServiceTokens
from records.credential import IssuedCredential


class ChainBehind(OwnNode):
    """The own node, answered by the synthetic chain; `down` makes it fail as a dead node would."""

    def __init__(self, case: Case, clock: Any) -> None:
        self.case = case
        self.trust = case.trust
        self.down = False
        self._clock = clock

    @property
    def client(self) -> Any:  # type: ignore[override]
        return self

    def call(self, method: str, *params: Any) -> Any:
        if self.down:
            raise NodeUnavailable("http://node", "refused")
        return self.case.node.call(method, *params)

    def batch(self, calls: Any) -> Any:
        if self.down:
            raise NodeUnavailable("http://node", "refused")
        return self.case.node.batch(calls)

    def signing_key(self, kid: str) -> ec.EllipticCurvePublicKey:
        if self.down:
            raise NodeNotUsable("node_unavailable")
        if kid != self.case_kid:
            raise UnknownKey(kid)
        return self.case.key.public_key()

    @property
    def case_kid(self) -> str:
        return kid_to_text(thumbprint(*self.case.point))

    def state(self) -> str:
        return "unreachable" if self.down else "ok"

    def sources(self) -> Any:
        return (self,)

    def head(self) -> Header:
        return Header.from_rpc(self.call("eth_getBlockByNumber", "latest", False))

    def close(self) -> None:
        return


class Agency:
    """An identification agency that vouches for whom a test says: `people` by telephone; `otp` is the right number.

    The real adapter and its protocol are tried against the stand-in in tests/backend/providers.
    """

    otp = "123456"

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.people: dict[str, Verified] = {}
        self.sent: dict[str, Customer] = {}
        self.down = False

    def knows(self, phone: str, *, name: str = "가상환자01", number: int = 1) -> str:
        """Let a synthetic person have this telephone; their CI."""
        ci = b64encode(bytes([number]) * 64).decode()
        born = date(1990, 1, 1)
        self.people[phone] = Verified("", self.clock(), ci, name, born, Gender.FEMALE, False, phone)
        return ci

    def begin(self, purpose: Purpose, return_url: str) -> Begun:
        return Begun(f"iv-{uuid4().hex}", None, {})

    def send(self, verification_id: str, customer: Customer, operator: Operator, method: Method) -> None:
        self._asked("send")
        self.sent[verification_id] = customer

    def resend(self, verification_id: str) -> None:
        self._asked("resend")

    def confirm(self, verification_id: str, otp: str | None = None) -> Result:
        self._asked("confirm")
        if otp != self.otp:
            raise ProviderRefused("agency", "confirm", "INVALID_OTP", 400)
        return self.result(verification_id)

    def result(self, verification_id: str) -> Result:
        customer = self.sent.get(verification_id)
        if customer is None:
            return Pending(verification_id)
        known = self.people.get(customer.phone)
        if known is None:
            return Failed(verification_id, FailureReason.DECLINED)
        return replace(known, verification_id=verification_id, verified_at=self.clock())

    def close(self) -> None:
        return

    def _asked(self, operation: str) -> None:
        if self.down:
            raise ProviderUnavailable("agency", operation, "down")


class World:
    """A backend process as the outside sees it."""

    def __init__(self, folder: Path, *, database_url: str = "", keys_database_url: str = "") -> None:
        self.folder = folder
        self.case = Case()
        self.case.chain.mine(5)
        self.late = timedelta(0)
        self.tokens = ServiceTokens(ec.generate_private_key(ec.SECP256R1()), self.clock)
        (folder / "oracle-keys.json").write_text(json.dumps({"keys": [self.tokens.public_jwk()]}))
        self.settings = Settings(
            _env_file=None,
            environment=Environment.TEST,
            database_url=database_url or f"sqlite:///{folder}/main.sqlite3",
            keys_database_url=keys_database_url or f"sqlite:///{folder}/keys.sqlite3",
            trust_file=folder / "network.json",
            public_url="http://testserver",
            partner_urls=("http://partner.test",),
            request_size_limit=300_000,
        )
        self.case.trust.save(self.settings.trust_file)
        self.node = ChainBehind(self.case, self.clock)
        self.agency = Agency(self.clock)
        self.services = self._services()
        self.app = create_app(self.services)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def _services(self) -> Services:
        database, keys_database = (
            make_engine(url) for url in (self.settings.database_url, self.settings.keys_database_url)
        )
        migrate(database, "main")
        migrate(keys_database, "keys")
        return Services(
            settings=self.settings,
            clock=self.clock,
            database=database,
            keys_database=keys_database,
            vault=Vault(keys_database, KeyEncryptionKeys.create(self.folder / "kek.json")),
            node=self.node,
            oracle_keys=load_keys(self.folder / "oracle-keys.json"),
            authenticator=PasskeyServer(rp_id="testserver", origin=self.settings.public_url),
            identity=self.agency,
        )

    def clock(self) -> datetime:
        return self.case.now + self.late

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.__exit__(kind, error, trace)

    # --- as the oracle

    def delivery(self, document: IssuedCredential | None = None, **changes: Any) -> dict[str, Any]:
        """A right delivery of the case's receipt; `changes` break it."""
        document = document or self.case.document
        whole = {
            "deliveryId": str(uuid4()),
            "event": "issued",
            "documentId": str(uuid4()),
            "vct": "urn:saegim:receipt:1",
            "issuer": 1,
            "kid": self.node.case_kid,
            "patientNumber": "MARKED-PATIENT-77",
            "credential": document.compact,
            "leaf": self.case.leaf.hex(),
            "root": self.case.tree.root.hex(),
            "path": [node.hex() for node in self.case.tree.proof(0)],
            "transaction": "ab" * 32,
            "block": 3,
            "anchoredAt": self.case.now.isoformat(),
            "supersedes": None,
            "supersededBy": None,
            "reason": None,
        }
        return whole | changes

    def event(self, event: str, document_id: str, **changes: Any) -> dict[str, Any]:
        """A delivery that tells the end of a document."""
        ended = self.delivery(event=event, documentId=document_id, **changes)
        return {name: value for name, value in ended.items() if name not in ("credential", "path")}

    def post(self, *deliveries: dict[str, Any], token: str | None = None) -> Response:
        body = json.dumps({"deliveries": deliveries}).encode()
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {token or self.tokens.token(body)}",
        }
        return self.client.post("/internal/v1/deliveries", content=body, headers=headers)

    def delivered(self) -> str:
        """The id of a document that was delivered."""
        delivery = self.delivery()
        assert self.post(delivery).json()["accepted"] == [delivery["deliveryId"]]
        return str(delivery["documentId"])

    # --- as a reader

    def link(self, document_id: str) -> str:
        """The path of a new link to a document."""
        with writing(self.services.database) as session:
            url = links.create(self.services, session, UUID(document_id))
        return url.removeprefix(self.settings.public_url)

    def bundle(self, **changes: Any) -> bytes:
        """A fresh bundle of the case's receipt, as a holder has it."""
        return replace(self.case.made(), **changes).encode()
