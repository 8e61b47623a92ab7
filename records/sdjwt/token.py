"""The compact form ``<issuer-signed JWT>~<disclosure>~…~[<key binding JWT>]`` and its verification (section
7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from records.sdjwt.disclosures import Disclosure, read_disclosure
from records.sdjwt.errors import (
    Expired,
    Malformed,
    NotYetValid,
    WrongType,
)
from records.sdjwt.jose import check_signature, split_jws
from records.sdjwt.keybinding import ExpectedBinding, check_binding
from records.sdjwt.unpack import Unpacked, unpack

MAX_CHARS: Final = 1_000_000
"""A presentation longer than this is refused unread (an itemised statement of 2,000 lines has about
900,000)."""

MAX_DISCLOSURES: Final = 4096

LEEWAY: Final = timedelta(seconds=60)
"""How far two honest clocks may differ."""

_MAX_TIME: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that a datetime holds."""


@dataclass(frozen=True, slots=True)
class Compact:
    """A presentation taken apart. binding: the key binding JWT, empty where there is none."""

    jwt: str
    disclosures: tuple[Disclosure, ...]
    binding: str

    @property
    def presented(self) -> str:
        """Everything up to the last tilde: what `sd_hash` covers."""
        return join(self.jwt, [each.encoded for each in self.disclosures])


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """An SD-JWT whose signature, disclosures and times hold."""

    header: dict[str, Any]
    unpacked: Unpacked
    jwt: str

    @property
    def claims(self) -> dict[str, Any]:
        """The claims that were disclosed."""
        return self.unpacked.claims


def join(jwt: str, disclosures: list[str]) -> str:
    """The compact form without key binding."""
    return "~".join([jwt, *disclosures, ""])


def take_apart(compact: str) -> Compact:
    """Split the compact form and parse its disclosures; nothing is verified yet."""
    if not isinstance(compact, str) or not compact.isascii():
        raise Malformed("it is not ASCII text")
    if len(compact) > MAX_CHARS:
        raise Malformed(f"it is longer than {MAX_CHARS} characters")
    jwt, *rest = compact.split("~")
    if not rest:
        raise Malformed("the tilde after the JWT is missing")
    if len(rest) > MAX_DISCLOSURES:
        raise Malformed(f"it has more than {MAX_DISCLOSURES} disclosures")
    *encoded, binding = rest
    disclosures = tuple(read_disclosure(each, position) for position, each in enumerate(encoded))
    return Compact(jwt, disclosures, binding)


def verify_token(
    compact: str,
    key_for: Callable[[Mapping[str, Any]], ec.EllipticCurvePublicKey],
    *,
    typ: str,
    now: datetime,
    binding: ExpectedBinding | None = None,
    low_s: bool = False,
) -> VerifiedToken:
    """Verify a presentation (RFC 9901 sections 7.1 and 7.3); raises a `CredentialError`.

    key_for: gives the issuer's key for the JWT's header, or raises.
    typ: the type the header must state.
    binding: what the holder's key binding must say; None where none is expected, and then none is accepted.
    """
    parts = take_apart(compact)
    header, payload, signed, signature = split_jws(parts.jwt, "issuer-signed JWT")
    if header.get("typ") != typ:
        raise WrongType(typ, header.get("typ"))
    check_signature(key_for(header), signed, signature, low_s=low_s)
    unpacked = unpack(payload, parts.disclosures)
    # times are read after the disclosures are in place, so that none can hide an expiry (section 7.1, step 5)
    check_times(unpacked.claims, now)
    check_binding(parts.binding, parts.presented, unpacked.claims, binding)
    return VerifiedToken(header, unpacked, parts.jwt)


def check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """Refuse what is expired, not yet valid, or issued in the future."""
    for name in ("nbf", "iat"):
        if name in claims and time_of(claims[name], name) > now + LEEWAY:
            raise NotYetValid(name, time_of(claims[name], name))
    if "exp" in claims and time_of(claims["exp"], "exp") <= now - LEEWAY:
        raise Expired(time_of(claims["exp"], "exp"))


def time_of(value: object, name: str) -> datetime:
    """A NumericDate (RFC 7519) of whole or broken seconds as an aware datetime."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_TIME:
        raise Malformed(f"{name} is not a time")
    return datetime.fromtimestamp(value, UTC)
