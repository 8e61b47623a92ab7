"""One machine before the backend, written from docs/devices.md without the kiosk's code: its proofs can be wrong."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

from backend_world import World
from fastapi.testclient import TestClient
from httpx import Response
from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import text

from backend.devices import administration
from backend.devices.administration import By
from backend.devices.kinds import DeviceKind, RevokeReason
from chain.db import reading, writing

SERVER = "http://testserver"
API = "/api/v1/devices"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Machine:
    """A kiosk with a key of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = TestClient(world.app, raise_server_exceptions=False, follow_redirects=False)
        self.key = ECKey.generate_key("P-256")
        self.id = ""

    @property
    def jwk(self) -> dict[str, Any]:
        found = self.key.as_dict(private=False)
        return {name: found[name] for name in ("kty", "crv", "x", "y")}

    @property
    def thumbprint(self) -> str:
        return str(self.key.thumbprint())

    # --- proofs

    def header(self, **changes: Any) -> dict[str, Any]:
        whole = {"typ": "saegim-device-proof+jwt", "alg": "ES256", "kid": self.thumbprint} | changes
        return {name: value for name, value in whole.items() if value is not None}

    def claims(self, method: str, path: str, body: bytes, /, **changes: Any) -> dict[str, Any]:
        whole = {
            "htm": method,
            "htu": f"{SERVER}{path}",
            "iat": int(self.world.clock().timestamp()),
            "jti": uuid4().hex,
            "body": base64url(hashlib.sha256(body).digest()),
        } | changes
        return {name: value for name, value in whole.items() if value is not None}

    def signed(self, header: dict[str, Any], claims: Any, key: ECKey | None = None) -> str:
        return jws.serialize_compact(header, json.dumps(claims).encode(), key or self.key)

    def proof(self, method: str, path: str, body: bytes = b"", /, **changes: Any) -> str:
        return self.signed(self.header(), self.claims(method, path, body, **changes))

    # --- requests

    def ask(
        self, method: str, path: str, content: Any = None, *, proof: str | None = None, **changes: Any
    ) -> Response:
        """`changes` go into the proof's claims; `proof`: another one than this request's."""
        body = b"" if content is None else json.dumps(content).encode()
        given = proof if proof is not None else self.proof(method, f"{API}{path}", body, **changes)
        headers = {"content-type": "application/json", "authorization": f"Device {given}"}
        return self.client.request(method, f"{API}{path}", content=body, headers=headers)

    def whoami(self, **changes: Any) -> Response:
        return self.ask("GET", "/self", **changes)

    def beat(self, **told: Any) -> Response:
        body = {"version": "0.1.0", "paper": "full", "condition": "ready"} | told
        return self.ask("POST", "/self/heartbeat", body)

    def pair(self, code: str | None = None, kind: str = "kiosk", **changes: Any) -> Response:
        """With a right code unless another is given; `changes` go into the proof's claims."""
        content = {"code": code if code is not None else self.new_code(), "kind": kind}
        body = json.dumps(content).encode()
        header = self.header(kid=None, jwk=self.jwk)
        proof = self.signed(header, self.claims("POST", f"{API}/pairings", body, **changes))
        answer = self.ask("POST", "/pairings", content, proof=proof)
        if answer.status_code == 201:
            self.id = answer.json()["device"]
        return answer

    def possession(self, key: ECKey, *, of: str | None = None, **header: Any) -> str:
        made = ECKey.import_key(key.as_dict(private=False)).as_dict(private=False)
        jwk = {name: made[name] for name in ("kty", "crv", "x", "y")}
        head = {"typ": "saegim-device-key+jwt", "alg": "ES256", "jwk": jwk} | header
        claims = {"sub": of or self.id, "htu": SERVER, "iat": int(self.world.clock().timestamp())}
        return self.signed(head, claims, key)

    def rotate(self, key: ECKey, possession: str | None = None) -> Response:
        return self.ask("POST", "/self/key", {"possession": possession or self.possession(key)})

    # --- what staff do

    def new_code(self, kind: str = "kiosk", hospital: int = 1) -> str:
        with writing(self.world.services.database) as session:
            made = administration.make_code(
                session,
                self.world.services.vault,
                By(),
                hospital=hospital,
                kind=DeviceKind(kind),
                name="키오스크 1",
                place="본관 1층",
                now=self.world.clock(),
            )
        return made.text

    def revoke(self) -> None:
        with writing(self.world.services.database) as session:
            administration.revoke(session, By(), UUID(self.id), RevokeReason.STOLEN, self.world.clock())

    def row(self, query: str) -> tuple[Any, ...]:
        """The first row of a query."""
        with reading(self.world.services.database) as session:
            return tuple(session.execute(text(query)).first() or ())
