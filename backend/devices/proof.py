"""Proofs of a device: a JWS for one request, in the manner of DPoP (RFC 9449), and the proof that a new key is held.

Compact JWS, ES256, of `{htm, htu, iat, jti, body}`: method; address with its query, as the device sent it; when;
once; base64url SHA-256 of the body (of nothing where there is none). RFC 9449 binds an access token and leaves out
query and body; here the proof is all there is, so it binds them too. Paired keys are named by `kid`; one that is not
paired yet comes whole in `jwk`.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from backend.devices.errors import (
    ProofForAnotherAddress,
    ProofForAnotherBody,
    ProofForAnotherMethod,
    ProofMalformed,
    ProofStale,
)
from chain.p256 import JwkMalformed, NotAPoint, from_jwk, kid_to_text, thumbprint, to_jwk

REQUEST_TYPE = "saegim-device-proof+jwt"
POSSESSION_TYPE = "saegim-device-key+jwt"
"""Of a key that is to take another's place; never good as a request's proof, nor the other way round."""
WINDOW = timedelta(seconds=60)
"""How far a proof's time may be from ours, either way."""
LONGEST = 2_000
"""Characters of one proof."""
_JTI = re.compile(r"[A-Za-z0-9_-]{16,64}")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A P-256 key. `thumbprint`: RFC 7638, base64url."""

    thumbprint: str
    jwk: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a proof says of itself. `key` is None where it only names one."""

    thumbprint: str
    key: PublicKey | None
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it reached us. `address`: with its query, by our public name."""

    method: str
    address: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """A proof that holds but for its `jti`, which the caller must use up."""

    thumbprint: str
    jti: str
    expires_at: datetime


def read(proof: str, kind: str = REQUEST_TYPE) -> Claimed:
    """What a proof says, before anything of it was checked. Raises ProofMalformed."""
    if len(proof) > LONGEST:
        raise ProofMalformed(part="length")
    try:
        taken = jws.extract_compact(proof.encode("ascii"))
        header, claims = taken.headers(), json.loads(taken.payload)
    except (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ProofMalformed(part="form") from error
    if not isinstance(claims, dict) or header.get("alg") != "ES256" or header.get("typ") != kind:
        raise ProofMalformed(part="type")
    match header:
        case {"typ": _, "alg": _, "jwk": dict(jwk), **rest} if not rest:
            key = public_key(jwk)
            return Claimed(key.thumbprint, key, claims)
        case {"typ": _, "alg": _, "kid": str(kid), **rest} if not rest and _THUMBPRINT.fullmatch(kid):
            return Claimed(kid, None, claims)
    raise ProofMalformed(part="header")


def public_key(jwk: Mapping[str, object]) -> PublicKey:
    """A key from its public JWK, on the curve and without a private part. Raises ProofMalformed."""
    try:
        x, y = from_jwk(jwk)
    except (JwkMalformed, NotAPoint) as error:
        raise ProofMalformed(part="key") from error
    return PublicKey(kid_to_text(thumbprint(x, y)), to_jwk(x, y))


def verify(proof: str, claimed: Claimed, key: PublicKey, asked: Asked, server: str, now: datetime) -> Held:
    """Check a request's proof with the device's key.

    Args:
        server: our public address, told when the proof is for another one.

    Raises:
        ProofMalformed, ProofForAnotherMethod, ProofForAnotherAddress, ProofForAnotherBody, ProofStale.
    """
    _signed(proof, key)
    claims = claimed.claims
    if claims.get("htm") != asked.method:
        raise ProofForAnotherMethod
    if claims.get("htu") != asked.address:
        raise ProofForAnotherAddress(server=server)
    if claims.get("body") != body_digest(asked.body):
        raise ProofForAnotherBody
    jti = claims.get("jti")
    if not isinstance(jti, str) or not _JTI.fullmatch(jti):
        raise ProofMalformed(part="jti")
    return Held(key.thumbprint, jti, _fresh(claims, now) + WINDOW)


def possessed(proof: str, device: str, address: str, now: datetime) -> PublicKey:
    """The key that a device proves to hold, to have it take the present one's place.

    Args:
        device: whose proof it must be (`sub`); nobody else's is taken.

    Raises:
        ProofMalformed, ProofForAnotherAddress, ProofStale.
    """
    claimed = read(proof, POSSESSION_TYPE)
    if claimed.key is None:
        raise ProofMalformed(part="key")
    _signed(proof, claimed.key)
    if claimed.claims.get("sub") != device:
        raise ProofMalformed(part="sub")
    if claimed.claims.get("htu") != address:
        raise ProofForAnotherAddress(server=address)
    _fresh(claimed.claims, now)
    return claimed.key


def body_digest(body: bytes) -> str:
    """As the proof carries it."""
    return urlsafe_b64encode(sha256(body).digest()).rstrip(b"=").decode()


def _signed(proof: str, key: PublicKey) -> None:
    try:
        jws.deserialize_compact(proof, ECKey.import_key(dict(key.jwk)), algorithms=["ES256"])
    except (JoseError, ValueError) as error:
        raise ProofMalformed(part="signature") from error


def _fresh(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When it was made. Raises ProofMalformed, ProofStale."""
    value = claims.get("iat")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProofMalformed(part="iat")
    try:
        made = datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise ProofMalformed(part="iat") from error
    if abs(made - now) > WINDOW:
        ahead = round((made - now).total_seconds())
        epoch = int(now.timestamp())
        raise ProofStale(seconds=ahead, time=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), epoch=epoch)
    return made
