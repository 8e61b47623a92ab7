"""Queries of identity and eligibility at the visit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from backend.eligibility.models import (
    EligibilityPatient,
    IdentityCheck,
    IdentityException,
    IdentityOwed,
    Letter,
    LookUp,
    VisitConfirmation,
    VisitState,
)
from chain.db import insert_ignore

Row = (
    EligibilityPatient
    | IdentityCheck
    | IdentityException
    | IdentityOwed
    | LookUp
    | Letter
    | VisitConfirmation
)
WAITING = (VisitState.OPEN, VisitState.CANCELLING)


def add(session: Session, row: Row) -> None:
    session.add(row)
    session.flush()


# --- patients


def patient(session: Session, hospital: int, index: str) -> EligibilityPatient | None:
    query = select(EligibilityPatient).where(
        col(EligibilityPatient.hospital) == hospital, col(EligibilityPatient.patient) == index
    )
    return session.execute(query).scalars().first()


def patient_by_id(session: Session, patient_id: UUID) -> EligibilityPatient | None:
    return session.get(EligibilityPatient, patient_id)


def add_patient(session: Session, row: EligibilityPatient) -> EligibilityPatient:
    """Add a patient, or find the one that somebody else has added meanwhile."""
    insert_ignore(session, EligibilityPatient, [row.model_dump()])
    found = patient(session, row.hospital, row.patient)
    assert found is not None
    return found


# --- identity


def checks(session: Session, patient_id: UUID, limit: int = 20) -> Sequence[IdentityCheck]:
    """Newest first."""
    query = select(IdentityCheck).where(col(IdentityCheck.patient_id) == patient_id)
    newest = query.order_by(col(IdentityCheck.checked_at).desc(), col(IdentityCheck.id)).limit(limit)
    return session.execute(newest).scalars().all()


def last_check(session: Session, patient_id: UUID, before: datetime) -> IdentityCheck | None:
    """The newest check before a moment."""
    query = select(IdentityCheck).where(
        col(IdentityCheck.patient_id) == patient_id, col(IdentityCheck.checked_at) < before
    )
    newest = query.order_by(col(IdentityCheck.checked_at).desc(), col(IdentityCheck.id)).limit(1)
    return session.execute(newest).scalars().first()


def add_exception(session: Session, row: IdentityException) -> None:
    """Once for a visit's day and reason."""
    insert_ignore(session, IdentityException, [row.model_dump()])


def exceptions(session: Session, patient_id: UUID, limit: int = 20) -> Sequence[IdentityException]:
    """Newest first."""
    query = select(IdentityException).where(col(IdentityException.patient_id) == patient_id)
    return (
        session.execute(query.order_by(col(IdentityException.noted_at).desc()).limit(limit)).scalars().all()
    )


def add_owed(session: Session, row: IdentityOwed) -> None:
    """Once for a visit's day."""
    insert_ignore(session, IdentityOwed, [row.model_dump()])


def owed(session: Session, patient_id: UUID) -> Sequence[IdentityOwed]:
    """Visits whose price waits for identity or was settled by it, newest first."""
    query = select(IdentityOwed).where(col(IdentityOwed.patient_id) == patient_id)
    return session.execute(query.order_by(col(IdentityOwed.visit_day).desc())).scalars().all()


def show_owed(session: Session, patient_id: UUID, check_id: UUID, day: date) -> int:
    """Identity was shown on a day: note it at every visit that still waits for it; how many."""
    change = update(IdentityOwed).where(
        col(IdentityOwed.patient_id) == patient_id,
        col(IdentityOwed.shown_by).is_(None),
        col(IdentityOwed.visit_day) <= day,
        col(IdentityOwed.due_on) >= day,
    )
    return int(session.execute(change.values(shown_by=check_id)).rowcount)  # type: ignore[attr-defined]


# --- look-ups


def look_ups(session: Session, patient_id: UUID, limit: int = 10) -> Sequence[LookUp]:
    """Newest first."""
    query = select(LookUp).where(col(LookUp.patient_id) == patient_id)
    order = (col(LookUp.asked_at).desc(), col(LookUp.stale_at).is_not(None), col(LookUp.id))
    return session.execute(query.order_by(*order).limit(limit)).scalars().all()


def usable_look_up(session: Session, patient_id: UUID, day: date, since: datetime) -> LookUp | None:
    """The newest certain answer for a day that was asked since a moment, unless something has changed."""
    query = select(LookUp).where(
        col(LookUp.patient_id) == patient_id,
        col(LookUp.day) == day,
        col(LookUp.asked_at) >= since,
        col(LookUp.certain).is_(True),
        col(LookUp.stale_at).is_(None),
    )
    newest = query.order_by(col(LookUp.asked_at).desc(), col(LookUp.id)).limit(1)
    return session.execute(newest).scalars().first()


def make_stale(session: Session, patient_id: UUID, at: datetime) -> None:
    """Something changed: whatever was answered is asked again before it is used."""
    change = update(LookUp).where(col(LookUp.patient_id) == patient_id, col(LookUp.stale_at).is_(None))
    session.execute(change.values(stale_at=at))


def asked_since(session: Session, patient_id: UUID, by: str, since: datetime) -> int:
    """How often somebody asked since a moment."""
    query = select(func.count()).where(
        col(LookUp.patient_id) == patient_id, col(LookUp.by) == by, col(LookUp.asked_at) > since
    )
    return int(session.execute(query).scalar_one())


# --- letters


def letters(session: Session, patient_id: UUID) -> Sequence[Letter]:
    """Newest first."""
    query = select(Letter).where(col(Letter.patient_id) == patient_id)
    return (
        session.execute(query.order_by(col(Letter.issued_on).desc(), col(Letter.noted_at).desc()))
        .scalars()
        .all()
    )


def letter(session: Session, patient_id: UUID, letter_id: UUID) -> Letter | None:
    """A letter of this patient."""
    found = session.get(Letter, letter_id)
    return found if found is not None and found.patient_id == patient_id else None


# --- visit confirmations


def confirmations(session: Session, patient_id: UUID, limit: int = 20) -> Sequence[VisitConfirmation]:
    """Newest first."""
    query = select(VisitConfirmation).where(col(VisitConfirmation.patient_id) == patient_id)
    newest = query.order_by(col(VisitConfirmation.asked_at).desc(), col(VisitConfirmation.attempt).desc())
    return session.execute(newest.limit(limit)).scalars().all()


def last_attempt(session: Session, patient_id: UUID, visit: str) -> VisitConfirmation | None:
    query = select(VisitConfirmation).where(
        col(VisitConfirmation.patient_id) == patient_id, col(VisitConfirmation.visit) == visit
    )
    newest = query.order_by(col(VisitConfirmation.attempt).desc()).limit(1)
    return session.execute(newest).scalars().first()


def add_attempt(session: Session, row: VisitConfirmation) -> VisitConfirmation:
    """Add an attempt, or find the one of the same number that another desk has added meanwhile."""
    insert_ignore(session, VisitConfirmation, [row.model_dump()])
    found = last_attempt(session, row.patient_id, row.visit)
    assert found is not None
    return found


def confirmation(session: Session, confirmation_id: UUID) -> VisitConfirmation | None:
    return session.get(VisitConfirmation, confirmation_id)


def move(
    session: Session,
    confirmation_id: UUID,
    before: Sequence[VisitState],
    values: dict[str, object],
) -> bool:
    """Change a confirmation by conditional update; False when somebody else was first."""
    change = update(VisitConfirmation).where(
        col(VisitConfirmation.id) == confirmation_id, col(VisitConfirmation.state).in_(before)
    )
    return bool(session.execute(change.values(**values)).rowcount == 1)  # type: ignore[attr-defined]


def waiting(session: Session, limit: int = 100) -> Sequence[VisitConfirmation]:
    """Those whose outcome is not known, oldest first."""
    query = select(VisitConfirmation).where(col(VisitConfirmation.state).in_(WAITING))
    return session.execute(query.order_by(col(VisitConfirmation.asked_at)).limit(limit)).scalars().all()


def count_waiting(session: Session) -> int:
    query = select(func.count()).where(col(VisitConfirmation.state).in_(WAITING))
    return int(session.execute(query).scalar_one())


# --- what is old


_DATED = (
    (LookUp, LookUp.asked_at),
    (Letter, Letter.noted_at),
    (IdentityException, IdentityException.noted_at),
    (IdentityOwed, IdentityOwed.noted_at),
)


def remove_before(session: Session, moment: datetime) -> tuple[list[UUID], dict[str, int]]:
    """Remove what is older than a moment: identifiers of what was sealed, and how many of each table.

    A visit that waits for its outcome stays. Checks go last: a visit may name the one that settled it.
    """
    gone: list[UUID] = []
    counts: dict[str, int] = {}
    for model, at in _DATED:
        counts[model.__tablename__] = _remove(session, model, [col(at) < moment], gone)
    counts["eligibility_visit"] = _remove(
        session,
        VisitConfirmation,
        [col(VisitConfirmation.asked_at) < moment, col(VisitConfirmation.state).not_in(WAITING)],
        gone,
    )
    named = select(col(IdentityOwed.shown_by)).where(col(IdentityOwed.shown_by).is_not(None))
    old = [col(IdentityCheck.checked_at) < moment, col(IdentityCheck.id).not_in(named)]
    counts["eligibility_identity_check"] = _remove(session, IdentityCheck, old, gone)
    counts["eligibility_patient"] = _remove(session, EligibilityPatient, _of_nothing(moment), gone)
    return gone, counts


def _of_nothing(moment: datetime) -> list[object]:
    """Patients made before a moment of whom nothing is left."""
    tables = (LookUp, Letter, IdentityException, IdentityOwed, VisitConfirmation, IdentityCheck)
    left = [
        ~select(col(each.id)).where(col(each.patient_id) == col(EligibilityPatient.id)).exists()
        for each in tables
    ]
    return [col(EligibilityPatient.created_at) < moment, *left]


def _remove(session: Session, model: type, where: Sequence[object], gone: list[UUID]) -> int:
    found = list(session.execute(select(model.id).where(*where)).scalars())  # type: ignore[attr-defined, arg-type]
    for start in range(0, len(found), 500):
        session.execute(delete(model).where(col(model.id).in_(found[start : start + 500])))  # type: ignore[attr-defined]
    gone += found
    return len(found)
