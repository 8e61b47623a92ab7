"""Queries of the institutions' clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Session, col

from backend.clients.models import AccessToken, ClientKey, ClientState, InstitutionClient, UsedAssertion
from chain.db import insert_ignore


def client(session: Session, client_id: UUID) -> InstitutionClient | None:
    return session.get(InstitutionClient, client_id)


def of_institution(session: Session, institution: int) -> Sequence[InstitutionClient]:
    """Those not removed, oldest first."""
    query = select(InstitutionClient).where(
        col(InstitutionClient.institution) == institution, col(InstitutionClient.state) != ClientState.REMOVED
    )
    query = query.order_by(col(InstitutionClient.created_at), col(InstitutionClient.id))
    return session.execute(query).scalars().all()


def lock_institution(session: Session, institution: int) -> Sequence[InstitutionClient]:
    """All of an institution's clients, as they stand now and until the transaction ends.

    Always all, in one order: two that change clients of one institution wait for each other, never in a circle.
    """
    query = select(InstitutionClient).where(col(InstitutionClient.institution) == institution)
    query = query.order_by(col(InstitutionClient.id)).with_for_update()
    return session.execute(query, execution_options={"populate_existing": True}).scalars().all()


def clients(session: Session) -> Sequence[InstitutionClient]:
    query = select(InstitutionClient).order_by(col(InstitutionClient.institution), col(InstitutionClient.id))
    return session.execute(query).scalars().all()


def keys(session: Session, client_id: UUID) -> Sequence[ClientKey]:
    query = select(ClientKey).where(col(ClientKey.client_id) == client_id).order_by(col(ClientKey.kid))
    return session.execute(query).scalars().all()


def key(session: Session, client_id: UUID, kid: str) -> ClientKey | None:
    query = select(ClientKey).where(col(ClientKey.client_id) == client_id, col(ClientKey.kid) == kid)
    return session.execute(query).scalars().first()


def remove_keys(session: Session, client_id: UUID) -> None:
    session.execute(delete(ClientKey).where(col(ClientKey.client_id) == client_id))


def remove_tokens(session: Session, client_id: UUID) -> None:
    session.execute(delete(AccessToken).where(col(AccessToken.client_id) == client_id))


def take_assertion(session: Session, row: UsedAssertion) -> bool:
    """Use an assertion up: of two requests at the same moment one finds it unused."""
    insert_ignore(session, UsedAssertion, [row.model_dump()])
    query = select(col(UsedAssertion.taken_by)).where(col(UsedAssertion.digest) == row.digest)
    return bool(session.execute(query).scalar_one() == row.taken_by)


def token(session: Session, digest: str) -> AccessToken | None:
    return session.get(AccessToken, digest)


def forget(session: Session, before: datetime) -> None:
    """Remove what ended before a moment: assertions and tokens."""
    session.execute(delete(UsedAssertion).where(col(UsedAssertion.expires_at) < before))
    session.execute(delete(AccessToken).where(col(AccessToken.expires_at) < before))
