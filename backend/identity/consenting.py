"""What a person has agreed to, by version: what is owed still, giving, withdrawing. No row is ever removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.identity import consents, repository
from backend.identity.consent_errors import ConsentRequired, ConsentUnknown
from backend.identity.consents import Consent, ConsentText
from backend.identity.errors import ConsentMissing
from backend.identity.models import ConsentGiven

WITHOUT: Final = (
    "/me/consents",
    "/me/data",
    "/me/accesses",
    "/me/step-up",
    "/me/devices",
    "/me/sessions",
    "/me/passkeys",
    "/sign-out",
)
"""Open to who has not agreed to a changed text: leaving, taking one's data along, seeing who read it, locking others
out. Each address with all below it, as a page and in the API."""


def open_without(path: str) -> bool:
    """Whether an address asks for no consent."""
    bare = path.removeprefix("/api/v1")
    return bare == "/me" != path or any(bare == each or bare.startswith(f"{each}/") for each in WITHOUT)


def standing(session: Session, person: UUID) -> dict[str, ConsentGiven]:
    """By kind: the newest consent that was not withdrawn, of whatever version."""
    return {each.kind: each for each in repository.consents(session, person) if each.withdrawn_at is None}


def lacking(session: Session, person: UUID) -> list[ConsentText]:
    """Required texts that the person has not agreed to in their present version."""
    given = {(each.kind, each.version) for each in standing(session, person).values()}
    return [each for each in consents.TEXTS if each.required and (each.kind, each.version) not in given]


def add(session: Session, person: UUID, agreed: Mapping[str, Consent], now: datetime) -> list[str]:
    """Note what was agreed to, where it does not stand in this version already; the kinds that are new."""
    known = standing(session, person)
    fresh = [kind for kind in agreed if kind not in known or known[kind].version != agreed[kind].version]
    for kind in fresh:
        session.add(
            ConsentGiven(
                id=uuid4(),
                person_id=person,
                kind=kind,
                version=agreed[kind].version,
                text_digest=agreed[kind].digest,
                language=agreed[kind].language,
                given_at=now,
            )
        )
    session.flush()
    return fresh


def renew(session: Session, person: UUID, kinds: Collection[str], now: datetime) -> list[str]:
    """Agree to changed texts; the kinds that are new. The old rows stay.

    Raises:
        ConsentMissing: a required text is still not agreed to; nothing is noted then.
    """
    owed = [each for each in lacking(session, person) if each.kind not in kinds]
    if owed:
        raise ConsentMissing(kinds=consents.titles(owed))
    return add(session, person, consents.given(set(kinds)), now)


def give(session: Session, person: UUID, kind: str, now: datetime) -> list[str]:
    """Agree to one text, also after withdrawing. Raises ConsentUnknown."""
    agreed = consents.given({kind})
    if not agreed:
        raise ConsentUnknown
    return add(session, person, agreed, now)


def withdraw(session: Session, person: UUID, kind: str, now: datetime) -> bool:
    """Take an optional consent back, in all its versions; whether there was one.

    Raises:
        ConsentUnknown: there is no such text.
        ConsentRequired: without it there is no account; closing the account withdraws it.
    """
    text = next((each for each in consents.TEXTS if each.kind == kind), None)
    if text is None:
        raise ConsentUnknown
    if text.required:
        raise ConsentRequired
    return end(session, person, now, kind=kind) > 0


def end(session: Session, person: UUID, now: datetime, *, kind: str | None = None) -> int:
    """Withdraw what stands, of one kind or, when the account is closed, of all; how many."""
    rows: Sequence[ConsentGiven] = [
        each
        for each in repository.consents(session, person)
        if each.withdrawn_at is None and kind in (None, each.kind)
    ]
    for row in rows:
        row.withdrawn_at = now
        session.add(row)
    session.flush()
    return len(rows)
