"""What the staff domain tells the log."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome


def entry(
    action: Action,
    now: datetime,
    address: str,
    *,
    staff: UUID | None,
    what: ObjectKind = ObjectKind.ACCOUNT,
    which: UUID | str = "",
    patient: str | None = None,
    reason: str | None = None,
    refused: bool = False,
) -> Entry:
    """One line, by a member of the staff or by nobody."""
    return Entry(
        at=now,
        actor_kind=ActorKind.NOBODY if staff is None else ActorKind.STAFF,
        actor_id="nobody" if staff is None else str(staff),
        action=action,
        object_kind=what,
        object_id=str(which),
        patient=patient,
        origin=origin_of(address, ActorKind.STAFF),
        outcome=Outcome.REFUSED if refused else Outcome.ALLOWED,
        reason=reason,
    )
