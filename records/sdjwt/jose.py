"""The pieces of JOSE that SD-JWT needs, each strict: base64url, JSON and ES256.

Python's own decoders are lenient (padding, foreign characters, unused bits, repeated members, NaN). Each
leniency lets two different texts mean the same token, so all are closed here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from records.sdjwt.errors import AlgorithmRefused, KeyRefused, Malformed, SignatureInvalid

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the P-256 group (FIPS 186-4, D.1.2.3)."""

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")

_ES256: Final = ec.ECDSA(hashes.SHA256())

_ES256_SIGNING: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
"""RFC 6979: no random number whose weakness would give the key away, and the same text gets the same signature."""


def b64encode(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def b64decode(text: str, what: str) -> bytes:
    """Decode base64url; raises `Malformed` unless `text` is exactly what `b64encode` makes of the bytes."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise Malformed(f"{what} is not base64url") from None
    # comparing the re-encoded text closes padding, foreign characters and unused trailing bits at once
    if b64encode(data) != text:
        raise Malformed(f"{what} is not canonical base64url")
    return data


def digest(text: str) -> str:
    """base64url(SHA-256(ASCII(text))): how a disclosure is referred to, and `sd_hash`."""
    return b64encode(hashlib.sha256(text.encode("ascii")).digest())


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def to_json(value: object) -> bytes:
    """Compact UTF-8 JSON."""
    return _ENCODER.encode(value).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


MAX_NESTING: Final = 64
"""Deepest JSON that is looked at; our own credentials nest five deep."""

_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def _check_nesting(text: str) -> None:
    """Raises ValueError for JSON that nests too deep.

    The decoder relies on the interpreter's recursion limit, which any library in the process may have raised so far
    that the stack ends first, and the process with it.
    """
    if text.count("[") + text.count("{") <= MAX_NESTING:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_NESTING:
                raise ValueError("nested too deep")
        elif mark in "]}":
            depth -= 1


def from_json(data: bytes, what: str) -> Any:
    """Parse JSON; raises `Malformed` for repeated members, NaN, lone surrogates, depth, or anything after
    it."""
    try:
        text = data.decode("utf-8")
        _check_nesting(text)
        value = _DECODER.decode(text)
        if "\\u" in text:  # only an escape can smuggle half a character past UTF-8
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):  # UnicodeError and JSONDecodeError are ValueErrors
        raise Malformed(f"{what} is not well-formed JSON without repeated members") from None
    return value


def sign(private_key: ec.EllipticCurvePrivateKey, header: str, payload: bytes) -> str:
    """A compact JWS over an already encoded header; deterministic and low-s, so that a text has one signature."""
    signed = f"{header}.{b64encode(payload)}"
    r, s = decode_dss_signature(private_key.sign(signed.encode("ascii"), _ES256_SIGNING))
    s = min(s, _ORDER - s)
    return f"{signed}.{b64encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def split_jws(jws: str, what: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, payload, signed bytes and signature of a compact JWS; nothing is verified yet."""
    parts = jws.split(".")
    if len(parts) != 3:
        raise Malformed(f"{what} is not a compact JWS of three parts")
    header = from_json(b64decode(parts[0], f"{what} header"), f"{what} header")
    if not isinstance(header, dict):
        raise Malformed(f"{what} header is not a JSON object")
    if header.get("alg") != "ES256":
        raise AlgorithmRefused(header.get("alg"))
    if "crit" in header:
        raise AlgorithmRefused("crit")
    payload = from_json(b64decode(parts[1], f"{what} payload"), f"{what} payload")
    if not isinstance(payload, dict):
        raise Malformed(f"{what} payload is not a JSON object")
    return header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), b64decode(parts[2], f"{what} signature")


def check_signature(
    key: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes, *, low_s: bool = False
) -> None:
    """Verify an ES256 signature of 64 bytes; raises `SignatureInvalid`.

    low_s: also refuse the second of the two signatures that anyone can derive from each other (r, n − s).
    RFC 7518 does not ask for it; this project's own tokens do.
    """
    if not isinstance(key.curve, ec.SECP256R1):
        raise KeyRefused("the key is not on curve P-256")
    if len(signature) != 64:
        raise SignatureInvalid("an ES256 signature has 64 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if low_s and s > _ORDER // 2:
        raise SignatureInvalid("its s value is not the low one")
    try:
        key.verify(encode_dss_signature(r, s), signed, _ES256)
    except InvalidSignature:
        raise SignatureInvalid from None
