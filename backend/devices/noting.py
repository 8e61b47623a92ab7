"""What the devices tell the log of accesses."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from backend.audit.entries import Entry, origin_of
from backend.audit.terms import Action, ActorKind, ObjectKind, Outcome

COMMAND_LINE = "command-line"


def by_staff(
    action: Action, now: datetime, staff: UUID | None, address: str, which: UUID, reason: str
) -> Entry:
    """What a member of the staff did to a device or a code, or the command line did (`staff` None)."""
    return Entry(
        at=now,
        actor_kind=ActorKind.SYSTEM if staff is None else ActorKind.STAFF,
        actor_id=COMMAND_LINE if staff is None else str(staff),
        action=action,
        object_kind=ObjectKind.DEVICE,
        object_id=str(which),
        origin=origin_of(address, ActorKind.STAFF),
        reason=reason,
    )


def by_device(action: Action, now: datetime, device: UUID, address: str, reason: str) -> Entry:
    """What a device did about itself."""
    return Entry(
        at=now,
        actor_kind=ActorKind.DEVICE,
        actor_id=str(device),
        action=action,
        object_kind=ObjectKind.DEVICE,
        object_id=str(device),
        origin=origin_of(address, ActorKind.DEVICE),
        reason=reason,
    )


def refusal(now: datetime, address: str, reason: str, which: UUID | str = "") -> Entry:
    """By nobody: who was refused has not proved to be the device that they named."""
    return Entry(
        at=now,
        actor_kind=ActorKind.NOBODY,
        actor_id="nobody",
        action=Action.SIGN_IN_REFUSED,
        object_kind=ObjectKind.DEVICE,
        object_id=str(which),
        origin=origin_of(address, ActorKind.DEVICE),
        outcome=Outcome.REFUSED,
        reason=reason,
    )
