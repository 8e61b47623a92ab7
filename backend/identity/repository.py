"""Queries of the identity domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from backend.identity.models import (
    AccountNotice,
    Ceremony,
    ConsentGiven,
    Continuation,
    EntryCode,
    ForeignPaper,
    LoginSession,
    Merge,
    Newborn,
    NoticeKind,
    NumberLink,
    Passkey,
    Person,
    PersonState,
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


def never_checked(session: Session, before: datetime) -> Sequence[UUID]:
    """Open accounts of that age whose owner nobody has checked; children registered by the desk are none."""
    query = select(col(Person.id)).where(
        col(Person.state) == PersonState.ACTIVE,
        col(Person.identity_checked_at).is_(None),
        col(Person.created_at) < before,
        col(Person.id).not_in(select(col(Newborn.person_id))),
    )
    return session.execute(query).scalars().all()


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


def add_registration(session: Session, person_id: UUID, hospital: int, now: datetime) -> Registration:
    made = Registration(id=uuid4(), person_id=person_id, hospital=hospital, created_at=now)
    session.add(made)
    session.flush()
    return made


def locked(session: Session, person_ids: Sequence[UUID]) -> dict[UUID, Person]:
    """Accounts held until the transaction ends, always in the same order: two merges of one pair do not block."""
    query = select(Person).where(col(Person.id).in_(person_ids)).order_by(col(Person.id)).with_for_update()
    return {each.id: each for each in session.execute(query).scalars()}


def take_merge(session: Session, merge_id: UUID, now: datetime) -> bool:
    """Use an offer up by conditional update: of two answers at the same moment one finds it."""
    change = update(Merge).where(
        col(Merge.id) == merge_id, col(Merge.done_at).is_(None), col(Merge.expires_at) >= now
    )
    return bool(session.execute(change.values(done_at=now)).rowcount == 1)  # type: ignore[attr-defined]


def merged_into(session: Session, person_id: UUID) -> Sequence[UUID]:
    """Accounts that have become part of this one, also by way of others."""
    found: list[UUID] = []
    waiting = [person_id]
    while waiting:
        query = select(col(Person.id)).where(col(Person.merged_into).in_(waiting))
        waiting = [each for each in session.execute(query).scalars() if each not in found]
        found += waiting
    return found


# --- foreigners' documents


def papers(session: Session, person_id: UUID) -> Sequence[ForeignPaper]:
    query = select(ForeignPaper).where(col(ForeignPaper.person_id) == person_id)
    return session.execute(query.order_by(col(ForeignPaper.created_at))).scalars().all()


def papers_of_number(session: Session, number_index: str) -> Sequence[ForeignPaper]:
    query = select(ForeignPaper).where(col(ForeignPaper.number_index) == number_index)
    return session.execute(query.order_by(col(ForeignPaper.created_at))).scalars().all()


def forget_papers(session: Session, person_id: UUID) -> list[UUID]:
    """Remove what is kept of a person's documents; the names of their keys."""
    gone = [each.id for each in papers(session, person_id)]
    session.execute(delete(ForeignPaper).where(col(ForeignPaper.person_id) == person_id))
    return gone


# --- registration numbers


def former_numbers(session: Session, hospital: int, present: str) -> Sequence[str]:
    query = select(col(NumberLink.former)).where(
        col(NumberLink.hospital) == hospital, col(NumberLink.present) == present
    )
    return session.execute(query.order_by(col(NumberLink.since), col(NumberLink.former))).scalars().all()


def repoint_links(session: Session, hospital: int, present: str, to: str) -> None:
    change = update(NumberLink).where(
        col(NumberLink.hospital) == hospital, col(NumberLink.present) == present
    )
    session.execute(change.values(present=to))


def drop_link(session: Session, hospital: int, former: str) -> None:
    session.execute(
        delete(NumberLink).where(col(NumberLink.hospital) == hospital, col(NumberLink.former) == former)
    )


# --- notices


def unread_notices(
    session: Session, person_id: UUID, count: int, *, kind: NoticeKind | None = None
) -> Sequence[AccountNotice]:
    query = select(AccountNotice).where(
        col(AccountNotice.person_id) == person_id, col(AccountNotice.read_at).is_(None)
    )
    if kind is not None:
        query = query.where(col(AccountNotice.kind) == kind)
    query = query.order_by(col(AccountNotice.at).desc(), col(AccountNotice.id)).limit(count)
    return session.execute(query).scalars().all()


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


def hand_over(session: Session, verification_id: str, holder: str) -> bool:
    """A check that was not used goes on in another browser."""
    change = update(Verification).where(
        col(Verification.id) == verification_id, col(Verification.used_at).is_(None)
    )
    return bool(session.execute(change.values(holder=holder)).rowcount == 1)  # type: ignore[attr-defined]


# --- forms on their way to another browser


def continuation(session: Session, digest: str) -> Continuation | None:
    query = select(Continuation).where(col(Continuation.token_digest) == digest)
    return session.execute(query).scalars().first()


def take_continuation(session: Session, digest: str, holder: str, now: datetime) -> Continuation | None:
    """Use a link up by conditional update: of two browsers at the same moment one gets it."""
    change = update(Continuation).where(
        col(Continuation.token_digest) == digest,
        col(Continuation.used_at).is_(None),
        col(Continuation.expires_at) > now,
    )
    done = session.execute(change.values(used_at=now, holder=holder))
    return continuation(session, digest) if done.rowcount == 1 else None  # type: ignore[attr-defined]


def taken_continuation(session: Session, page: str, holder: str, now: datetime) -> Continuation | None:
    query = select(Continuation).where(
        col(Continuation.page) == page,
        col(Continuation.holder) == holder,
        col(Continuation.used_at).is_not(None),
        col(Continuation.expires_at) > now,
    )
    return session.execute(query.order_by(col(Continuation.used_at).desc())).scalars().first()


def forget_continuations(session: Session, now: datetime) -> list[UUID]:
    """Remove those that have run out; the names of their keys."""
    query = select(col(Continuation.id)).where(col(Continuation.expires_at) <= now)
    gone = list(session.execute(query).scalars())
    session.execute(delete(Continuation).where(col(Continuation.expires_at) <= now))
    return gone


# --- codes of the desk


def void_codes(session: Session, person_id: UUID, now: datetime) -> None:
    change = update(EntryCode).where(col(EntryCode.person_id) == person_id, col(EntryCode.used_at).is_(None))
    session.execute(change.values(used_at=now))


def take_entry_code(session: Session, digest: str, now: datetime) -> UUID | None:
    """Use a code up by conditional update; whose it was."""
    change = update(EntryCode).where(
        col(EntryCode.code_digest) == digest,
        col(EntryCode.used_at).is_(None),
        col(EntryCode.expires_at) > now,
    )
    done = session.execute(change.values(used_at=now))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return session.get_one(EntryCode, digest).person_id


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
