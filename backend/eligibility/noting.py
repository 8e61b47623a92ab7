"""Who does something here, and what the log of accesses is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome
from backend.identity.service import SignedIn
from backend.staff.service import StaffSignedIn


@dataclass(frozen=True, slots=True)
class By:
    """Who: kind and identifier as in the log, and from where. role: what they are to the patient, if anything."""

    kind: ActorKind
    id: str
    address: str = ""
    role: str | None = None

    @classmethod
    def staff(cls, who: StaffSignedIn) -> By:
        return cls(ActorKind.STAFF, str(who.staff), who.address)

    @classmethod
    def person(cls, who: SignedIn, role: str | None = None) -> By:
        return cls(ActorKind.PERSON, str(who.person), who.address, role)


SYSTEM = By(ActorKind.SYSTEM, "eligibility")


def entry(
    by: By,
    action: Action,
    kind: ObjectKind,
    now: datetime,
    *,
    patient: str,
    which: UUID | str = "",
    reason: str | None = None,
    refused: bool = False,
) -> Entry:
    """One line. Whoever acts for somebody else stands there as what they are to the patient."""
    return Entry(
        at=now,
        actor_kind=by.kind,
        actor_id=by.id,
        action=action,
        object_kind=kind,
        object_id=str(which),
        patient=patient,
        origin=origin_of(by.address, by.kind),
        outcome=Outcome.REFUSED if refused else Outcome.ALLOWED,
        reason=by.role or reason,
    )
