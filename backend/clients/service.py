"""Tokens for institutions' servers, and who a token is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.clients import assertion, repository
from backend.clients.assertion import Claimed, Held
from backend.clients.errors import ClientTokenRefused, OAuthError, TokenRequestRefused
from backend.clients.models import AccessToken, ClientState, InstitutionClient, UsedAssertion
from backend.clients.scope import Institution
from backend.limits import service as limits
from backend.limits.errors import TooManyRequests
from backend.limits.rules import Limit
from backend.limits.service import Tried, block_of
from backend.services import Services
from backend.tokens import digest_of
from chain.db import reading, writing

GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATH = "/api/v1/oauth/token"  # noqa: S105 - an address
TOKEN_LIFETIME = timedelta(minutes=5)
_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token (RFC 6749 section 5.1)."""

    token: str
    scopes: frozenset[str]


def grant(services: Services, form: Mapping[str, str], address: str) -> Granted:
    """A token for the form of a token request. What comes of it is in the log.

    Raises:
        TokenRequestRefused: with the RFC's error and a reason.
    """
    now, stranger = services.clock(), Tried(Limit.TOKEN_REFUSED, block_of(address))
    try:
        limits.check(services, stranger)
    except TooManyRequests as error:
        raise _too_many("too-many-refusals", error) from error
    try:
        with reading(services.database) as session:
            client, held = _proven(session, form, _audience(services), now)
        return _counted(services, client, held, form, address, now)
    except TokenRequestRefused as error:
        with suppress(TooManyRequests):  # the next one is told
            limits.spend(services, stranger, address=address)
        with writing(services.database) as session:
            _note_refusal(session, error, address, now)
        raise


def _counted(
    services: Services,
    client: InstitutionClient,
    held: Held,
    form: Mapping[str, str],
    address: str,
    now: datetime,
) -> Granted:
    """A token that counts for the client; what was refused does not."""
    own = Tried(Limit.TOKEN, str(client.id))
    try:
        limits.spend(services, own, address=address)
    except TooManyRequests as error:
        raise _too_many("too-many-tokens", error, str(client.id)) from error
    try:
        with writing(services.database) as session:
            return _give(session, client, held, form, address, now)
    except TokenRequestRefused:
        limits.give_back(services, own)
        raise


def _too_many(reason: str, error: TooManyRequests, client: str = "") -> TokenRequestRefused:
    return TokenRequestRefused(OAuthError.TOO_MANY_REQUESTS, reason, client, seconds=error.seconds)


def _audience(services: Services) -> str:
    return services.settings.public_url.rstrip("/") + TOKEN_PATH


def _proven(
    session: Session, form: Mapping[str, str], audience: str, now: datetime
) -> tuple[InstitutionClient, Held]:
    for name in ("grant_type", "client_assertion_type", "client_assertion"):
        if not form.get(name):
            raise TokenRequestRefused(OAuthError.INVALID_REQUEST, f"{name.replace('_', '-')}-missing")
    if form["grant_type"] != GRANT:
        raise TokenRequestRefused(OAuthError.UNSUPPORTED_GRANT_TYPE, "grant-type")
    if form["client_assertion_type"] != ASSERTION_TYPE:
        raise TokenRequestRefused(OAuthError.INVALID_REQUEST, "client-assertion-type")
    claimed = assertion.read(form["client_assertion"])
    client = _known(session, claimed, form.get("client_id", ""))
    key = repository.key(session, client.id, claimed.kid)
    if key is None:
        raise TokenRequestRefused(OAuthError.INVALID_CLIENT, "key-unknown", str(client.id))
    held = assertion.verify(form["client_assertion"], claimed, key.algorithm, key.jwk, audience, now)
    if client.state != ClientState.ACTIVE:
        raise TokenRequestRefused(OAuthError.INVALID_CLIENT, "client-suspended", str(client.id))
    return client, held


def _known(session: Session, claimed: Claimed, client_id: str) -> InstitutionClient:
    client = repository.client(session, claimed.client)
    if client is None:
        raise TokenRequestRefused(OAuthError.INVALID_CLIENT, "client-unknown")
    if client_id and client_id != str(client.id):
        raise TokenRequestRefused(OAuthError.INVALID_CLIENT, "client-id-differs", str(client.id))
    return client


def _give(
    session: Session,
    client: InstitutionClient,
    held: Held,
    form: Mapping[str, str],
    address: str,
    now: datetime,
) -> Granted:
    """Use the assertion up and make the token. An assertion that asked for too much stays unused: nothing was given."""
    repository.forget(session, now - _KEPT)
    used = UsedAssertion(
        digest=digest_of(f"{client.id} {held.jti}"),
        taken_by=secrets.token_hex(16),
        expires_at=held.expires_at,
    )
    if not repository.take_assertion(session, used):
        raise TokenRequestRefused(OAuthError.INVALID_CLIENT, "assertion-used", str(client.id))
    scopes = _scopes(client, form.get("scope", ""))
    token = secrets.token_urlsafe(32)
    row = AccessToken(
        digest=digest_of(token),
        client_id=client.id,
        scopes=" ".join(sorted(scopes)),
        expires_at=now + TOKEN_LIFETIME,
    )
    session.add(row)
    session.flush()
    entry = Entry(
        at=now,
        actor_kind=ActorKind.INSTITUTION,
        actor_id=str(client.id),
        action=Action.SIGN_IN,
        object_kind=ObjectKind.ACCOUNT,
        origin=origin_of(address, ActorKind.INSTITUTION),
    )
    audit.append(session, [entry])
    return Granted(token, scopes)


def _scopes(client: InstitutionClient, wanted: str) -> frozenset[str]:
    """What was asked for, or everything registered where nothing was. Raises TokenRequestRefused."""
    registered = frozenset(client.scopes.split())
    asked = frozenset(wanted.split()) or registered
    if not asked or not asked <= registered:
        raise TokenRequestRefused(OAuthError.INVALID_SCOPE, "scope-not-registered", str(client.id))
    return asked


def _note_refusal(session: Session, error: TokenRequestRefused, address: str, now: datetime) -> None:
    """By nobody: who was refused has not proved to be the client that they named."""
    entry = Entry(
        at=now,
        actor_kind=ActorKind.NOBODY,
        actor_id="nobody",
        action=Action.SIGN_IN_REFUSED,
        object_kind=ObjectKind.ACCOUNT,
        object_id=error.client,
        origin=origin_of(address, ActorKind.INSTITUTION),
        outcome=Outcome.REFUSED,
        reason=error.reason,
    )
    audit.append(session, [entry])


def institution_of(session: Session, token: str, address: str, now: datetime) -> Institution:
    """Whose token it is. Raises ClientTokenRefused: unknown, over, or its client was suspended."""
    row = repository.token(session, digest_of(token)) if token else None
    if row is None or row.expires_at <= now:
        raise ClientTokenRefused
    client = repository.client(session, row.client_id)
    if client is None or client.state != ClientState.ACTIVE:
        raise ClientTokenRefused
    # What was taken from the client since is taken from its tokens too.
    scopes = frozenset(row.scopes.split()) & frozenset(client.scopes.split())
    return Institution(str(client.id), client.institution, scopes, address)
