"""Queries of sign-in with an account elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from backend.identity.models import LoginSession
from backend.identity.social_models import SocialAttempt, SocialLink


def add(session: Session, row: SocialAttempt | SocialLink) -> None:
    session.add(row)
    session.flush()


def attempt(session: Session, state_digest: str) -> SocialAttempt | None:
    return session.get(SocialAttempt, state_digest)


def attempt_by_id(session: Session, attempt_id: UUID) -> SocialAttempt | None:
    query = select(SocialAttempt).where(col(SocialAttempt.id) == attempt_id)
    return session.execute(query).scalars().first()


def use_attempt(session: Session, state_digest: str, at: datetime) -> bool:
    """Use a state up by conditional update: of two answers at the same moment one finds it."""
    change = update(SocialAttempt).where(
        col(SocialAttempt.state_digest) == state_digest, col(SocialAttempt.used_at).is_(None)
    )
    return bool(session.execute(change.values(used_at=at)).rowcount == 1)  # type: ignore[attr-defined]


def take_waiting(session: Session, attempt_id: UUID) -> bool:
    """Empty what waits to be linked by conditional update: it is linked, or declined, once."""
    change = update(SocialAttempt).where(
        col(SocialAttempt.id) == attempt_id, col(SocialAttempt.account_index).is_not(None)
    )
    return bool(session.execute(change.values(account_index=None)).rowcount == 1)  # type: ignore[attr-defined]


def forget_attempts(session: Session, before: datetime) -> None:
    """Remove attempts that expired before a moment."""
    session.execute(delete(SocialAttempt).where(col(SocialAttempt.expires_at) < before))


def links(session: Session, person_id: UUID) -> Sequence[SocialLink]:
    """A person's, oldest first."""
    query = select(SocialLink).where(col(SocialLink.person_id) == person_id)
    return session.execute(query.order_by(col(SocialLink.linked_at))).scalars().all()


def link_of_account(session: Session, account_index: str) -> SocialLink | None:
    query = select(SocialLink).where(col(SocialLink.account_index) == account_index)
    return session.execute(query).scalars().first()


def used(session: Session, link_id: UUID, at: datetime) -> None:
    session.execute(update(SocialLink).where(col(SocialLink.id) == link_id).values(used_at=at))


def unlink(session: Session, link_id: UUID) -> bool:
    """Whether it was there."""
    done = session.execute(delete(SocialLink).where(col(SocialLink.id) == link_id))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def forget_person(session: Session, person_id: UUID) -> None:
    """Remove a person's links and what they had under way."""
    session.execute(delete(SocialLink).where(col(SocialLink.person_id) == person_id))
    session.execute(delete(SocialAttempt).where(col(SocialAttempt.person_id) == person_id))


def end_logins_by(
    session: Session, person_id: UUID, method: str, at: datetime, but: UUID | None = None
) -> None:
    """End a person's sessions that began in this way, but one."""
    change = update(LoginSession).where(
        col(LoginSession.person_id) == person_id,
        col(LoginSession.method) == method,
        col(LoginSession.ended_at).is_(None),
    )
    if but is not None:
        change = change.where(col(LoginSession.id) != but)
    session.execute(change.values(ended_at=at))
