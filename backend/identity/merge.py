"""Two accounts of one human become one (이중등록). Who says so: the human, proved on both sides, or the desk.

What survives is the account whose identity was checked by telephone, or else the one that the desk has checked. The
other one is closed for good, its profile destroyed; lines of the log stay where they are and under whom they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session

from backend import belongings
from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.family.belongings import end_granted
from backend.identity import notices, repository, service, social
from backend.identity.errors import AccountsDiffer, MergeGone
from backend.identity.models import Merge, NoticeKind, Person, PersonState
from backend.identity.sessions import SignedIn
from backend.vault import KeyDestroyed, Vault

OFFER_LASTS: Final = timedelta(minutes=5)
"""As long as a proof of presence counts."""
PROVED: Final = "proved-on-both-sides"


class DeskReason(StrEnum):
    """Why the desk says that two accounts are one human's."""

    SAME_DOCUMENT = "same-document"
    NEWBORN_GROWN = "newborn-grown"
    SAME_NUMBER = "same-registration-number"
    PAPERS_SEEN = "papers-seen"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided. by: a member of the staff, or None where the person did. address: where from."""

    reason: str
    address: str
    by: UUID | None = None


def offer(session: Session, vault: Vault, away: UUID, kept: UUID, now: datetime) -> UUID:
    """An identity check has shown that the owner of `kept` sits before `away`, where they have just proved to be.

    Raises:
        AccountsDiffer: they cannot be one human's.
    """
    known = {each: session.get_one(Person, each) for each in (away, kept)}
    if survivor(known[away], known[kept]) != kept:
        raise AccountsDiffer(reason="order")
    _one_human(session, vault, list(known.values()))
    made = Merge(
        id=uuid4(),
        away_id=away,
        kept_id=kept,
        found_at=now,
        expires_at=now + OFFER_LASTS,
        reason=PROVED,
    )
    session.add(made)
    session.flush()
    return made.id


def offered(session: Session, who: SignedIn, merge_id: UUID, now: datetime) -> Merge:
    """What waits for this person's yes. Raises MergeGone."""
    found = session.get(Merge, merge_id)
    if found is None or found.away_id != who.person or found.done_at is not None:
        raise MergeGone
    if found.expires_at is None or found.expires_at < now:
        raise MergeGone
    return found


def accept(session: Session, vault: Vault, who: SignedIn, merge_id: UUID, now: datetime) -> UUID:
    """The person says yes; the account that survives. Call `forget` once the transaction is over.

    Raises:
        MergeGone, AccountsDiffer.
    """
    found = offered(session, who, merge_id, now)
    if not repository.take_merge(session, merge_id, now):
        raise MergeGone
    _move(session, vault, found.away_id, found.kept_id, Decision(found.reason, who.address), now)
    return found.kept_id


def decide(
    session: Session, vault: Vault, one: UUID, other: UUID, decision: Decision, now: datetime
) -> tuple[UUID, UUID]:
    """The desk says that two accounts are one human's; the one that is gone and the one that survives.

    Call `forget` for the first of them once the transaction is over.

    Raises:
        AccountsDiffer: they cannot be.
    """
    known = repository.locked(session, [one, other])
    if len(known) < 2:
        raise AccountsDiffer(reason="account-unknown")
    kept = survivor(known[one], known[other])
    away = other if kept == one else one
    made = Merge(id=uuid4(), away_id=away, kept_id=kept, found_at=now, done_at=now, reason=decision.reason)
    made.decided_by = decision.by
    session.add(made)
    session.flush()
    _move(session, vault, away, kept, decision, now)
    return away, kept


def forget(vault: Vault, away: UUID) -> None:
    """Destroy what said whose the merged-away account was; after the commit, lest it be lost without a merge."""
    vault.destroy([away])


def survivor(one: Person, other: Person) -> UUID:
    """Which of two accounts survives: checked by telephone, else by the desk, else the older one."""

    def rank(person: Person) -> tuple[bool, bool, float, str]:
        checked = person.identity_checked_at is not None
        return person.identity_index is None, not checked, person.created_at.timestamp(), str(person.id)

    return min(one, other, key=rank).id


def _one_human(session: Session, vault: Vault, persons: Sequence[Person]) -> None:
    """Raises AccountsDiffer for what no proof can make one human's."""
    if any(each.state != PersonState.ACTIVE for each in persons):
        raise AccountsDiffer(reason="account-closed")
    if len({each.id for each in persons}) < 2:
        raise AccountsDiffer(reason="same-account")
    if all(each.identity_index is not None for each in persons):
        raise AccountsDiffer(reason="two-identities")
    if all(each.identity_checked_at is None for each in persons):
        raise AccountsDiffer(reason="nobody-checked")
    try:
        born = {service.profile(session, vault, each.id).birth_date for each in persons}
    except KeyDestroyed as error:
        raise AccountsDiffer(reason="account-closed") from error
    if len(born) > 1:
        raise AccountsDiffer(reason="birth-date-differs")


def _move(session: Session, vault: Vault, away: UUID, kept: UUID, decision: Decision, now: datetime) -> None:
    known = repository.locked(session, [away, kept])
    if len(known) < 2:
        raise AccountsDiffer(reason="account-unknown")
    _one_human(session, vault, list(known.values()))
    gone = known[away]
    if decision.by is not None and gone.identity_checked_at is None:
        _shut(session, away, decision, now)
        end_granted(session, vault, away, now)
    for each in belongings.ALL:
        if each.moves is not None:
            each.moves(session, away, kept, now)
    gone.state, gone.merged_into = PersonState.MERGED, kept
    gone.profile, gone.profile_nonce = b"", b""
    session.add(gone)
    session.flush()
    notices.tell(session, kept, NoticeKind.MERGED, now)
    _note(session, away, kept, decision, now)


def _shut(session: Session, away: UUID, decision: Decision, now: datetime) -> None:
    """Nobody knows who made an account that was never checked: its ways in must not open the survivor's.

    Whoever knows a document's number and a birth date can make one; the document's owner is not asked.
    """
    shut: list[tuple[ObjectKind, UUID]] = []
    for key in repository.passkeys(session, away):
        key.removed_at = now
        session.add(key)
        shut.append((ObjectKind.PASSKEY, key.id))
    for link in social.links(session, away):
        social.unlink(session, away, link.provider, now)
        shut.append((ObjectKind.SOCIAL_SIGN_IN, link.id))
    session.flush()
    lines = [
        Entry(
            at=now,
            actor_kind=ActorKind.STAFF,
            actor_id=str(decision.by),
            action=Action.ERASE,
            object_kind=kind,
            object_id=str(which),
            origin=origin_of(decision.address, ActorKind.STAFF),
            reason="merged-unchecked",
        )
        for kind, which in shut
    ]
    audit.append(session, lines)


def _note(session: Session, away: UUID, kept: UUID, decision: Decision, now: datetime) -> None:
    """A line for each registration number of the survivor, or one of nobody's."""
    kind = ActorKind.PERSON if decision.by is None else ActorKind.STAFF
    patients: list[str | None] = [patient for _, patient in service.patients_of(session, kept)]
    lines = [
        Entry(
            at=now,
            actor_kind=kind,
            actor_id=str(decision.by or kept),
            action=Action.MERGE,
            object_kind=ObjectKind.ACCOUNT,
            object_id=str(away),
            patient=patient,
            origin=origin_of(decision.address, kind),
            reason=decision.reason,
        )
        for patient in patients or [None]
    ]
    audit.append(session, lines)
