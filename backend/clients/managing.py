"""An institution's own administrator at work: its clients, and no other institution's.

Who that is, is a client registered by the hospital's operator with the scope `clients.manage` and nothing else
(docs/adr/0010). It proves itself as every client does, by an assertion signed with its key; here is what it may do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.clients import administration, proof, repository
from backend.clients.errors import (
    ClientNotFound,
    ClientRefused,
    ClientUnknown,
    KeySetRefused,
    ManagerApart,
    OwnClient,
    ScopeUnknown,
    SuspendedByHospital,
)
from backend.clients.models import ClientKey, ClientState, InstitutionClient
from backend.clients.proof import Act
from backend.clients.scope import MANAGE, Institution
from backend.services import Services

MOST_CLIENTS: Final = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """A client and its keys."""

    client: InstitutionClient
    keys: Sequence[ClientKey]


def is_administrator(services: Services, who: Institution) -> bool:
    """Whether a token is the administrator's; that it is not is in the log."""
    if MANAGE in who.scopes:
        return True
    refused = _line(services, who, Action.CHANGE, Outcome.REFUSED, "scope")
    audit.record(services.database, [refused])
    return False


def every(services: Services, session: Session, who: Institution) -> list[Shown]:
    """The institution's clients, oldest first, the administrator's own among them. In the log."""
    found = repository.of_institution(session, who.institution)
    audit.note(services.database, session, [_line(services, who, Action.LIST)])
    return [Shown(each, repository.keys(session, each.id)) for each in found]


def add(
    services: Services,
    session: Session,
    who: Institution,
    act: Act,
    *,
    name: str,
    scopes: Iterable[str],
    jwks: object,
) -> Shown:
    """A new client of the institution, for what its data-scope sheet names. Raises KeyProofRefused, ClientRefused."""
    proof.use(services, session, who, act)
    if len(repository.of_institution(session, who.institution)) >= MOST_CLIENTS:
        raise ClientRefused(reason=f"an institution has at most {MOST_CLIENTS} clients")
    return _changed(
        session,
        lambda: administration.add(
            session,
            services.scopes,
            institution=who.institution,
            name=name,
            scopes=scopes,
            jwks=jwks,
            now=services.clock(),
            who=who,
        ),
    )


def rotate(
    services: Services, session: Session, who: Institution, act: Act, client: UUID, jwks: object
) -> Shown:
    """Other keys for a client, its own too. Raises KeyProofRefused, ClientNotFound, ClientRefused."""
    proof.use(services, session, who, act)
    _own(session, who, client)
    return _changed(session, lambda: administration.rotate(session, client, jwks, services.clock(), who))


def narrow(
    services: Services, session: Session, who: Institution, client: UUID, scopes: Iterable[str]
) -> Shown:
    """Fewer scopes for a client. Raises ClientNotFound, ClientRefused."""
    _own(session, who, client)
    return _changed(session, lambda: administration.narrow(session, client, scopes, services.clock(), who))


def set_state(
    services: Services, session: Session, who: Institution, client: UUID, state: ClientState
) -> Shown:
    """Pause, resume or remove a client. Raises ClientNotFound, OwnClient, SuspendedByHospital."""
    if str(client) == who.client:
        raise OwnClient
    if _own(session, who, client).state == ClientState.SUSPENDED and state is not ClientState.REMOVED:
        raise SuspendedByHospital
    return _changed(session, lambda: administration.set_state(session, client, state, services.clock(), who))


def _own(session: Session, who: Institution, client: UUID) -> InstitutionClient:
    """A client of the administrator's institution; another's does not exist. Raises ClientNotFound."""
    found = repository.client(session, client)
    if found is None or found.institution != who.institution or found.state == ClientState.REMOVED:
        raise ClientNotFound
    return found


def _changed(session: Session, act: Callable[[], InstitutionClient]) -> Shown:
    try:
        client = act()
    except ClientUnknown as error:
        raise ClientNotFound from error
    except (KeySetRefused, ManagerApart, ScopeUnknown) as error:
        raise ClientRefused(reason=str(error)) from error
    return Shown(client, repository.keys(session, client.id))


def _line(
    services: Services,
    who: Institution,
    action: Action,
    outcome: Outcome = Outcome.ALLOWED,
    reason: str | None = None,
) -> Entry:
    return Entry(
        at=services.clock(),
        actor_kind=ActorKind.INSTITUTION,
        actor_id=who.client,
        action=action,
        object_kind=ObjectKind.ACCOUNT,
        origin=origin_of(who.address, ActorKind.INSTITUTION),
        outcome=outcome,
        reason=reason,
    )
