"""P-256 keys as JWKs, and their names (RFC 7638 thumbprints)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from records.sdjwt.errors import KeyRefused
from records.sdjwt.jose import b64decode, b64encode, to_json


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The public JWK of a P-256 key, members in the order RFC 7638 hashes them."""
    if not isinstance(key.curve, ec.SECP256R1):
        raise KeyRefused("the key is not on curve P-256")
    numbers = key.public_numbers()
    x, y = (b64encode(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def key_of(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """The public key of a JWK; raises `KeyRefused` unless it is a point on P-256 and holds no private
    part."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise KeyRefused("not a public EC key on curve P-256")
    x, y = (_coordinate(jwk.get(name)) for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        raise KeyRefused("the coordinates are not a point on P-256") from None


def _coordinate(text: object) -> int:
    if not isinstance(text, str):
        raise KeyRefused("a coordinate is missing")
    data = b64decode(text, "key coordinate")
    if len(data) != 32:
        raise KeyRefused("a coordinate must have 32 bytes")
    return int.from_bytes(data, "big")


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """`kid` of a key: base64url of its RFC 7638 SHA-256 thumbprint (the chain registers the same 32
    bytes)."""
    return b64encode(hashlib.sha256(to_json(jwk_of(key))).digest())
