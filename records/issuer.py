"""Who issues documents and with which key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from records.sdjwt.errors import IssuerRefused, KeyRefused
from records.sdjwt.jose import b64encode, to_json
from records.sdjwt.keys import thumbprint

TYPE: Final = "dc+sd-jwt"
"""`typ` of every credential (SD-JWT VC)."""

_ISSUER: Final = re.compile(r"urn:saegim:(0|[1-9][0-9]{0,19}):institution:([1-9][0-9]{0,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues. iss: ``urn:saegim:<chain id>:institution:<index>``; name: the institution's name on its
    documents."""

    iss: str
    name: str

    def __post_init__(self) -> None:
        issuer_index(self.iss)


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A document key: private P-256 key and its thumbprint. Never printed."""

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    kid: str
    header: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if thumbprint(self.private_key.public_key()) != self.kid:
            raise KeyRefused("kid is not the RFC 7638 thumbprint of the key")
        header = b64encode(to_json({"alg": "ES256", "kid": self.kid, "typ": TYPE}))
        object.__setattr__(self, "header", header)

    @classmethod
    def of(cls, private_key: ec.EllipticCurvePrivateKey) -> IssuerKey:
        """The key under its own thumbprint."""
        return cls(private_key, thumbprint(private_key.public_key()))


def issuer_index(iss: object) -> int:
    """The registry index in an issuer's name; raises `IssuerRefused`."""
    return _issuer(iss)[1]


def issuer_chain(iss: object) -> int:
    """The chain id in an issuer's name; raises `IssuerRefused`."""
    return _issuer(iss)[0]


def _issuer(iss: object) -> tuple[int, int]:
    match = _ISSUER.fullmatch(iss) if isinstance(iss, str) else None
    if match is None:
        raise IssuerRefused("iss must be urn:saegim:<chain id>:institution:<index>")
    return int(match[1]), int(match[2])
