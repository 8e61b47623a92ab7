"""Client assertions (RFC 7523 section 3, SMART App Launch 2 "Backend Services"): whose, and whether they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError

from backend.clients.errors import OAuthError, TokenRequestRefused
from backend.clients.keys import imported

LONGEST = 8_000
"""Characters; one with a certificate chain in its header would still fit."""
LIFETIME = timedelta(minutes=5)
SKEW = timedelta(seconds=10)
_JTI = re.compile(r"[\x21-\x7e]{8,200}")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an assertion says of itself before its signature was checked."""

    client: UUID
    kid: str
    algorithm: str
    claims: Mapping[str, Any]
    typ: object = None


@dataclass(frozen=True, slots=True)
class Held:
    """An assertion that holds but for its `jti`, which the caller must use up."""

    jti: str
    expires_at: datetime


def read(assertion: str) -> Claimed:
    """Who an assertion claims to be. Raises TokenRequestRefused."""
    if len(assertion) > LONGEST:
        raise refused("assertion-too-long")
    try:
        taken = jws.extract_compact(assertion.encode("ascii"))
        header, claims = taken.headers(), json.loads(taken.payload)
        kid, algorithm = header["kid"], header["alg"]
        client = UUID(claims["sub"])
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refused("assertion-malformed") from error
    if not isinstance(kid, str) or not isinstance(algorithm, str) or str(client) != claims["sub"]:
        raise refused("assertion-malformed")
    if claims.get("iss") != claims["sub"]:
        raise refused("issuer-is-not-subject", client)
    return Claimed(client, kid, algorithm, claims, header.get("typ"))


def verify(
    assertion: str, claimed: Claimed, algorithm: str, jwk: Mapping[str, Any], audience: str, now: datetime
) -> Held:
    """Check signature and claims with the client's registered key.

    Args:
        algorithm: what the key may be used with; the header has no say in it.
        audience: this token address.

    Raises:
        TokenRequestRefused: with the reason.
    """
    if claimed.algorithm != algorithm:
        raise refused("algorithm", claimed.client)
    try:
        jws.deserialize_compact(assertion, imported(algorithm, jwk), algorithms=[algorithm])
    except (JoseError, ValueError) as error:
        raise refused("signature", claimed.client) from error
    claims = claimed.claims
    if claims.get("aud") not in (audience, [audience]):
        raise refused("audience", claimed.client)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not _JTI.fullmatch(jti):
        raise refused("jti", claimed.client)
    return Held(jti, _expiry(claimed, now))


def _expiry(claimed: Claimed, now: datetime) -> datetime:
    expires = _moment(claimed, "exp")
    if expires is None or expires > now + LIFETIME + SKEW:
        raise refused("lifetime", claimed.client)
    if expires <= now - SKEW:
        raise refused("expired", claimed.client)
    for name in ("iat", "nbf"):
        moment = _moment(claimed, name)
        if moment is not None and moment > now + SKEW:
            raise refused("not-yet", claimed.client)
    return expires


def _moment(claimed: Claimed, name: str) -> datetime | None:
    """A NumericDate (RFC 7519 section 2), None if it is not there. Raises TokenRequestRefused."""
    value = claimed.claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused("lifetime", claimed.client)
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise refused("lifetime", claimed.client) from error


def refused(reason: str, client: UUID | None = None) -> TokenRequestRefused:
    """An assertion that does not hold, and why."""
    return TokenRequestRefused(OAuthError.INVALID_CLIENT, reason, str(client or ""))
