"""What staff do with devices: make a code for one, rename it, revoke it."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action
from backend.devices import repository
from backend.devices.errors import AlreadyRevoked, DescriptionMissing, DeviceNotFound
from backend.devices.kinds import DeviceKind, RevokeReason
from backend.devices.models import PairedDevice, PairingCode
from backend.devices.noting import by_staff
from backend.vault import Vault

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""Nothing that is read as something else (0 O, 1 I L), no vowel that would make words, capitals as on any keyboard."""
GROUP = 3
CODE_LENGTH = 9
"""Three symbols find the code, six are its secret: one in 480 million, for five tries."""
CODE_LASTS = timedelta(minutes=10)
MOST_WRONG_TRIES = 5
NAME_LENGTH, PLACE_LENGTH = 40, 60
_COLLISIONS = 20


@dataclass(frozen=True, slots=True)
class By:
    """Who does it. `staff` None: the command line, which may do it at every hospital."""

    staff: UUID | None = None
    hospital: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A new code; `text` is shown once and kept nowhere."""

    id: UUID
    text: str
    expires_at: datetime


def make_code(
    session: Session,
    vault: Vault,
    by: By,
    *,
    hospital: int,
    kind: DeviceKind,
    name: str,
    place: str,
    now: datetime,
) -> Made:
    """A pairing code for one machine of this kind. Raises DescriptionMissing."""
    name, place = described(name, place)
    for _ in range(_COLLISIONS):
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        row = PairingCode(
            id=uuid4(),
            handle=handle_of(code),
            digest=code_digest(vault, code),
            hospital=hospital,
            kind=kind,
            name=name,
            place=place,
            made_by=by.staff,
            made_at=now,
            expires_at=now + CODE_LASTS,
        )
        if repository.add_code(session, row):
            break
    else:
        raise RuntimeError("no pairing code is free: thousands wait at the same time")
    audit.append(session, [by_staff(Action.CREATE, now, by.staff, by.address, row.id, "pairing-code")])
    return Made(row.id, shown(code), row.expires_at)


def shown(code: str) -> str:
    """In groups, as people read and type it."""
    return "-".join(code[place : place + GROUP] for place in range(0, len(code), GROUP))


def typed(code: str) -> str:
    """What somebody typed, without groups and in capitals."""
    return "".join(each for each in code.upper() if each.isascii() and each.isalnum())


def handle_of(code: str) -> str:
    return code[:GROUP]


def code_digest(vault: Vault, code: str) -> str:
    """What is stored of a code."""
    return vault.blind_index(f"device-code:{code}")


def withdraw_code(session: Session, by: By, code_id: UUID, now: datetime) -> None:
    """End a code that waits. Raises DeviceNotFound: there is none at this hospital."""
    if by.hospital is None or not repository.withdraw_code(session, code_id, by.hospital, now):
        raise DeviceNotFound
    audit.append(session, [by_staff(Action.CHANGE, now, by.staff, by.address, code_id, "code-withdrawn")])


def devices(session: Session, hospital: int | None = None) -> Sequence[PairedDevice]:
    """A hospital's devices, or all."""
    return repository.devices(session, hospital)


def waiting_codes(session: Session, hospital: int, now: datetime) -> Sequence[PairingCode]:
    """A hospital's codes that a machine may still use."""
    return repository.waiting_codes(session, hospital, now)


def device(session: Session, by: By, device_id: UUID) -> PairedDevice:
    """One of the hospital's devices. Raises DeviceNotFound."""
    found = repository.device(session, device_id, by.hospital)
    if found is None:
        raise DeviceNotFound
    return found


def rename(session: Session, by: By, device_id: UUID, name: str, place: str, now: datetime) -> None:
    """Give a device another name or place. Raises DeviceNotFound, DescriptionMissing."""
    found = device(session, by, device_id)
    found.name, found.place = described(name, place)
    session.add(found)
    session.flush()
    audit.append(session, [by_staff(Action.CHANGE, now, by.staff, by.address, device_id, "renamed")])


def revoke(session: Session, by: By, device_id: UUID, reason: RevokeReason, now: datetime) -> None:
    """Let a device in no more, from its next request on. Raises DeviceNotFound, AlreadyRevoked."""
    device(session, by, device_id)
    if not repository.revoke(session, device_id, reason, now):
        raise AlreadyRevoked
    audit.append(
        session, [by_staff(Action.CHANGE, now, by.staff, by.address, device_id, f"revoked.{reason}")]
    )


def described(name: str, place: str) -> tuple[str, str]:
    """Name and place as they are kept: one line each. Raises DescriptionMissing."""
    lines = [" ".join(unicodedata.normalize("NFC", text).split()) for text in (name, place)]
    for line, most in zip(lines, (NAME_LENGTH, PLACE_LENGTH), strict=True):
        if not 0 < len(line) <= most or not line.isprintable():
            raise DescriptionMissing
    return lines[0], lines[1]
