"""The holder's proof (RFC 9901 sections 4.3 and 7.3): a JWT by the key that the credential names in `cnf`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from records.sdjwt.errors import (
    CredentialError,
    KeyBindingMissing,
    KeyBindingRefused,
)
from records.sdjwt.jose import b64encode, check_signature, digest, sign, split_jws, to_json
from records.sdjwt.keys import key_of

_TYPE: Final = "kb+jwt"


@dataclass(frozen=True, slots=True)
class ExpectedBinding:
    """What a verifier asked the holder to sign.

    nonce, audience: as the verifier sent them. now: its clock. max_age: how old the proof may be.
    """

    nonce: str
    audience: str
    now: datetime
    max_age: timedelta = timedelta(minutes=5)


def bind(presented: str, key: ec.EllipticCurvePrivateKey, *, nonce: str, audience: str, iat: datetime) -> str:
    """Add the holder's proof to a presentation that ends in a tilde."""
    header = b64encode(to_json({"alg": "ES256", "typ": _TYPE}))
    claims = {"iat": int(iat.timestamp()), "aud": audience, "nonce": nonce, "sd_hash": digest(presented)}
    return presented + sign(key, header, to_json(claims))


def check_binding(
    binding: str, presented: str, claims: Mapping[str, Any], expected: ExpectedBinding | None
) -> None:
    """Verify the proof against what was asked; raises `KeyBindingMissing` or `KeyBindingRefused`.

    A proof that nobody asked for is refused too: it would be unread bytes in a document that counts as
    checked.
    """
    if expected is None:
        if binding:
            raise KeyBindingRefused("none was asked for")
        return
    if not binding:
        raise KeyBindingMissing
    try:
        header, proof = _signed_by_holder(binding, claims)
    except CredentialError as error:
        raise KeyBindingRefused(str(error)) from error
    _check_claims(header, proof, presented, expected)


def _signed_by_holder(binding: str, claims: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    confirmation = claims.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(jwk, dict):
        raise KeyBindingRefused("the credential names no holder key")
    header, proof, signed, signature = split_jws(binding, "key binding JWT")
    check_signature(key_of(jwk), signed, signature)
    return header, proof


def _check_claims(
    header: Mapping[str, Any], proof: Mapping[str, Any], presented: str, expected: ExpectedBinding
) -> None:
    if header.get("typ") != _TYPE:
        raise KeyBindingRefused(f"its type is not {_TYPE}")
    for name, wanted in (
        ("nonce", expected.nonce),
        ("aud", expected.audience),
        ("sd_hash", digest(presented)),
    ):
        if proof.get(name) != wanted:
            raise KeyBindingRefused(f"its {name} is not the expected one")
    iat = proof.get("iat")
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        raise KeyBindingRefused("its iat is not a time")
    age = expected.now.timestamp() - iat
    if not -60 <= age <= expected.max_age.total_seconds():
        raise KeyBindingRefused("it was made too long ago, or in the future")
