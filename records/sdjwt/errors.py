"""Why a credential is refused. One class for each reason, so that a verifier can name it; none holds
content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from records.errors import Problem, RecordError, printable


class CredentialError(RecordError):
    """Root of every refusal of a credential or presentation."""


class Malformed(CredentialError):
    """Not an SD-JWT: wrong structure, base64url, JSON or UTF-8, or larger than any document. `what` says
    where."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"malformed credential: {what}")


class AlgorithmRefused(CredentialError):
    """The header names another algorithm than ES256 (``none`` included), or asks for an unknown extension."""

    def __init__(self, found: object) -> None:
        self.found = printable(str(found), 20)
        super().__init__(f"signature algorithm {self.found!r} is refused; only ES256 is accepted")


class HashRefused(CredentialError):
    """`_sd_alg` names another hash than sha-256."""

    def __init__(self, found: object) -> None:
        self.found = printable(str(found), 20)
        super().__init__(f"hash algorithm {self.found!r} is refused; only sha-256 is accepted")


class WrongType(CredentialError):
    """The header's `typ` is not the expected one, so this JWT was made for another purpose."""

    def __init__(self, expected: str, found: object) -> None:
        self.expected = expected
        self.found = printable(str(found), 30)
        super().__init__(f"token type {self.found!r} found where {expected!r} is required")


class UnknownSigningKey(CredentialError):
    """Nobody knows the key that the header names. `kid` is None where it names none."""

    def __init__(self, kid: str | None) -> None:
        self.kid = None if kid is None else printable(kid, 60)
        super().__init__(
            f"signing key {self.kid!r} is unknown; fetch the issuer's registered keys and try again"
        )


class KeyRefused(CredentialError):
    """A key is not on P-256, or is not the one its name says. `reason` tells which."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"key refused: {reason}")


class SignatureInvalid(CredentialError):
    """The issuer's signature does not fit the bytes: altered, or signed by another key."""

    def __init__(self, reason: str = "it does not fit the signed bytes") -> None:
        self.reason = reason
        super().__init__(f"invalid signature: {reason}")


class DisclosureRefused(CredentialError):
    """Root of refusals that concern disclosures (RFC 9901 section 7.1, step 3)."""


class DisclosureWithoutDigest(DisclosureRefused):
    """A disclosure belongs to no digest in the signed part: altered, foreign or swapped in. `position`
    counts from 0."""

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(f"disclosure {position} belongs to no digest of this credential")


class DigestRepeated(DisclosureRefused):
    """The same digest stands in the credential twice, or the same disclosure was sent twice."""

    def __init__(self) -> None:
        super().__init__("a digest occurs more than once")


class ClaimNameTaken(DisclosureRefused):
    """A disclosure would overwrite a claim that is there already. `path` is the object it was meant for."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"a disclosure names a claim that exists already in {path or 'the credential'}")


class ClaimNameForbidden(DisclosureRefused):
    """A claim name that may not be disclosed (``_sd``, ``...``, or one that must always be visible)."""

    def __init__(self, name: str) -> None:
        self.name = printable(name, 20)
        super().__init__(f"the claim name {self.name!r} is not allowed there")


class SaltTooShort(DisclosureRefused):
    """A salt of fewer than 128 bits: the hidden value could be guessed."""

    def __init__(self) -> None:
        super().__init__("a disclosure has a salt of fewer than 128 bits")


class NotYetValid(CredentialError):
    """`nbf` or `iat` lies in the future; `since` is that time."""

    def __init__(self, claim: str, since: datetime) -> None:
        self.claim = claim
        self.since = since
        super().__init__(f"not valid before {since.isoformat()} ({claim}); check this machine's clock")


class Expired(CredentialError):
    """`exp` has passed; `since` is that time."""

    def __init__(self, since: datetime) -> None:
        self.since = since
        super().__init__(f"expired at {since.isoformat()}")


class KeyBindingMissing(CredentialError):
    """The verifier asked for a proof by the holder's key and none came."""

    def __init__(self) -> None:
        super().__init__("the holder's key binding is required and missing")


class KeyBindingRefused(CredentialError):
    """The holder's key binding does not hold, or was not asked for. `reason` tells why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"key binding refused: {reason}")


class PathUnknown(CredentialError):
    """A field path names nothing that can be shown or hidden."""

    def __init__(self, path: str) -> None:
        self.path = printable(path)
        super().__init__(
            f"nothing at {self.path!r} can be shown or hidden; give a path like patient.name or rows.3"
        )


class PresentationIncomplete(CredentialError):
    """A presentation lacks what this kind of receiver must see. `missing` lists the paths."""

    def __init__(self, receiver: str, missing: Iterable[str]) -> None:
        self.receiver = receiver
        self.missing = tuple(sorted(missing))
        super().__init__(f"the receiver ({receiver}) must also see: {', '.join(self.missing)}")


class ClaimsInvalid(CredentialError):
    """Rightly signed, but not a document of a kind this software knows. `problems` lists why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "the claims make no valid document: " + "; ".join(str(each) for each in self.problems[:5])
        )


class IssuerRefused(CredentialError):
    """The issuer may not issue this record, or its name has the wrong form. `reason` tells which."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"issuer refused: {reason}")


class UnknownCredentialType(CredentialError):
    """`vct` names no kind this software knows, or `kind` does not agree with it."""

    def __init__(self, vct: object) -> None:
        self.vct = printable(str(vct), 60)
        super().__init__(f"credential type {self.vct!r} is unknown here; a newer version may know it")
