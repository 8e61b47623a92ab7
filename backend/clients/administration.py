"""What is done with institutions' clients, by the hospital's operator or the institution's own administrator.

Each act is a line in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.clients import repository
from backend.clients.errors import ClientUnknown, ManagerApart, ScopeUnknown
from backend.clients.keys import checked
from backend.clients.models import ClientKey, ClientState, InstitutionClient
from backend.clients.scope import MANAGE, Institution, Sheets

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
    who: Institution | None = None,
) -> InstitutionClient:
    """Register a client.

    Args:
        who: the institution's administrator; None: the hospital's operator.

    Raises:
        ManagerApart: `clients.manage` with other scopes, or by an institution's administrator.
        ScopeUnknown: the institution's sheet does not have them all.
        KeySetRefused: the keys are not taken.
    """
    wanted = sorted(set(scopes))
    if MANAGE in wanted:
        if who is not None or len(wanted) > 1:
            raise ManagerApart
    elif not wanted or (unknown := sheets.unknown(institution, wanted)):
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
    _note(session, Action.CREATE, made.id, now, who)
    return made


def rotate(
    session: Session, client_id: UUID, jwks: object, now: datetime, who: Institution | None = None
) -> InstitutionClient:
    """The client's keys are exactly these from now on; what the old ones were given for ends.

    Raises:
        ClientUnknown, KeySetRefused.
    """
    client = _client(session, client_id)
    repository.remove_keys(session, client.id)
    repository.remove_tokens(session, client.id)
    _keep_keys(session, client.id, jwks, now)
    _note(session, Action.CHANGE, client.id, now, who)
    return client


def narrow(
    session: Session, client_id: UUID, scopes: Iterable[str], now: datetime, who: Institution | None = None
) -> InstitutionClient:
    """The client may ask for these only; tokens that were given for more have lost it at once.

    Raises:
        ClientUnknown.
        ScopeUnknown: nothing would be left, or more than there was.
    """
    client, wanted = _client(session, client_id), set(scopes)
    if not wanted or (more := wanted - set(client.scopes.split())):
        raise ScopeUnknown(sorted(more) if wanted else ["(none)"])
    client.scopes = " ".join(sorted(wanted))
    session.add(client)
    _note(session, Action.CHANGE, client.id, now, who)
    return client


def set_state(
    session: Session, client_id: UUID, state: ClientState, now: datetime, who: Institution | None = None
) -> InstitutionClient:
    """Suspend a client, whose tokens end at once, let it in again, or remove it for good. Raises ClientUnknown."""
    client = _client(session, client_id)
    client.state = state
    session.add(client)
    repository.remove_tokens(session, client.id)
    removed = state is ClientState.REMOVED
    if removed:
        repository.remove_keys(session, client.id)
    _note(session, Action.ERASE if removed else Action.CHANGE, client.id, now, who)
    return client


def _client(session: Session, client_id: UUID) -> InstitutionClient:
    """As it stands until the transaction ends. Raises ClientUnknown."""
    found = repository.client(session, client_id)
    if found is not None:
        repository.lock_institution(session, found.institution)
    if found is None or found.state == ClientState.REMOVED:
        raise ClientUnknown(str(client_id))
    return found


def _keep_keys(session: Session, client_id: UUID, jwks: object, now: datetime) -> None:
    for kid, (algorithm, jwk) in checked(jwks).items():
        row = ClientKey(id=uuid4(), client_id=client_id, kid=kid, algorithm=algorithm, jwk=jwk, added_at=now)
        session.add(row)
    session.flush()


def _note(session: Session, action: Action, client_id: UUID, now: datetime, who: Institution | None) -> None:
    kind = ActorKind.SYSTEM if who is None else ActorKind.INSTITUTION
    entry = Entry(
        at=now,
        actor_kind=kind,
        actor_id=COMMAND_LINE if who is None else who.client,
        action=action,
        object_kind=ObjectKind.ACCOUNT,
        object_id=str(client_id),
        origin=origin_of(who.address if who else None, kind),
    )
    audit.append(session, [entry])
