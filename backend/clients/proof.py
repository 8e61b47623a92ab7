"""Proofs for acts that outlive a token: an institution's administrator signs each with its present key.

A bearer token that was stolen is over in five minutes; a key that its thief put in is not. Who adds a client or changes
keys therefore sends, besides the token, a client assertion (RFC 7523) for this one request, in the header
`Saegim-Key-Proof`: `typ` is `saegim-client-keys+jwt`, `aud` the address of the clients, and, in the manner of DPoP
(RFC 9449), `htm` is the method, `htu` the path and `body` the base64url SHA-256 of the body's bytes. It counts once.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.clients import assertion, repository
from backend.clients.errors import KeyProofRefused, TokenRequestRefused
from backend.clients.models import ClientState, UsedAssertion
from backend.clients.scope import Institution
from backend.services import Services
from backend.tokens import digest_of

HEADER: Final = "Saegim-Key-Proof"
TYPE: Final = "saegim-client-keys+jwt"
AUDIENCE_PATH: Final = "/api/v1/institution/clients"


@dataclass(frozen=True, slots=True)
class Act:
    """A request as it came, and the proof that came with it. `body`: base64url SHA-256 of its bytes."""

    method: str
    path: str
    body: str
    proof: str


def body_digest(body: bytes) -> str:
    """As the claim `body` has it."""
    return urlsafe_b64encode(sha256(body).digest()).rstrip(b"=").decode("ascii")


def use(services: Services, session: Session, who: Institution, act: Act) -> None:
    """See that the administrator signed this act, and use the proof up in the act's own transaction.

    The institution's clients stay locked to its end: the key is the present one still when the act is done.

    Raises:
        KeyProofRefused: with the reason, which is in the log.
    """
    repository.lock_institution(session, who.institution)
    try:
        _check(services, session, who, act)
    except TokenRequestRefused as error:
        audit.note(services.database, session, [_refusal(services, who, error.reason)])
        raise KeyProofRefused(reason=error.reason) from error


def _check(services: Services, session: Session, who: Institution, act: Act) -> None:
    """Raises TokenRequestRefused."""
    if not act.proof:
        raise assertion.refused("proof-missing")
    claimed, now = assertion.read(act.proof), services.clock()
    if str(claimed.client) != who.client or claimed.typ != TYPE:
        raise assertion.refused("proof-of-another" if claimed.typ == TYPE else "proof-type")
    client = repository.client(session, UUID(who.client))
    key = repository.key(session, claimed.client, claimed.kid)
    if client is None or client.state != ClientState.ACTIVE or key is None:
        raise assertion.refused("key-unknown")
    audience = services.settings.public_url.rstrip("/") + AUDIENCE_PATH
    held = assertion.verify(act.proof, claimed, key.algorithm, key.jwk, audience, now)
    for name, value in (("htm", act.method), ("htu", act.path), ("body", act.body)):
        if claimed.claims.get(name) != value:
            raise assertion.refused(f"{name}-differs")
    used = UsedAssertion(
        digest=digest_of(f"{client.id} {held.jti}"),
        taken_by=secrets.token_hex(16),
        expires_at=held.expires_at,
    )
    if not repository.take_assertion(session, used):
        raise assertion.refused("assertion-used")


def _refusal(services: Services, who: Institution, reason: str) -> Entry:
    return Entry(
        at=services.clock(),
        actor_kind=ActorKind.INSTITUTION,
        actor_id=who.client,
        action=Action.CHANGE,
        object_kind=ObjectKind.ACCOUNT,
        origin=origin_of(who.address, ActorKind.INSTITUTION),
        outcome=Outcome.REFUSED,
        reason=reason,
    )
