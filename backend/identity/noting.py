"""What the identity domain tells the log: who came in, who was refused, what changed about how one comes in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome


def note(
    session: Session,
    action: Action,
    now: datetime,
    address: str,
    *,
    person: UUID | None,
    what: ObjectKind = ObjectKind.ACCOUNT,
    which: UUID | str = "",
    refused: str | None = None,
    reason: str | None = None,
) -> None:
    """One line, in the caller's transaction; call it last. `refused`: the reason's code, when it was."""
    audit.append(
        session,
        [
            Entry(
                at=now,
                actor_kind=ActorKind.NOBODY if person is None else ActorKind.PERSON,
                actor_id="nobody" if person is None else str(person),
                action=action,
                object_kind=what,
                object_id=str(which),
                origin=origin_of(address, ActorKind.PERSON),
                outcome=Outcome.ALLOWED if refused is None else Outcome.REFUSED,
                reason=refused or reason,
            )
        ],
    )
