"""A client's JWKS: which public keys are taken, and the one algorithm each may be used with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from backend.clients.errors import KeySetRefused

MOST_KEYS = 10
LEAST_RSA_BITS = 2048
KID_LENGTH = 100
_CURVES = {"P-256": "ES256", "P-384": "ES384"}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def checked(content: object) -> dict[str, tuple[str, dict[str, Any]]]:
    """Algorithm and JWK of each key, by `kid`.

    Args:
        content: a JWKS (RFC 7517 section 5) as parsed JSON.

    Raises:
        KeySetRefused: no keys, too many, two with one kid, a private or symmetric one, or one too weak.
    """
    keys = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        raise KeySetRefused(f"a JWKS with one to {MOST_KEYS} keys is wanted")
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for place, key in enumerate(keys, 1):
        if not isinstance(key, dict):
            raise KeySetRefused(f"key {place} is no JWK")
        kid = key.get("kid")
        if not isinstance(kid, str) or not 0 < len(kid) <= KID_LENGTH or not kid.isprintable():
            raise KeySetRefused(f"key {place} has no usable kid")
        if kid in found:
            raise KeySetRefused(f"key {place} has another key's kid")
        found[kid] = (_algorithm(key, place), key)
    return found


def _algorithm(key: Mapping[str, Any], place: int) -> str:
    if _PRIVATE & key.keys():
        raise KeySetRefused(
            f"key {place} is private: keep it, make it anew if others saw it, send the public one"
        )
    if key.get("use", "sig") != "sig":
        raise KeySetRefused(f"key {place} is not for signatures")
    algorithm = _of_type(key, place)
    if key.get("alg", algorithm) != algorithm:
        raise KeySetRefused(f"key {place}: alg must be {algorithm}")
    return algorithm


def _of_type(key: Mapping[str, Any], place: int) -> str:
    try:
        if key.get("kty") == "EC" and key.get("crv") in _CURVES:
            ECKey.import_key(dict(key)).public_key  # noqa: B018 - the point is checked when it is made
            return _CURVES[key["crv"]]
        if key.get("kty") == "RSA":
            if RSAKey.import_key(dict(key)).public_key.key_size < LEAST_RSA_BITS:
                raise KeySetRefused(f"key {place} has fewer than {LEAST_RSA_BITS} bits")
            return "RS384"
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise KeySetRefused(f"key {place} is malformed") from error
    raise KeySetRefused(f"key {place} must be EC P-256, EC P-384 or RSA")


def imported(algorithm: str, jwk: Mapping[str, Any]) -> ECKey | RSAKey:
    """A stored key, ready to verify with."""
    return RSAKey.import_key(dict(jwk)) if algorithm == "RS384" else ECKey.import_key(dict(jwk))
