"""Queries of the devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Update, delete, select, update
from sqlmodel import Session, col

from backend.devices.kinds import DeviceState
from backend.devices.models import DeviceKey, DeviceRefusals, PairedDevice, PairingCode, UsedProof
from chain.db import insert_ignore

MINUTE = timedelta(minutes=1)
_AT_ONCE = 500
"""Old proofs that one request removes at most."""


def _done(session: Session, change: Update) -> bool:
    """Whether a conditional update found its row."""
    return bool(session.execute(change).rowcount == 1)  # type: ignore[attr-defined]


# --- devices and keys


def device(session: Session, device_id: UUID, hospital: int | None = None) -> PairedDevice | None:
    """A device; with `hospital`, only one of that hospital's."""
    found = session.get(PairedDevice, device_id)
    return found if found is not None and hospital in (None, found.hospital) else None


def devices(session: Session, hospital: int | None = None) -> Sequence[PairedDevice]:
    """Those of a hospital, or all: paired ones first, by place and name."""
    query = select(PairedDevice).order_by(
        col(PairedDevice.state), col(PairedDevice.place), col(PairedDevice.name), col(PairedDevice.id)
    )
    if hospital is not None:
        query = query.where(col(PairedDevice.hospital) == hospital)
    return session.execute(query).scalars().all()


def revoke(session: Session, device_id: UUID, reason: str, now: datetime) -> bool:
    """By conditional update; False when it was revoked before."""
    change = update(PairedDevice).where(
        col(PairedDevice.id) == device_id, col(PairedDevice.state) == DeviceState.PAIRED
    )
    return _done(session, change.values(state=DeviceState.REVOKED, revoked_at=now, revoked_for=reason))


def seen(session: Session, device_id: UUID, now: datetime) -> None:
    """The device was here."""
    session.execute(update(PairedDevice).where(col(PairedDevice.id) == device_id).values(seen_at=now))


def told(session: Session, device_id: UUID, news: Mapping[str, Any]) -> None:
    """What a device told of itself, by column."""
    session.execute(update(PairedDevice).where(col(PairedDevice.id) == device_id).values(**news))


def of_key(session: Session, thumbprint: str) -> tuple[DeviceKey, PairedDevice] | None:
    """A key and whose it is or was."""
    query = (
        select(DeviceKey, PairedDevice)
        .join(PairedDevice, col(PairedDevice.id) == col(DeviceKey.device_id))
        .where(col(DeviceKey.thumbprint) == thumbprint)
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])


def key(session: Session, thumbprint: str) -> DeviceKey | None:
    return session.get(DeviceKey, thumbprint)


def add_key(session: Session, row: DeviceKey) -> bool:
    """Keep a key; False when another device's transaction was quicker."""
    insert_ignore(session, DeviceKey, [row.model_dump()])
    query = select(col(DeviceKey.device_id)).where(col(DeviceKey.thumbprint) == row.thumbprint)
    return bool(session.execute(query).scalar_one() == row.device_id)


def end_key(session: Session, thumbprint: str, now: datetime) -> bool:
    """By conditional update; False when it had ended before."""
    change = update(DeviceKey).where(
        col(DeviceKey.thumbprint) == thumbprint, col(DeviceKey.ended_at).is_(None)
    )
    return _done(session, change.values(ended_at=now))


# --- pairing codes


def add_code(session: Session, row: PairingCode) -> bool:
    """Keep a code; False when another that waits begins the same."""
    over = update(PairingCode).where(col(PairingCode.expires_at) <= row.made_at)
    session.execute(over.where(col(PairingCode.handle).is_not(None)).values(handle=None))
    insert_ignore(session, PairingCode, [row.model_dump()])
    return session.get(PairingCode, row.id) is not None


def code(session: Session, digest: str) -> PairingCode | None:
    return session.execute(select(PairingCode).where(col(PairingCode.digest) == digest)).scalars().first()


def waiting_codes(session: Session, hospital: int, now: datetime) -> Sequence[PairingCode]:
    """Codes that a machine may still use, the one that ends first at the top."""
    query = select(PairingCode).where(
        col(PairingCode.hospital) == hospital,
        col(PairingCode.ended_at).is_(None),
        col(PairingCode.expires_at) > now,
    )
    return session.execute(query.order_by(col(PairingCode.expires_at))).scalars().all()


def take_code(session: Session, code_id: UUID, device_id: UUID, now: datetime) -> bool:
    """Use a code up by conditional update: of two machines one gets it."""
    change = update(PairingCode).where(
        col(PairingCode.id) == code_id,
        col(PairingCode.ended_at).is_(None),
        col(PairingCode.expires_at) > now,
    )
    return _done(session, change.values(ended_at=now, device_id=device_id, handle=None))


def withdraw_code(session: Session, code_id: UUID, hospital: int, now: datetime) -> bool:
    """End a code that waits; False when there is none."""
    change = update(PairingCode).where(
        col(PairingCode.id) == code_id,
        col(PairingCode.hospital) == hospital,
        col(PairingCode.ended_at).is_(None),
    )
    return _done(session, change.values(ended_at=now, handle=None))


def count_wrong_try(session: Session, handle: str, most: int, now: datetime) -> UUID | None:
    """Count a wrong try against the code that begins so; its id if that was its last."""
    waits = update(PairingCode).where(col(PairingCode.handle) == handle, col(PairingCode.expires_at) > now)
    session.execute(waits.values(wrong_tries=PairingCode.wrong_tries + 1))
    query = select(col(PairingCode.id)).where(
        col(PairingCode.handle) == handle, col(PairingCode.wrong_tries) >= most
    )
    ended = session.execute(query).scalars().first()
    if ended is not None:
        over = update(PairingCode).where(col(PairingCode.id) == ended)
        session.execute(over.values(ended_at=now, handle=None))
    return ended


# --- proofs and refusals


def take_proof(session: Session, row: UsedProof) -> bool:
    """Use a proof up: of two requests at the same moment one finds it unused."""
    insert_ignore(session, UsedProof, [row.model_dump()])
    query = select(col(UsedProof.taken_by)).where(col(UsedProof.digest) == row.digest)
    return bool(session.execute(query).scalar_one() == row.taken_by)


def forget_proofs(session: Session, before: datetime) -> None:
    """Remove proofs that are too old to hold, leaving out those that another request is removing."""
    old = (
        select(col(UsedProof.digest))
        .where(col(UsedProof.expires_at) < before)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    digests = session.execute(old).scalars().all()
    if digests:
        session.execute(delete(UsedProof).where(col(UsedProof.digest).in_(digests)))


def count_refusal(session: Session, key: str, now: datetime) -> int:
    """Count one; how many there are in this minute with it. Counts of earlier minutes go."""
    old = (col(DeviceRefusals.minute) <= now - 2 * MINUTE) & (col(DeviceRefusals.key) != key)
    session.execute(delete(DeviceRefusals).where(old))
    insert_ignore(session, DeviceRefusals, [{"key": key, "minute": now, "count": 0}])
    of_key = update(DeviceRefusals).where(col(DeviceRefusals.key) == key)
    over = of_key.where(col(DeviceRefusals.minute) <= now - MINUTE)
    session.execute(over.values(minute=now, count=0))
    session.execute(of_key.values(count=DeviceRefusals.count + 1))
    query = select(col(DeviceRefusals.count)).where(col(DeviceRefusals.key) == key)
    return int(session.execute(query).scalar_one())
