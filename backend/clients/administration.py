"""What an institution's administrator does with its clients: add, change keys, suspend. Each is a line in the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.clients import repository
from backend.clients.errors import ClientUnknown, ScopeUnknown
from backend.clients.keys import checked
from backend.clients.models import ClientKey, ClientState, InstitutionClient
from backend.clients.scope import Sheets

COMMAND_LINE = "command-line"
LONGEST_NAME = 100


def add(
    session: Session,
    sheets: Sheets,
    *,
    institution: int,
    name: str,
    scopes: Iterable[str],
    jwks: object,
    now: datetime,
) -> InstitutionClient:
    """Register a client.

    Raises:
        ScopeUnknown: the institution's sheet does not have them all.
        KeySetRefused: the keys are not taken.
    """
    wanted = sorted(set(scopes))
    if not wanted or (unknown := sheets.unknown(institution, wanted)):
        raise ScopeUnknown(unknown if wanted else ["(none)"])
    made = InstitutionClient(
        id=uuid4(),
        institution=institution,
        name=name.strip()[:LONGEST_NAME],
        scopes=" ".join(wanted),
        created_at=now,
    )
    session.add(made)
    session.flush()
    _keep_keys(session, made.id, jwks, now)
    _note(session, Action.CREATE, made.id, now)
    return made


def rotate(session: Session, client_id: UUID, jwks: object, now: datetime) -> InstitutionClient:
    """The client's keys are exactly these from now on; what the old ones were given for ends.

    Raises:
        ClientUnknown, KeySetRefused.
    """
    client = _client(session, client_id)
    repository.remove_keys(session, client.id)
    repository.remove_tokens(session, client.id)
    _keep_keys(session, client.id, jwks, now)
    _note(session, Action.CHANGE, client.id, now)
    return client


def set_state(session: Session, client_id: UUID, state: ClientState, now: datetime) -> InstitutionClient:
    """Suspend a client, whose tokens end at once, or let it in again. Raises ClientUnknown."""
    client = _client(session, client_id)
    client.state = state
    session.add(client)
    repository.remove_tokens(session, client.id)
    _note(session, Action.CHANGE, client.id, now)
    return client


def _client(session: Session, client_id: UUID) -> InstitutionClient:
    found = repository.client(session, client_id)
    if found is None:
        raise ClientUnknown(str(client_id))
    return found


def _keep_keys(session: Session, client_id: UUID, jwks: object, now: datetime) -> None:
    for kid, (algorithm, jwk) in checked(jwks).items():
        row = ClientKey(id=uuid4(), client_id=client_id, kid=kid, algorithm=algorithm, jwk=jwk, added_at=now)
        session.add(row)
    session.flush()


def _note(session: Session, action: Action, client_id: UUID, now: datetime) -> None:
    entry = Entry(
        at=now,
        actor_kind=ActorKind.SYSTEM,
        actor_id=COMMAND_LINE,
        action=action,
        object_kind=ObjectKind.ACCOUNT,
        object_id=str(client_id),
    )
    audit.append(session, [entry])
