"""Queries of the staff domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session, col

from backend.staff.models import (
    BrokenGlass,
    StaffCeremony,
    StaffMember,
    StaffPasskey,
    StaffPurpose,
    StaffSession,
)


def member(session: Session, staff_id: UUID) -> StaffMember | None:
    return session.get(StaffMember, staff_id)


def member_of_number(session: Session, number_index: str) -> StaffMember | None:
    query = select(StaffMember).where(col(StaffMember.number_index) == number_index)
    return session.execute(query).scalars().first()


def member_of_code(session: Session, digest: str) -> StaffMember | None:
    query = select(StaffMember).where(col(StaffMember.code_digest) == digest)
    return session.execute(query).scalars().first()


def members(session: Session) -> Sequence[StaffMember]:
    query = select(StaffMember).order_by(col(StaffMember.created_at), col(StaffMember.id))
    return session.execute(query).scalars().all()


def take_code(session: Session, staff_id: UUID, digest: str, now: datetime) -> bool:
    """Use an enrolment code up by conditional update: it is good once."""
    change = update(StaffMember).where(
        col(StaffMember.id) == staff_id,
        col(StaffMember.code_digest) == digest,
        col(StaffMember.code_expires_at) > now,
    )
    done = session.execute(change.values(code_digest=None, code_expires_at=None))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def passkeys(session: Session, staff_id: UUID) -> Sequence[StaffPasskey]:
    """Those in use."""
    query = select(StaffPasskey).where(
        col(StaffPasskey.staff_id) == staff_id, col(StaffPasskey.removed_at).is_(None)
    )
    return session.execute(query).scalars().all()


def passkey(session: Session, credential_id: bytes) -> StaffPasskey | None:
    query = select(StaffPasskey).where(col(StaffPasskey.credential_id) == credential_id)
    return session.execute(query).scalars().first()


def take_ceremony(
    session: Session, digest: str, purpose: StaffPurpose, staff_id: UUID | None, now: datetime
) -> bool:
    """Use a challenge up by conditional update."""
    change = update(StaffCeremony).where(
        col(StaffCeremony.challenge_digest) == digest,
        col(StaffCeremony.purpose) == purpose,
        col(StaffCeremony.staff_id) == staff_id if staff_id else col(StaffCeremony.staff_id).is_(None),
        col(StaffCeremony.used_at).is_(None),
        col(StaffCeremony.expires_at) > now,
    )
    return bool(session.execute(change.values(used_at=now)).rowcount == 1)  # type: ignore[attr-defined]


def login(session: Session, token_digest: str) -> StaffSession | None:
    return session.get(StaffSession, token_digest)


def seen(session: Session, token_digest: str, now: datetime) -> None:
    change = update(StaffSession).where(col(StaffSession.token_digest) == token_digest)
    session.execute(change.values(seen_at=now))


def proven(session: Session, token_digest: str, now: datetime) -> None:
    change = update(StaffSession).where(col(StaffSession.token_digest) == token_digest)
    session.execute(change.values(proven_at=now, seen_at=now))


def end_logins(session: Session, staff_id: UUID, now: datetime, only: str | None = None) -> None:
    """End one session by its token's digest, or all."""
    change = update(StaffSession).where(
        col(StaffSession.staff_id) == staff_id, col(StaffSession.ended_at).is_(None)
    )
    if only is not None:
        change = change.where(col(StaffSession.token_digest) == only)
    session.execute(change.values(ended_at=now))


def glass(session: Session, glass_id: UUID) -> BrokenGlass | None:
    return session.get(BrokenGlass, glass_id)


def waiting(session: Session, hospital: int) -> Sequence[tuple[BrokenGlass, StaffMember]]:
    """Accesses that nobody has reviewed, oldest first, and whose they were."""
    query = (
        select(BrokenGlass, StaffMember)
        .join(StaffMember, col(StaffMember.id) == col(BrokenGlass.staff_id))
        .where(col(BrokenGlass.hospital) == hospital, col(BrokenGlass.reviewed_at).is_(None))
        .order_by(col(BrokenGlass.opened_at))
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def review(session: Session, glass_id: UUID, by: UUID, *, justified: bool, now: datetime) -> bool:
    """Note a review by conditional update; False when there is one already."""
    change = update(BrokenGlass).where(
        col(BrokenGlass.id) == glass_id, col(BrokenGlass.reviewed_at).is_(None)
    )
    done = session.execute(change.values(reviewed_at=now, reviewed_by=by, justified=justified))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]
