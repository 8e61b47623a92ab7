"""How accounts elsewhere go along when two accounts of one human become one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from backend.identity.belongings import Belonging
from backend.identity.social_models import SocialAttempt, SocialLink


def _links(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    """They let in to the kept account; where it has one at the same provider already, that one stays alone."""
    own = select(col(SocialLink.provider)).where(col(SocialLink.person_id) == kept)
    known = list(session.execute(own).scalars())
    session.execute(
        delete(SocialLink).where(col(SocialLink.person_id) == away, col(SocialLink.provider).in_(known))
    )
    session.execute(update(SocialLink).where(col(SocialLink.person_id) == away).values(person_id=kept))


def _attempts(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    """A way that was begun to link the account that was leads nowhere any more."""
    begun = col(SocialAttempt.person_id) == away
    change = update(SocialAttempt).where(begun, col(SocialAttempt.used_at).is_(None))
    session.execute(change.values(used_at=now))


BELONGINGS: tuple[Belonging, ...] = (
    Belonging("identity_social_link.person_id", _links),
    Belonging("identity_social_attempt.person_id", _attempts),
)
