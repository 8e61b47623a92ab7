"""Emergency access: opening a patient's documents with a reason, for thirty minutes, and reviewing it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import typed_reason
from backend.audit.terms import Action, ObjectKind
from backend.errors import NotFound
from backend.staff import repository
from backend.staff.errors import AlreadyReviewed, GlassClosed, NotYourRole, NumberMissing, ReasonMissing
from backend.staff.models import BrokenGlass
from backend.staff.noting import entry
from backend.staff.roles import Role, StaffFunction, may
from backend.staff.sessions import StaffSignedIn, need_proof
from backend.vault import Vault

OPEN_FOR = timedelta(minutes=30)
LEAST_REASON = 5

__all__ = ["OPEN_FOR", "StaffSignedIn", "Waiting", "break_glass", "opened", "review", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An access that waits for its review. Whose record it was is not said: the reviewer need not know."""

    id: UUID
    staff: UUID
    role: Role
    opened_at: datetime
    reason: str


def break_glass(
    session: Session, vault: Vault, who: StaffSignedIn, number: str, reason: str, now: datetime
) -> UUID:
    """Open a patient's documents; in the log, where the patient reads it, before this is committed.

    Raises:
        NotYourRole, StaffStepUpRequired, NumberMissing, ReasonMissing.
    """
    said = typed_reason(reason)
    if not may(who.role, StaffFunction.BREAK_GLASS):
        raise NotYourRole
    need_proof(who)
    if not number.strip():
        raise NumberMissing
    if len(said) < LEAST_REASON:
        raise ReasonMissing
    made = BrokenGlass(
        id=uuid4(),
        staff_id=who.staff,
        hospital=who.hospital,
        patient=vault.blind_index(number.strip()),
        reason=said,
        opened_at=now,
        expires_at=now + OPEN_FOR,
    )
    session.add(made)
    session.flush()
    line = entry(
        Action.BREAK_GLASS,
        now,
        who.address,
        staff=who.staff,
        what=ObjectKind.RECORDS,
        which=made.id,
        patient=made.patient,
        reason=said,
    )
    audit.append(session, [line])
    return made.id


def opened(session: Session, who: StaffSignedIn, glass_id: UUID, now: datetime) -> tuple[int, str]:
    """Hospital and patient that an emergency access of one's own opens now.

    Raises:
        NotFound: there is none of this id, or it is somebody else's.
        NotYourRole: the role has changed since.
        GlassClosed: its time is over.
    """
    found = repository.glass(session, glass_id)
    if found is None or found.staff_id != who.staff:
        raise NotFound
    if not may(who.role, StaffFunction.BREAK_GLASS):
        raise NotYourRole
    if not found.opened_at <= now < found.expires_at:
        raise GlassClosed
    return found.hospital, found.patient


def waiting(session: Session, who: StaffSignedIn) -> Sequence[Waiting]:
    """What nobody has reviewed yet at the reader's hospital, oldest first."""
    return [
        Waiting(glass.id, member.id, Role(member.role), glass.opened_at, glass.reason)
        for glass, member in repository.waiting(session, who.hospital)
    ]


def review(session: Session, who: StaffSignedIn, glass_id: UUID, *, justified: bool, now: datetime) -> None:
    """Say whether an emergency access was justified, once; the patient reads that it was reviewed.

    Raises:
        NotFound: not of this hospital. NotYourRole: the reviewer's own, or not a reviewer. AlreadyReviewed.
    """
    found = repository.glass(session, glass_id)
    if found is None or found.hospital != who.hospital:
        raise NotFound
    if not may(who.role, StaffFunction.REVIEW) or found.staff_id == who.staff:
        raise NotYourRole
    if not repository.review(session, glass_id, who.staff, justified=justified, now=now):
        raise AlreadyReviewed
    line = entry(
        Action.BREAK_GLASS_REVIEW,
        now,
        who.address,
        staff=who.staff,
        what=ObjectKind.RECORDS,
        which=glass_id,
        patient=found.patient,
        reason="justified" if justified else "not-justified",
    )
    audit.append(session, [line])
