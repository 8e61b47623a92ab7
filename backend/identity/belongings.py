"""What belongs to a person, column by column, and how it goes along when two accounts of one human become one.

Each domain names its own in a `belongings.py`; `backend/belongings.py` has them all, and a test holds that list
against every table: a domain whose rows would be left behind cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, SQLModel, col

from backend.identity import numbers, repository
from backend.identity.models import (
    AccountNotice,
    Ceremony,
    ConsentGiven,
    ForeignPaper,
    Merge,
    Newborn,
    Passkey,
    RegistrationState,
)

Mover = Callable[[Session, UUID, UUID, datetime], None]
"""Moves what belongs to the first account to the second one, at a moment."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """One column that names a person. `moves`: None where the row stays as it is, and `why` says why."""

    column: str
    moves: Mover | None
    why: str = ""


def repointed(model: type[SQLModel], column: str) -> Belonging:
    """A column of which nothing else is to be thought than whose it is."""

    def moves(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
        here: Any = col(getattr(model, column))
        session.execute(update(model).where(here == away).values({column: kept}))

    return Belonging(f"{model.__tablename__}.{column}", moves)


def staying(model: type[SQLModel], column: str, why: str) -> Belonging:
    """A column that goes on naming the account that was."""
    return Belonging(f"{model.__tablename__}.{column}", None, why)


def _registrations(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    """Hospitals come along. Two numbers at one hospital: the kept account's stays, the other becomes its former one."""
    own = {each.hospital: each for each in repository.registrations(session, kept)}
    for theirs in repository.registrations(session, away):
        patient, known = theirs.patient, own.get(theirs.hospital)
        bound_at, created_at = theirs.bound_at, theirs.created_at
        theirs.patient, theirs.state = None, RegistrationState.ENDED
        session.add(theirs)
        session.flush()  # a number is one registration's: it is let go before it is taken
        if known is None:
            known = repository.add_registration(session, kept, theirs.hospital, created_at)
        if patient is None:
            continue
        if known.patient is None:
            known.patient, known.state, known.bound_at = patient, RegistrationState.BOUND, bound_at or now
            session.add(known)
            session.flush()
        else:
            numbers.link(session, theirs.hospital, patient, known.patient, "accounts-merged", now)


def _sessions(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    repository.end_logins(session, away, now)


def _ceremonies(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    """An answer that is on its way was asked of the account that was."""
    change = update(Ceremony).where(col(Ceremony.person_id) == away, col(Ceremony.used_at).is_(None))
    session.execute(change.values(used_at=now))


def _codes(session: Session, away: UUID, kept: UUID, now: datetime) -> None:
    repository.void_codes(session, away, now)


BELONGINGS: tuple[Belonging, ...] = (
    Belonging("identity_registration.person_id", _registrations),
    repointed(ConsentGiven, "person_id"),
    repointed(Passkey, "person_id"),
    Belonging("identity_ceremony.person_id", _ceremonies),
    Belonging("identity_session.person_id", _sessions),
    repointed(ForeignPaper, "person_id"),
    repointed(Newborn, "person_id"),
    repointed(AccountNotice, "person_id"),
    Belonging("identity_entry_code.person_id", _codes),
    staying(Merge, "away_id", "the record of what was merged"),
    staying(Merge, "kept_id", "the record of what was merged"),
)
"""Of the identity domain. A session's row and a registration's go on naming who had them; they have ended."""
