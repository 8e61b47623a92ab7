"""An institution's server as SMART Backend Services describes it, with wrong turns that tests take."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

from backend_world import World
from fastapi.testclient import TestClient
from httpx import Response
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import text

from backend.app import create_app
from backend.clients import administration
from backend.clients.proof import TYPE, body_digest
from backend.clients.scope import Release, Sheet, Sheets
from backend.clients.service import ASSERTION_TYPE, GRANT
from chain.db import reading, writing

RECEIPT, STATEMENT = "receipt:insurance-claim", "statement:insurance-claim"
ADDRESS = "http://testserver/api/v1/oauth/token"
MANAGED = "http://testserver/api/v1/institution/clients"
INSURER = 3


def sheet(**changes: Any) -> Sheet:
    """The insurer's, good for a year around the tests' day."""
    releases = tuple(
        Release(kind=kind, purpose="insurance-claim", fields=fields, basis="보험업법 제102조의6")
        for kind, fields in (("receipt", ("number", "total")), ("statement", ("lines",)))
    )
    whole = {
        "version": 1,
        "institution": INSURER,
        "valid_from": date(2000, 1, 1),
        "valid_until": date(2099, 12, 31),
        "releases": releases,
    }
    return Sheet(**(whole | changes))


def public(key: ECKey | RSAKey, kid: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid}


class Insurer:
    """One registered client; `key` signs as `kid`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.services = replace(world.services, scopes=Sheets({INSURER: sheet()}))
        self.http = TestClient(create_app(self.services), raise_server_exceptions=False)
        self.key: ECKey | RSAKey = ECKey.generate_key("P-256")
        self.kid, self.algorithm = "first", "ES256"
        self.id = self.register([RECEIPT, STATEMENT], public(self.key, self.kid))

    def register(self, scopes: list[str], *keys: dict[str, Any]) -> str:
        with writing(self.services.database) as session:
            made = administration.add(
                session,
                self.services.scopes,
                institution=INSURER,
                name="claims",
                scopes=scopes,
                jwks={"keys": list(keys)},
                now=self.services.clock(),
            )
            return str(made.id)

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.services.clock().timestamp())
        whole = {"iss": self.id, "sub": self.id, "aud": ADDRESS, "exp": now + 240, "jti": uuid4().hex}
        return {name: value for name, value in (whole | changes).items() if value is not None}

    def assertion(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        made = {"alg": self.algorithm, "kid": self.kid} | (header or {})
        algorithms = [made["alg"]]
        return jwt.encode(made, self.claims(**changes), self.key, algorithms=algorithms)

    def key_proof(self, method: str, path: str, content: bytes, typ: str = TYPE, **changes: Any) -> str:
        """For one request that adds a client or changes keys."""
        bound = {"aud": MANAGED, "htm": method, "htu": path, "body": body_digest(content)}
        return self.assertion({"typ": typ}, **(bound | changes))

    def ask(self, assertion: str | None = None, **changes: Any) -> Response:
        """The token request; `changes` to its fields, None leaves one out."""
        form = {
            "grant_type": GRANT,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion if assertion is not None else self.assertion(),
        } | changes
        return self.http.post(
            "/api/v1/oauth/token", data={name: value for name, value in form.items() if value is not None}
        )

    def token(self, **changes: Any) -> str:
        answer = self.ask(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def whoami(self, token: str | None) -> Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return self.http.get("/api/v1/institution/whoami", headers=headers)

    def everything(self) -> str:
        """All that the log and the clients' tables hold, as text."""
        found = []
        with reading(self.services.database) as session:
            for table in ("audit_event", "clients_token", "clients_assertion", "limits_count"):
                rows = session.execute(text(f"SELECT * FROM {table}")).mappings()
                found += [json.dumps(dict(row), default=str) for row in rows]
        return "\n".join(found)

    def refusals(self) -> list[tuple[str, str, str]]:
        """Reason, actor and named client of every refused sign-in, in order."""
        query = "SELECT reason, actor_kind, object_id FROM audit_event WHERE action = 'sign-in-refused' ORDER BY number"
        with reading(self.services.database) as session:
            return [(row[0], row[1], row[2]) for row in session.execute(text(query))]
