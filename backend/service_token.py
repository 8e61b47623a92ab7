"""Tokens of the hospital's own services: who may call `/internal`, for one request body, for one minute.

A JWT (RFC 7519) signed ES256 by a key of the JWKS file: `iss` the service, `aud` "backend", `exp` at most 60 s after
`iat`, `body` the base64url SHA-256 of the request body. A replay within the minute repeats the same body to an
idempotent address and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from backend.documents.errors import TokenRefused
from chain.clock import Clock

AUDIENCE = "backend"
MAX_LIFETIME = timedelta(seconds=60)
CLOCK_SKEW = timedelta(seconds=10)


class ServiceKeysInvalid(Exception):
    """The JWKS file of service keys is missing or malformed; the message says which."""


def load_keys(path: Path) -> KeySet:
    """Public keys of the services.

    Raises:
        ServiceKeysInvalid: no file, no JSON, no EC key, or a private key where only public ones belong.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        keys = content["keys"]
        if not keys or any(key.get("kty") != "EC" or key.get("crv") != "P-256" for key in keys):
            raise ServiceKeysInvalid(f"{path}: every key must be EC P-256")
        if any("d" in key for key in keys):
            raise ServiceKeysInvalid(f"{path} holds a private key; only public keys belong there")
        return KeySet.import_key_set(content)
    except FileNotFoundError as error:
        raise ServiceKeysInvalid(f"{path} is not there; export the oracle's public key to it") from error
    except (ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
        raise ServiceKeysInvalid(f"{path} is not a JWKS") from error


def verify(token: str, body: bytes, *, keys: KeySet, issuer: str, clock: Clock) -> None:
    """Check a token for `body`.

    Raises:
        TokenRefused: with the reason; nothing of the token or the body is repeated.
    """
    try:
        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=["ES256"]).claims
    except (JoseError, ValueError) as error:
        raise TokenRefused(reason="signature") from error
    now = clock()
    if claims.get("iss") != issuer or claims.get("aud") != AUDIENCE:
        raise TokenRefused(reason="audience")
    issued, expires = _moment(claims.get("iat"), now), _moment(claims.get("exp"), now)
    if issued is None or expires is None or expires - issued > MAX_LIFETIME:
        raise TokenRefused(reason="lifetime")
    if not issued - CLOCK_SKEW <= now < expires + CLOCK_SKEW:
        raise TokenRefused(reason="expired")
    expected = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    if not isinstance(claims.get("body"), str) or not hmac.compare_digest(claims["body"], expected):
        raise TokenRefused(reason="body")


def _moment(value: object, now: datetime) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, tz=now.tzinfo)
    except (OverflowError, ValueError, OSError):
        return None
