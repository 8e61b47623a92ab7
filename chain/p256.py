"""P-256 keys as the registry and the credentials know them: points, JWKs, thumbprints, proofs of possession.

A key's name is its RFC 7638 thumbprint: 32 raw bytes on chain (`kid`), base64url without padding in a JWT's
header. The contract `InstitutionRegistry` computes the same (contracts/institutions/KeyProofs.sol).
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

COORDINATE_BYTES = 32
GROUP_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the P-256 group (SEC 2, section 2.4.2)."""


class NotAPoint(ValueError):
    """Coordinates that are no point of P-256. `x`, `y`: as given."""

    def __init__(self, x: bytes, y: bytes) -> None:
        super().__init__(
            "the coordinates are no point of P-256; give 32 big-endian bytes each of a public key"
        )
        self.x = x
        self.y = y


class JwkMalformed(ValueError):
    """A JWK that is no P-256 public key. `member`: the first one that is wrong or missing."""

    def __init__(self, member: str) -> None:
        super().__init__(f"the JWK is no P-256 public key: its member {member!r} is missing or wrong")
        self.member = member


class NotAKid(ValueError):
    """A text that is no base64url of 32 bytes. `text`: as given."""

    def __init__(self, text: str) -> None:
        super().__init__("a kid is the base64url of 32 bytes without padding (43 characters)")
        self.text = text


class P256Signature(NamedTuple):
    """An ECDSA signature, 32 bytes each; `s` is at most half the group order."""

    r: bytes
    s: bytes


def coordinates(key: ec.EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """x and y of a P-256 public key, 32 big-endian bytes each. Raises NotAPoint for another curve."""
    numbers = key.public_numbers()
    if not isinstance(key.curve, ec.SECP256R1):
        raise NotAPoint(b"", b"")
    return numbers.x.to_bytes(COORDINATE_BYTES, "big"), numbers.y.to_bytes(COORDINATE_BYTES, "big")


def public_key(x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    """The key at (x, y). Raises NotAPoint."""
    if len(x) != COORDINATE_BYTES or len(y) != COORDINATE_BYTES:
        raise NotAPoint(x, y)
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    try:
        return numbers.public_key()
    except ValueError as error:
        raise NotAPoint(x, y) from error


def thumbprint(x: bytes, y: bytes) -> bytes:
    """The `kid`: RFC 7638 SHA-256 thumbprint of the P-256 key (32 bytes each), 32 bytes. Raises NotAPoint."""
    if len(x) != COORDINATE_BYTES or len(y) != COORDINATE_BYTES:
        raise NotAPoint(x, y)
    # The required members in lexicographic order, without white space (RFC 7638, section 3).
    members = f'{{"crv":"P-256","kty":"EC","x":"{_base64url(x)}","y":"{_base64url(y)}"}}'
    return hashlib.sha256(members.encode("ascii")).digest()


def kid_to_text(kid: bytes) -> str:
    """A raw `kid` as JWT headers carry it: base64url without padding, 43 characters."""
    return _base64url(kid)


def kid_from_text(text: str) -> bytes:
    """The raw 32 bytes of a JWT header's `kid`. Raises NotAKid."""
    kid = _coordinate(text)
    if kid is None:
        raise NotAKid(text)
    return kid


def to_jwk(x: bytes, y: bytes) -> dict[str, str]:
    """The public JWK (RFC 7518, section 6.2) of a point; required members only."""
    return {"kty": "EC", "crv": "P-256", "x": _base64url(x), "y": _base64url(y)}


def from_jwk(jwk: Mapping[str, object]) -> tuple[bytes, bytes]:
    """x and y of a public JWK, on the curve. Raises JwkMalformed or NotAPoint; refuses one with a private part."""
    for member, value in (("kty", "EC"), ("crv", "P-256"), ("d", None)):
        if jwk.get(member) != value:
            raise JwkMalformed(member)
    x, y = (_coordinate(jwk.get(member)) for member in ("x", "y"))
    if x is None or y is None:
        raise JwkMalformed("x" if x is None else "y")
    public_key(x, y)
    return x, y


def sign_es256(key: ec.EllipticCurvePrivateKey, message: bytes) -> P256Signature:
    """ES256 signature over `message` with `s` in the lower half, the only one that the contract takes.

    Raises NotAPoint for a key of another curve.
    """
    coordinates(key.public_key())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    # (r, n - s) is as good a signature as (r, s); the contract takes one of the two.
    s = min(s, GROUP_ORDER - s)
    return P256Signature(r.to_bytes(COORDINATE_BYTES, "big"), s.to_bytes(COORDINATE_BYTES, "big"))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _coordinate(value: object) -> bytes | None:
    """32 bytes from their canonical base64url without padding, or None."""
    if not isinstance(value, str) or len(value) != 43:
        return None
    try:
        data = b64decode(value.encode("ascii") + b"=", altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    # Two unused bits of the last character would let one key have four texts.
    return data if len(data) == COORDINATE_BYTES and _base64url(data) == value else None
