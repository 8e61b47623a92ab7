"""Who may ask the relay: tokens of the backend, each for one request.

A JWT (RFC 7519) signed ES256 by a key of the JWKS file: `iss` "backend", `aud` "oracle-relay", `exp` at most 60 s after
`iat`, a random `jti`, `method` and `path` of the request, `body`: base64url of the SHA-256 of its body, and `scope`:
`purpose`, `actor` (who asks the backend, a public identifier) and for whom: `patient` (registration number) or `person`
(name, birthDate, sex).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Self

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from oracle.errors import KeyFileInvalid
from oracle.his.desk_shapes import Number
from oracle.relay.errors import TokenRefused
from oracle.relay.schemas import Person

ISSUER: Final = "backend"
AUDIENCE: Final = "oracle-relay"
MAX_LIFETIME: Final = timedelta(seconds=60)
CLOCK_SKEW: Final = timedelta(seconds=10)
_JTI: Final = re.compile(r"[A-Za-z0-9-]{16,64}")

_ONLY_DIGITS: Final = re.compile(r"[0-9.:-]{6,}")


def _public(actor: str) -> str:
    if _ONLY_DIGITS.fullmatch(actor):
        raise ValueError("an actor is not named by a mere number")
    return actor


Actor = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"), AfterValidator(_public)
]
"""A UUID or public identifier; a mere number would be somebody's."""


class Scope(BaseModel):
    """For whom and why. Says nothing of a person when shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+){0,4}$", max_length=40)]
    actor: Actor
    patient: Number | None = None
    person: Person | None = None

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if self.patient is not None and self.person is not None:
            raise ValueError("a scope names one person, by number or by identity")
        return self


@dataclass(frozen=True, slots=True)
class Permit:
    """What a token allows."""

    jti: str
    scope: Scope = field(repr=False)


def load_keys(path: Path) -> KeySet:
    """The backend's public keys. Raises KeyFileInvalid."""
    try:
        content = json.loads(path.read_text("utf-8"))
        keys = content["keys"]
        fit = bool(keys) and all(key.get("kty") == "EC" and key.get("crv") == "P-256" for key in keys)
        if not fit or any("d" in key for key in keys):
            raise KeyFileInvalid(path, "every key must be a public one, EC P-256")
        return KeySet.import_key_set(content)
    except FileNotFoundError:
        raise KeyFileInvalid(
            path, "is not there; write what `python -m backend service-key` prints to it"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError):
        raise KeyFileInvalid(path, "is not a JWKS") from None


def verify(authorization: str, *, method: str, path: str, body: bytes, keys: KeySet, now: datetime) -> Permit:
    """The permit of a request. Raises TokenRefused; nothing of the token is repeated."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenRefused("missing")
    try:
        claims: dict[str, Any] = jwt.decode(token.strip(), keys, algorithms=["ES256"]).claims
    except (JoseError, ValueError, TypeError, AttributeError):
        raise TokenRefused("signature") from None
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise TokenRefused("audience")
    _check_time(claims, now)
    expected = {"method": method, "path": path, "body": digest_of(body)}
    if not all(_equal(claims.get(name), value) for name, value in expected.items()):
        raise TokenRefused("request")
    jti = claims.get("jti")
    if not isinstance(jti, str) or _JTI.fullmatch(jti) is None:
        raise TokenRefused("scope")
    try:
        return Permit(jti, Scope.model_validate(claims.get("scope")))
    except ValidationError:
        raise TokenRefused("scope") from None


def digest_of(body: bytes) -> str:
    """As the claim `body` has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def _equal(claim: object, value: str) -> bool:
    return isinstance(claim, str) and hmac.compare_digest(claim.encode("utf-8", "replace"), value.encode())


def _check_time(claims: dict[str, Any], now: datetime) -> None:
    issued, expires = _moment(claims.get("iat"), now), _moment(claims.get("exp"), now)
    if issued is None or expires is None or not timedelta(0) < expires - issued <= MAX_LIFETIME:
        raise TokenRefused("lifetime")
    if not issued - CLOCK_SKEW <= now < expires + CLOCK_SKEW:
        raise TokenRefused("expired")


def _moment(value: object, now: datetime) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, tz=now.tzinfo)
    except (OverflowError, ValueError, OSError):
        return None
