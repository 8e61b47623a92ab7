"""What must be proven about a document, read from its issuer-signed part before anything in it is believed."""

from __future__ import annotations

from chain import p256
from chain.light import ProofSubject
from chain.merkle import leaf_of
from records.credential import digest_of
from records.sdjwt.errors import UnknownSigningKey
from records.sdjwt.jose import split_jws


def subject_of(credential: str, root: bytes, issuer: int) -> ProofSubject:
    """The places on chain that decide about a presentation (`jwt~…~`) anchored by `issuer` under `root`.

    Raises CredentialError: it is no JWT, or names no key.
    """
    jwt = credential.partition("~")[0]
    kid = split_jws(jwt, "issuer-signed JWT")[0].get("kid")
    try:
        raw = p256.kid_from_text(kid if isinstance(kid, str) else "")
    except p256.NotAKid as error:
        raise UnknownSigningKey(str(kid)) from error
    return ProofSubject(issuer, root, leaf_of(digest_of(jwt)), raw)
