"""Proofs of a device: a JWS for one request, in the manner of DPoP (RFC 9449); docs/devices.md has the form."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from kiosk.keys import DeviceKey

REQUEST_TYPE: Final = "saegim-device-proof+jwt"
POSSESSION_TYPE: Final = "saegim-device-key+jwt"


def request_proof(
    key: DeviceKey, method: str, address: str, body: bytes, now: datetime, *, introduce: bool = False
) -> str:
    """A proof for exactly this request, good once and for a minute.

    Args:
        address: absolute, with its query, as it is sent.
        introduce: the backend does not know the key yet, so the proof carries it.
    """
    named: dict[str, Any] = {"jwk": key.jwk} if introduce else {"kid": key.thumbprint}
    claims = {
        "htm": method,
        "htu": address,
        "iat": int(now.timestamp()),
        "jti": secrets.token_urlsafe(16),
        "body": _base64url(sha256(body).digest()),
    }
    return _signed(key, {"typ": REQUEST_TYPE, "alg": "ES256", **named}, claims)


def possession_proof(key: DeviceKey, device: str, server: str, now: datetime) -> str:
    """A proof that the device holds `key`, which is to take the present one's place."""
    claims = {"sub": device, "htu": server, "iat": int(now.timestamp())}
    return _signed(key, {"typ": POSSESSION_TYPE, "alg": "ES256", "jwk": key.jwk}, claims)


def _signed(key: DeviceKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    # By hand, because a JOSE library wants the private key and ours may be in a chip: RFC 7515 section 5.1.
    signing_input = ".".join(
        _base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
    )
    return f"{signing_input}.{_base64url(key.sign(signing_input.encode('ascii')))}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
