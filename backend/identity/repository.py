"""Queries of the identity domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from backend.identity.models import (
    Ceremony,
    ConsentGiven,
    LoginSession,
    Passkey,
    Person,
    Purpose,
    Registration,
    RegistrationState,
    Verification,
)

# --- persons


def person(session: Session, person_id: UUID) -> Person | None:
    return session.get(Person, person_id)


def newest(session: Session, count: int) -> Sequence[Person]:
    query = select(Person).order_by(col(Person.created_at).desc(), col(Person.id)).limit(count)
    return session.execute(query).scalars().all()


def person_of_identity(session: Session, identity_index: str) -> Person | None:
    query = select(Person).where(col(Person.identity_index) == identity_index)
    return session.execute(query).scalars().first()


def registrations(session: Session, person_id: UUID) -> Sequence[Registration]:
    query = select(Registration).where(
        col(Registration.person_id) == person_id, col(Registration.state) != RegistrationState.ENDED
    )
    return session.execute(query.order_by(col(Registration.hospital))).scalars().all()


def registration_of_patient(session: Session, hospital: int, patient: str) -> Registration | None:
    query = select(Registration).where(
        col(Registration.hospital) == hospital, col(Registration.patient) == patient
    )
    return session.execute(query).scalars().first()


def consents(session: Session, person_id: UUID) -> Sequence[ConsentGiven]:
    query = select(ConsentGiven).where(col(ConsentGiven.person_id) == person_id)
    return session.execute(query.order_by(col(ConsentGiven.given_at))).scalars().all()


# --- phone identity


def count_try(session: Session, verification_id: str) -> None:
    change = update(Verification).where(col(Verification.id) == verification_id)
    session.execute(change.values(tries=Verification.tries + 1))


def use_verification(session: Session, verification_id: str, at: datetime) -> bool:
    """Use a check up by conditional update: of two requests at the same moment one finds it."""
    change = update(Verification).where(
        col(Verification.id) == verification_id, col(Verification.used_at).is_(None)
    )
    return bool(session.execute(change.values(used_at=at)).rowcount == 1)  # type: ignore[attr-defined]


# --- passkeys


def passkeys(session: Session, person_id: UUID) -> Sequence[Passkey]:
    """Those in use, oldest first."""
    query = select(Passkey).where(col(Passkey.person_id) == person_id, col(Passkey.removed_at).is_(None))
    return session.execute(query.order_by(col(Passkey.created_at), col(Passkey.id))).scalars().all()


def passkey(session: Session, passkey_id: UUID) -> Passkey | None:
    return session.get(Passkey, passkey_id)


def passkey_of_credential(session: Session, credential_id: bytes) -> Passkey | None:
    query = select(Passkey).where(col(Passkey.credential_id) == credential_id)
    return session.execute(query).scalars().first()


def add_passkey(session: Session, row: Passkey) -> None:
    session.add(row)
    session.flush()


def used_passkey(session: Session, passkey_id: UUID, sign_count: int, at: datetime) -> None:
    change = update(Passkey).where(col(Passkey.id) == passkey_id)
    session.execute(change.values(sign_count=sign_count, used_at=at))


def add_ceremony(session: Session, row: Ceremony) -> None:
    session.add(row)
    session.flush()


def take_ceremony(
    session: Session, digest: str, purpose: Purpose, person_id: UUID | None, now: datetime
) -> bool:
    """Use a challenge up by conditional update: of two answers at the same moment one finds it."""
    change = (
        update(Ceremony)
        .where(
            col(Ceremony.challenge_digest) == digest,
            col(Ceremony.purpose) == purpose,
            col(Ceremony.person_id) == person_id if person_id else col(Ceremony.person_id).is_(None),
            col(Ceremony.used_at).is_(None),
            col(Ceremony.expires_at) > now,
        )
        .values(used_at=now)
    )
    return bool(session.execute(change).rowcount == 1)  # type: ignore[attr-defined]


def forget_ceremonies(session: Session, before: datetime) -> int:
    """Remove challenges that expired before a moment; how many."""
    done = session.execute(delete(Ceremony).where(col(Ceremony.expires_at) < before))
    return int(done.rowcount)  # type: ignore[attr-defined]


# --- sessions


def login(session: Session, token_digest: str) -> LoginSession | None:
    return session.get(LoginSession, token_digest)


def logins(session: Session, person_id: UUID) -> Sequence[LoginSession]:
    """Those not ended, newest first."""
    query = select(LoginSession).where(
        col(LoginSession.person_id) == person_id, col(LoginSession.ended_at).is_(None)
    )
    return session.execute(query.order_by(col(LoginSession.seen_at).desc())).scalars().all()


def seen(session: Session, token_digest: str, at: datetime) -> None:
    session.execute(
        update(LoginSession).where(col(LoginSession.token_digest) == token_digest).values(seen_at=at)
    )


def proven(session: Session, token_digest: str, at: datetime) -> None:
    change = update(LoginSession).where(col(LoginSession.token_digest) == token_digest)
    session.execute(change.values(proven_at=at, seen_at=at))


def end_logins(
    session: Session,
    person_id: UUID,
    at: datetime,
    *,
    only: UUID | None = None,
    all_but: str | None = None,
) -> int:
    """End one session by its id, or all but the one with this token digest; how many ended."""
    change = update(LoginSession).where(
        col(LoginSession.person_id) == person_id, col(LoginSession.ended_at).is_(None)
    )
    if only is not None:
        change = change.where(col(LoginSession.id) == only)
    if all_but is not None:
        change = change.where(col(LoginSession.token_digest) != all_but)
    return int(session.execute(change.values(ended_at=at)).rowcount)  # type: ignore[attr-defined]
