"""What the family domain tells the log and the patient: in the caller's transaction, last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.family import repository
from backend.family.models import Notice, NoticeKind, Tie
from backend.identity.service import SignedIn, patients_of

DESK = "command-line"


@dataclass(frozen=True, slots=True)
class Clerk:
    """A member of the staff who decides at the desk's page, and the address they are at."""

    staff: UUID
    address: str


def patients_over(session: Session, tie: Tie) -> list[str]:
    """Whose records a tie is about, as the log knows them."""
    if tie.grantor_id is not None:
        return [patient for _, patient in patients_of(session, tie.grantor_id)]
    return [tie.patient] if tie.patient is not None else []


def tell(session: Session, tie: Tie, kind: NoticeKind, now: datetime) -> None:
    """A notice on the patient's family page. A child who has no account yet finds it there later."""
    row = Notice(id=uuid4(), tie_id=tie.id, kind=kind, at=now, person_id=tie.grantor_id)
    row.hospital, row.patient = tie.hospital, tie.patient
    repository.add(session, row)


def note(
    session: Session,
    action: Action,
    now: datetime,
    tie: Tie,
    who: SignedIn | Clerk | None,
    *,
    reason: str | None = None,
    patients: Sequence[str] | None = None,
    refused: bool = False,
) -> None:
    """A line for each patient the tie is about, or one of nobody. `who`: None for the desk's command and jobs.

    Args:
        patients: where they are known no more from the tie.
    """
    about: list[str | None] = list(patients if patients is not None else patients_over(session, tie))
    kind, actor = _author(who)
    entries = [
        Entry(
            at=now,
            actor_kind=kind,
            actor_id=actor,
            action=action,
            object_kind=ObjectKind.DELEGATION,
            object_id=str(tie.id),
            patient=patient,
            origin=origin_of(who.address if who else None, kind),
            outcome=Outcome.REFUSED if refused else Outcome.ALLOWED,
            reason=reason,
        )
        for patient in about or [None]
    ]
    audit.append(session, entries)


def _author(who: SignedIn | Clerk | None) -> tuple[ActorKind, str]:
    if who is None:
        return ActorKind.SYSTEM, DESK
    return (
        (ActorKind.STAFF, str(who.staff)) if isinstance(who, Clerk) else (ActorKind.PERSON, str(who.person))
    )
