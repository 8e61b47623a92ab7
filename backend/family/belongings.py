"""What of the family domain belongs to a person, and how it goes along when two accounts become one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from backend.family import repository
from backend.family.models import Notice, Offer, Tie, TieState
from backend.family.service import close
from backend.identity.belongings import Belonging, repointed
from backend.identity.service import patients_of
from backend.vault import Vault


def _acting(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    """Ties in which the account acts. Nobody acts for themselves, and for nobody twice: such ties end."""
    own = set(patients_of(session, kept))
    known = {_about(tie) for tie in repository.of_actor(session, kept)}
    for tie in repository.all_of_actor(session, away):
        over_self = tie.grantor_id in (away, kept) or (tie.hospital, tie.patient) in own
        if tie.state in (TieState.ASKED, TieState.ACTIVE) and (over_self or _about(tie) in known):
            tie.state, tie.ended_at, tie.reason = TieState.ENDED, now, "accounts-merged"
        tie.actor_id = kept
        session.add(tie)
    session.flush()


def _granting(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    for tie in repository.all_of_grantor(session, away):
        if tie.actor_id == kept and tie.state in (TieState.ASKED, TieState.ACTIVE):
            tie.state, tie.ended_at, tie.reason = TieState.ENDED, now, "accounts-merged"
        tie.grantor_id = kept
        session.add(tie)
    session.flush()


def end_granted(session: Session, vault: Vault, person: UUID, now: datetime) -> None:
    """Whom an account that was never checked has let act for it acts for nobody in its place."""
    for tie in repository.over(session, person, ()):
        close(session, vault, tie, now, None, "merged-unchecked")
    repository.forget_offers(session, person)


def end_all(session: Session, vault: Vault, person: UUID, now: datetime) -> None:
    """The account is about to be closed by a job: its ties end on both sides."""
    for tie in (*repository.of_actor(session, person), *repository.over(session, person, ())):
        close(session, vault, tie, now, None, "account-erased")
    repository.forget_offers(session, person)


def _about(tie: Tie) -> tuple[object, ...]:
    return (tie.grantor_id, tie.relation, tie.functions, tie.hospital, tie.patient)


BELONGINGS: tuple[Belonging, ...] = (
    Belonging("family_tie.actor_id", _acting),
    Belonging("family_tie.grantor_id", _granting),
    repointed(Offer, "grantor_id"),
    repointed(Notice, "person_id"),
)
