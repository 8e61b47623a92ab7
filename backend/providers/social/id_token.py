"""Whether an ID token holds (OpenID Connect Core 1.0, section 3.1.3.7), by authlib and joserfc.

The algorithm is RS256, whatever the token's header says; the moment is the caller's clock's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    JoseError,
)
from joserfc.jwk import RSAKey

from backend.providers.social.port import IdTokenRefused

ALGORITHM: Final = "RS256"
SKEW: Final = timedelta(seconds=30)
OLDEST: Final = timedelta(minutes=10)
"""A token is made when the code is exchanged; an older one is somebody's replay."""
_LONGEST: Final = 8_000
_LONGEST_SUBJECT: Final = 255  # OpenID Connect Core, section 2


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must agree with.

    Attributes:
        nonce: of this attempt. nonce_required: the provider promises to bring it back (Kakao does, Naver's guide does
            not name it; PKCE then binds the code). One that comes back must be the right one in any case.
        access_token: that came with it, for `at_hash`.
    """

    provider: str
    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    nonce_required: bool
    access_token: str = field(repr=False)


def subject_of(token: object, find: Callable[[str], RSAKey | None], expected: Expected, now: datetime) -> str:
    """The account's identifier at the provider. Raises IdTokenRefused, and what `find` raises."""
    if not isinstance(token, str) or not token:
        raise IdTokenRefused(expected.provider, "missing")
    if len(token) > _LONGEST:
        raise IdTokenRefused(expected.provider, "too-long")
    key = _key(token, find, expected)
    try:
        held = jwt.decode(token, key, algorithms=[ALGORITHM])
        _check_claims(held.header, held.claims, expected, now)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise IdTokenRefused(expected.provider, _reason(error)) from None
    subject = held.claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise IdTokenRefused(expected.provider, "claim-sub")
    return subject


def _key(token: str, find: Callable[[str], RSAKey | None], expected: Expected) -> RSAKey:
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        kid, algorithm = header.get("kid"), header.get("alg")
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise IdTokenRefused(expected.provider, "malformed") from None
    if algorithm != ALGORITHM:
        raise IdTokenRefused(expected.provider, "algorithm")
    key = find(kid) if isinstance(kid, str) else None
    if key is None:
        raise IdTokenRefused(expected.provider, "key-unknown")
    return key


def _check_claims(header: Any, claims: dict[str, Any], expected: Expected, now: datetime) -> None:
    checked = CodeIDToken(
        claims,
        header,
        options={
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
        },
        params={
            "nonce": expected.nonce if expected.nonce_required or "nonce" in claims else None,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    moment = int(now.timestamp())
    checked.validate(now=moment, leeway=int(SKEW.total_seconds()))
    if moment - claims["iat"] > (OLDEST + SKEW).total_seconds():
        raise IdTokenRefused(expected.provider, "too-old")


def _reason(error: Exception) -> str:
    if isinstance(error, ExpiredTokenError):
        return "expired"
    if isinstance(error, ClaimError):
        return f"claim-{str(error.claim).replace('_', '-')}"
    return "signature" if isinstance(error, BadSignatureError) else "malformed"
