"""A record as a credential: issue it, show part of it, verify it.

The profile of SD-JWT VC that this project uses (design section 5; RFC 9901; draft-ietf-oauth-sd-jwt-vc):

* header: `alg` ES256, `typ` dc+sd-jwt, `kid` the RFC 7638 thumbprint of the institution's registered key;
* always visible: `iss`, `iat`, `vct`, `kind`, the institution, and what the kind marks so;
* no `exp`: a document does not expire, whether it still holds is what its status on chain says;
* `cnf` only where the holder has a key.

The digest that is anchored is SHA-256 over the issuer-signed JWT in ASCII, without disclosures: what a
holder shows or hides does not change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from records.errors import RecordInvalid
from records.issuer import TYPE, Issuer, IssuerKey, issuer_chain, issuer_index
from records.kinds import KINDS, Kind, Receiver, Record, kind_of
from records.kinds.problems import validated
from records.layout import pack
from records.partial import partial_record
from records.presentation import check_must_see, choose, dotted, hidden_paths, may_hide
from records.sdjwt.drawing import Draws
from records.sdjwt.errors import (
    ClaimNameForbidden,
    ClaimsInvalid,
    CredentialError,
    IssuerRefused,
    KeyRefused,
    Malformed,
    PathUnknown,
    PresentationIncomplete,
    UnknownCredentialType,
    UnknownSigningKey,
)
from records.sdjwt.jose import sign, split_jws, to_json
from records.sdjwt.keybinding import ExpectedBinding, bind
from records.sdjwt.keys import jwk_of, thumbprint
from records.sdjwt.token import VerifiedToken, join, take_apart, time_of, verify_token
from records.sdjwt.unpack import unpack

_META: Final = frozenset({"iss", "iat", "vct", "kind", "cnf"})


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A fresh credential. jwt: the issuer-signed part, without tilde; disclosures: all of them, encoded."""

    jwt: str
    disclosures: tuple[str, ...]

    @property
    def compact(self) -> str:
        """``jwt~disclosure~…~``: what the holder keeps."""
        return join(self.jwt, list(self.disclosures))

    @property
    def digest(self) -> bytes:
        """SHA-256 of the JWT's ASCII text, 32 bytes: what is anchored."""
        return digest_of(self.jwt)


@dataclass(frozen=True, slots=True)
class VerifiedCredential:
    """A presentation that holds.

    claims: everything disclosed, as plain JSON. record: the same, typed; hidden fields hold `partial.HIDDEN`.
    hidden: paths that were left out; ``rows.*`` says that a list is not, or may not be, complete.
    """

    claims: Mapping[str, Any]
    kind: Kind
    record: Record
    iss: str
    kid: str
    iat: datetime
    hidden: frozenset[str]
    jwt: str

    @property
    def digest(self) -> bytes:
        """SHA-256 of the issuer-signed JWT, 32 bytes: what must be anchored."""
        return digest_of(self.jwt)

    @property
    def issuer_index(self) -> int:
        """The issuer's index in the institution registry."""
        return issuer_index(self.iss)


def digest_of(jwt: str) -> bytes:
    """SHA-256 over the issuer-signed JWT's compact ASCII text without any tilde."""
    return hashlib.sha256(jwt.encode("ascii")).digest()


def issue(
    record: Record,
    *,
    issuer: Issuer,
    key: IssuerKey,
    iat: datetime,
    holder: ec.EllipticCurvePublicKey | None = None,
    draws: Draws | None = None,
) -> IssuedCredential:
    """Issue a record: fresh salts, and so another signature, so that two copies of a document cannot be joined by
    them.

    iat: aware; kept in whole seconds. holder: the key that may later prove possession (`cnf`).
    draws: where salts come from; with `SeededDraws` of one seed the same record becomes the same credential again.
    Raises `IssuerRefused` when the record names another institution than the issuer.
    """
    if record.institution.name != issuer.name:
        raise IssuerRefused("the record names another institution than the issuer")
    kind = kind_of(record)
    claims, disclosures = pack(kind, record, draws)
    payload = {"iss": issuer.iss, "iat": int(iat.timestamp()), "vct": kind.vct, "kind": kind.name}
    if holder is not None:
        payload["cnf"] = {"jwk": jwk_of(holder)}
    payload |= claims | {"_sd_alg": "sha-256"}
    return IssuedCredential(sign(key.private_key, key.header, to_json(payload)), tuple(disclosures))


def present(
    compact: str,
    *,
    show: Collection[str] | None = None,
    hide: Collection[str] | None = None,
    receiver: Receiver | None = None,
) -> str:
    """Keep some disclosures and drop the others; gives a compact presentation without key binding.

    show: paths to keep, everything else that can be hidden goes; hide: paths to drop, the rest stays;
        neither: all. A path is ``patient.name``, ``rows`` (the whole list), ``rows.3`` (one element), or
        ``patient`` (all its parts).
    receiver: refuse, with `PresentationIncomplete`, what lacks something this receiver must see.

    Raises `PathUnknown` for a path that names nothing to choose. Verifies no signature: the holder trusts
    its copy.
    """
    parts = take_apart(compact)
    if parts.binding:
        raise Malformed("it has a key binding already; start from the holder's own copy")
    payload = split_jws(parts.jwt, "issuer-signed JWT")[1]
    kind = kind_for(payload)
    paths = unpack(payload, parts.disclosures).paths
    kept = choose(kind, {digest: dotted(path) for digest, path in paths.items()}, show=show, hide=hide)
    disclosures = [each for each in parts.disclosures if each.digest in kept]
    if receiver is not None:
        check_must_see(kind, receiver, unpack(payload, disclosures))
    return join(parts.jwt, [each.encoded for each in disclosures])


def present_bound(
    presentation: str, key: ec.EllipticCurvePrivateKey, *, nonce: str, audience: str, iat: datetime
) -> str:
    """Add the holder's proof of possession to a presentation (for a credential issued with `holder`)."""
    return bind(presentation, key, nonce=nonce, audience=audience, iat=iat)


def verify(
    compact: str,
    resolve_key: Callable[[str], ec.EllipticCurvePublicKey],
    *,
    now: datetime,
    receiver: Receiver | None = None,
    binding: ExpectedBinding | None = None,
) -> VerifiedCredential:
    """Verify a presentation and read it; raises a `CredentialError` that says what is wrong.

    resolve_key: gives the public key registered under a kid, or raises LookupError.
    receiver: also require what this kind of receiver must see. binding: also require the holder's proof.
    """
    token = verify_token(compact, _resolver(resolve_key), typ=TYPE, now=now, binding=binding, low_s=True)
    kind = kind_for(token.claims)
    _check_layout(kind, token)
    if receiver is not None:
        check_must_see(kind, receiver, token.unpacked)
    hidden = hidden_paths(kind, token.unpacked)
    claims = token.claims
    issuer_index(claims.get("iss"))
    return VerifiedCredential(
        claims=claims,
        kind=kind,
        record=_record(kind, claims, hidden),
        iss=claims["iss"],
        kid=token.header["kid"],
        iat=time_of(claims.get("iat"), "iat").astimezone(UTC),
        hidden=hidden,
        jwt=token.jwt,
    )


def kind_for(claims: Mapping[str, Any]) -> Kind:
    """The kind of a credential, which `vct` and `kind` must agree on; raises `UnknownCredentialType`."""
    vct = claims.get("vct")
    kind = KINDS.get(vct) if isinstance(vct, str) else None
    if kind is None or claims.get("kind") != kind.name:
        raise UnknownCredentialType(vct)
    return kind


def _resolver(
    resolve_key: Callable[[str], ec.EllipticCurvePublicKey],
) -> Callable[[Mapping[str, Any]], ec.EllipticCurvePublicKey]:
    def key_for(header: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise UnknownSigningKey(None)
        try:
            key = resolve_key(kid)
        except LookupError:
            raise UnknownSigningKey(kid) from None
        if thumbprint(key) != kid:
            raise KeyRefused("the key found is not the one its name says")
        return key

    return key_for


def _check_layout(kind: Kind, token: VerifiedToken) -> None:
    """Refuse disclosures of anything that the kind says is always visible."""
    for path in token.unpacked.paths.values():
        if not may_hide(kind, path):
            raise ClaimNameForbidden(dotted(path))


def _record(kind: Kind, claims: Mapping[str, Any], hidden: frozenset[str]) -> Record:
    data = {name: value for name, value in claims.items() if name not in _META}
    try:
        return partial_record(kind, data, hidden) if hidden else validated(kind, kind.model, data)
    except RecordInvalid as error:
        raise ClaimsInvalid(error.problems) from None


__all__ = [
    "CredentialError",
    "ExpectedBinding",
    "IssuedCredential",
    "Issuer",
    "IssuerKey",
    "PathUnknown",
    "PresentationIncomplete",
    "VerifiedCredential",
    "digest_of",
    "issue",
    "issuer_chain",
    "issuer_index",
    "present",
    "present_bound",
    "verify",
]
