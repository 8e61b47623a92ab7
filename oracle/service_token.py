"""The oracle's tokens for the backend: ES256, one request body each, one minute at the most.

A JWT (RFC 7519) with `iss` "oracle", `aud` "backend", `iat`, `exp`, a random `jti`, and `body`: base64url of the
SHA-256 of the request body, so that a token taken from a log or a proxy carries no other content.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from chain.clock import Clock
from chain.p256 import coordinates, thumbprint

ISSUER = "oracle"
AUDIENCE = "backend"
LIFETIME = timedelta(seconds=50)


@dataclass(frozen=True)
class ServiceTokens:
    """Makes tokens with one P-256 key."""

    key: ec.EllipticCurvePrivateKey
    clock: Clock

    def token(self, body: bytes) -> str:
        """A token for exactly `body`."""
        now = self.clock()
        header = {"alg": "ES256", "typ": "JWT", "kid": self.public_jwk()["kid"]}
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": str(uuid4()),
            "body": _base64url(hashlib.sha256(body).digest()),
        }
        signed = f"{_base64url(_json(header))}.{_base64url(_json(claims))}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517), for the backend's list of service keys."""
        x, y = coordinates(self.key.public_key())
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _base64url(x),
            "y": _base64url(y),
            "kid": _base64url(thumbprint(x, y)),
            "use": "sig",
            "alg": "ES256",
        }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
