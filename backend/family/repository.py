"""Queries of the family domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlmodel import Session, col

from backend.family.models import Notice, NoticeKind, Offer, Tie, TieState

Patients = Sequence[tuple[int, str]]
"""Hospital and `patient_index` of each patient that a person is."""


def tie(session: Session, tie_id: UUID) -> Tie | None:
    return session.get(Tie, tie_id)


def add(session: Session, row: Tie | Offer | Notice) -> None:
    session.add(row)
    session.flush()


def of_actor(session: Session, actor: UUID) -> Sequence[Tie]:
    """Those that are asked for or active, oldest first."""
    query = select(Tie).where(
        col(Tie.actor_id) == actor, col(Tie.state).in_([TieState.ASKED, TieState.ACTIVE])
    )
    return session.execute(query.order_by(col(Tie.created_at), col(Tie.id))).scalars().all()


def all_of_actor(session: Session, actor: UUID) -> Sequence[Tie]:
    """Whatever their state."""
    return session.execute(select(Tie).where(col(Tie.actor_id) == actor)).scalars().all()


def all_of_grantor(session: Session, grantor: UUID) -> Sequence[Tie]:
    """Whatever their state."""
    return session.execute(select(Tie).where(col(Tie.grantor_id) == grantor)).scalars().all()


def over(session: Session, grantor: UUID, patients: Patients, *, ended: bool = False) -> Sequence[Tie]:
    """Active ties over a person: their delegates, and guardians of the patients they are. `ended`: those, too."""
    states = [TieState.ACTIVE, TieState.ENDED] if ended else [TieState.ACTIVE]
    query = select(Tie).where(
        col(Tie.state).in_(states), or_(col(Tie.grantor_id) == grantor, *_ties_of(patients))
    )
    return session.execute(query.order_by(col(Tie.created_at), col(Tie.id))).scalars().all()


def of_patients(session: Session, patients: Patients) -> Sequence[Tie]:
    """Guardianships of patients, active and ended."""
    if not patients:
        return []
    states = [TieState.ACTIVE, TieState.ENDED]
    query = select(Tie).where(col(Tie.state).in_(states), or_(*_ties_of(patients)))
    return session.execute(query).scalars().all()


def active(session: Session) -> Sequence[Tie]:
    query = select(Tie).where(col(Tie.state) == TieState.ACTIVE)
    return session.execute(query.order_by(col(Tie.created_at), col(Tie.id))).scalars().all()


def asked(session: Session) -> Sequence[Tie]:
    query = select(Tie).where(col(Tie.state) == TieState.ASKED)
    return session.execute(query.order_by(col(Tie.created_at), col(Tie.id))).scalars().all()


def _ties_of(patients: Patients) -> list[ColumnElement[bool]]:
    return [
        and_(col(Tie.hospital) == hospital, col(Tie.patient) == patient) for hospital, patient in patients
    ]


# --- offers


def take_offer(session: Session, digest: str, person: UUID, now: datetime) -> Offer | None:
    """Use an offer of somebody else up, by conditional update: of two at the same moment one gets it."""
    change = update(Offer).where(
        col(Offer.code_digest) == digest,
        col(Offer.used_at).is_(None),
        col(Offer.expires_at) > now,
        col(Offer.grantor_id) != person,
    )
    done = session.execute(change.values(used_at=now))
    return session.get(Offer, digest) if done.rowcount == 1 else None  # type: ignore[attr-defined]


def forget_offers(session: Session, grantor: UUID) -> None:
    session.execute(delete(Offer).where(col(Offer.grantor_id) == grantor, col(Offer.used_at).is_(None)))


# --- notices


def notices(session: Session, person: UUID, patients: Patients, count: int) -> Sequence[Notice]:
    """What a person is told, newest first."""
    of_them = [
        and_(col(Notice.hospital) == hospital, col(Notice.patient) == patient)
        for hospital, patient in patients
    ]
    query = select(Notice).where(or_(col(Notice.person_id) == person, *of_them))
    query = query.order_by(col(Notice.at).desc(), col(Notice.id)).limit(count)
    return session.execute(query).scalars().all()


def was_told(session: Session, tie_id: UUID, kind: NoticeKind) -> bool:
    query = select(col(Notice.id)).where(col(Notice.tie_id) == tie_id, col(Notice.kind) == kind)
    return session.execute(query).first() is not None
