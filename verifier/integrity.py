"""Integrity: the issuer's signature, the disclosures, and the path from the document to the anchored root."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from chain import p256
from chain.light import ProofSubject
from chain.merkle import verify_path
from records.credential import CredentialError, VerifiedCredential, verify
from records.sdjwt.errors import NotYetValid, UnknownCredentialType
from verifier.bundle import ProofBundle
from verifier.findings import Finding, Outcome, failed, passed, unknown
from verifier.subject import subject_of

KeyLookup = Callable[[bytes], tuple[bytes, bytes] | None]
"""kid → (x, y) from a node that was asked, or None."""

_UNDECIDED = (NotYetValid, UnknownCredentialType)
"""Refusals that say something about this reader (clock, version), not about the document."""


@dataclass(frozen=True)
class Checked:
    """What the document itself shows. `credential` only if everything in it holds."""

    finding: Finding
    subject: ProofSubject | None
    """What must be proven about it; None if the document cannot even be read."""
    credential: VerifiedCredential | None


def check_integrity(bundle: ProofBundle, now: datetime, look_up: KeyLookup = lambda kid: None) -> Checked:
    """Checks the document against the key in the bundle (or from `look_up`) and the path against its root."""
    try:
        subject = subject_of(bundle.credential, bundle.root, bundle.issuer)
        credential = verify(bundle.credential, _Resolver(bundle, look_up), now=now)
    except _KeyMissing as error:
        return Checked(unknown("key_missing", kid=error.kid), subject, None)
    except CredentialError as error:
        return Checked(_refusal(error), None, None)
    if credential.issuer_index != bundle.issuer:
        return Checked(failed("issuer_mismatch"), subject, None)
    if not verify_path(bundle.root, subject.leaf, bundle.path):
        return Checked(failed("path_broken"), subject, None)
    hidden = str(len(credential.hidden))
    return Checked(
        passed("intact_partly" if credential.hidden else "intact", hidden=hidden), subject, credential
    )


class _KeyMissing(Exception):
    """Neither the bundle nor a node has the signing key `kid`. (No LookupError: nothing is wrong with it.)"""

    def __init__(self, kid: str) -> None:
        super().__init__(kid)
        self.kid = kid


class _Resolver:
    """Gives the bundle's key where its thumbprint is the kid asked for; a key under another name is refused."""

    def __init__(self, bundle: ProofBundle, look_up: KeyLookup) -> None:
        self._point = bundle.key
        self._look_up = look_up

    def __call__(self, kid: str) -> ec.EllipticCurvePublicKey:
        point = self._point or self._look_up(p256.kid_from_text(kid))
        if point is None:
            raise _KeyMissing(kid)
        if p256.kid_to_text(p256.thumbprint(*point)) != kid:
            raise LookupError(kid)
        try:
            return p256.public_key(*point)
        except p256.NotAPoint as error:
            raise LookupError(kid) from error


def _refusal(error: CredentialError) -> Finding:
    """A refusal as a finding: its class in snake case is its code."""
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
    undecided = isinstance(error, _UNDECIDED)
    return Finding(f"credential_{code}", {}, Outcome.UNKNOWN if undecided else Outcome.FAILED)
