"""The backend's tokens for the oracle's relay: ES256, one request each, under a minute, for one person and purpose.

`oracle/relay/tokens.py` says what the claims mean. The key is a PEM file (PKCS#8) that only its owner can read.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from backend.relay.errors import RelayConfigInvalid
from chain.clock import Clock

ISSUER: Final = "backend"
AUDIENCE: Final = "oracle-relay"
LIFETIME: Final = timedelta(seconds=50)


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """The backend's own P-256 key."""

    key: ECKey = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> ServiceKey:
        """Raises RelayConfigInvalid: missing, readable by others, no P-256 private key."""
        try:
            mode, content = path.stat().st_mode, path.read_bytes()
        except OSError:
            raise RelayConfigInvalid(
                "can not be read; `python -m backend service-key` makes it", path
            ) from None
        if stat.S_IMODE(mode) & 0o077:
            raise RelayConfigInvalid("others can read this key; set its mode to 0600", path)
        try:
            key = ECKey.import_key(content)
        except (JoseError, ValueError):
            raise RelayConfigInvalid("is no private key (PEM)", path) from None
        if not key.is_private or key.curve_name != "P-256":
            raise RelayConfigInvalid("must hold a private key of the curve P-256", path)
        return cls(key)

    @classmethod
    def create(cls, path: Path) -> ServiceKey:
        """Write a new key that only its owner can read. Raises FileExistsError: never over an existing one."""
        made = ECKey.generate_key("P-256")
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made.as_pem(private=True))
        return cls(made)

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint."""
        return self.key.thumbprint()

    def public_jwks(self) -> dict[str, Any]:
        """For the oracle's list of keys."""
        return {"keys": [{**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "ES256"}]}


@dataclass(frozen=True, slots=True)
class RelayTokens:
    """Makes tokens with one key."""

    key: ServiceKey
    clock: Clock

    def token(self, method: str, path: str, body: bytes, scope: Mapping[str, Any]) -> str:
        """A token for exactly this request and nobody but whom `scope` names."""
        now = self.clock()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": str(uuid4()),
            "method": method,
            "path": path,
            "body": base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode(),
            "scope": dict(scope),
        }
        header = {"alg": "ES256", "typ": "JWT", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key.key, algorithms=["ES256"])
