"""Whose request it is: pairing, proofs of requests, what a device tells of itself, new keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from prometheus_client import Counter
from sqlmodel import Session

from backend.audit import service as audit
from backend.audit.terms import Action
from backend.devices import proof, repository
from backend.devices.administration import MOST_WRONG_TRIES, code_digest, handle_of, typed
from backend.devices.errors import (
    CodeEnded,
    CodeExpired,
    CodeForAnotherKind,
    CodeUsed,
    CodeWrong,
    DeviceRefused,
    DeviceRevoked,
    DeviceUnknown,
    KeyAlreadyPaired,
    KeyReplaced,
    ProofMalformed,
    ProofMissing,
    ProofReplayed,
)
from backend.devices.kinds import DeviceKind, DeviceState
from backend.devices.models import DeviceKey, PairedDevice, PairingCode, UsedProof
from backend.devices.noting import by_device, refusal
from backend.devices.proof import Asked, Held, PublicKey
from backend.services import Services
from backend.tokens import digest_of
from chain.db import reading, writing

NOTED_EVERY = timedelta(minutes=1)
"""`seen_at` moves at most so often."""
_KEPT = timedelta(minutes=10)
"""How much longer than it holds a proof is kept, should our own clock be set back."""

REFUSALS = Counter(
    "saegim_backend_device_refusals_total", "Requests of devices that were refused", ["outcome"]
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device whose request this is. `key`: thumbprint of the key that signed it."""

    id: UUID
    hospital: int
    kind: DeviceKind
    place: str
    key: str = ""
    address: str = ""


# --- requests


def admit(services: Services, given: str | None, asked: Asked, address: str) -> Device:
    """The device that proves this request to be its own; the proof is used up.

    Raises:
        DeviceRefused: one of its kinds. The first of each kind and address in a minute is in the log, every one
            in the metrics.
    """
    now = services.clock()
    try:
        with reading(services.database) as session:
            held = _proven(session, given, asked, server_of(services), now)
        with writing(services.database) as session:
            return _admitted(session, held, address, now)
    except DeviceRefused as error:
        note_refusal(services, error, address, now)
        raise


def server_of(services: Services) -> str:
    """Our public origin, which every proof names."""
    return services.settings.public_url.rstrip("/")


def _proven(session: Session, given: str | None, asked: Asked, server: str, now: datetime) -> Held:
    if not given:
        raise ProofMissing
    claimed = proof.read(given)
    known = repository.of_key(session, claimed.thumbprint)
    if known is None:
        raise DeviceUnknown
    if claimed.key is not None:
        raise ProofMalformed(part="header")
    key = PublicKey(claimed.thumbprint, known[0].jwk)
    return proof.verify(given, claimed, key, asked, server, now)


def _admitted(session: Session, held: Held, address: str, now: datetime) -> Device:
    """Looked up again in the transaction that uses the proof up: a revocation holds from here on."""
    known = repository.of_key(session, held.thumbprint)
    if known is None:
        raise DeviceUnknown
    key, device = known
    if device.state != DeviceState.PAIRED:
        raise DeviceRevoked
    if key.ended_at is not None:
        raise KeyReplaced
    _use_up(session, held, now)
    if now - device.seen_at >= NOTED_EVERY:
        repository.seen(session, device.id, now)
    kind = DeviceKind(device.kind)
    return Device(device.id, device.hospital, kind, device.place, held.thumbprint, address)


def _use_up(session: Session, held: Held, now: datetime) -> None:
    repository.forget_proofs(session, now - _KEPT)
    used = UsedProof(
        digest=digest_of(f"{held.thumbprint} {held.jti}"),
        taken_by=secrets.token_hex(16),
        expires_at=held.expires_at,
    )
    if not repository.take_proof(session, used):
        raise ProofReplayed


def note_refusal(services: Services, error: DeviceRefused, address: str, now: datetime) -> None:
    """Count it; the first of its kind from its address in this minute is in the log, so that nobody floods it."""
    REFUSALS.labels(error.reason).inc()
    with writing(services.database) as session:
        key = digest_of(f"noted {error.reason} {address}")
        if repository.count_refusal(session, key, now) == 1:
            audit.append(session, [refusal(now, address, error.reason)])


# --- pairing


def pair(
    services: Services, given: str | None, asked: Asked, code: str, kind: DeviceKind, address: str
) -> PairedDevice:
    """A machine becomes a device: its code is used up, its key is its own from now on.

    Raises:
        DeviceRefused: the proof or the code does not hold; a wrong code counts against the one that begins so.
        CodeForAnotherKind, KeyAlreadyPaired: code and key stay as they are.
    """
    now = services.clock()
    try:
        key, held = _possessed(given, asked, server_of(services), now)
        with writing(services.database) as session:
            outcome = _paired(session, services, key, held, code, kind, address, now)
        if isinstance(outcome, DeviceRefused):
            raise outcome  # after its transaction: the wrong try must be kept
    except DeviceRefused as error:
        note_refusal(services, error, address, now)
        raise
    return outcome


def _possessed(given: str | None, asked: Asked, server: str, now: datetime) -> tuple[PublicKey, Held]:
    """The new machine's key, which signed this request."""
    if not given:
        raise ProofMissing
    claimed = proof.read(given)
    if claimed.key is None:
        raise ProofMalformed(part="key")
    return claimed.key, proof.verify(given, claimed, claimed.key, asked, server, now)


def _paired(
    session: Session,
    services: Services,
    key: PublicKey,
    held: Held,
    code: str,
    kind: DeviceKind,
    address: str,
    now: datetime,
) -> PairedDevice | DeviceRefused:
    _use_up(session, held, now)
    if repository.key(session, key.thumbprint) is not None:
        raise KeyAlreadyPaired
    plain = typed(code)
    found = repository.code(session, code_digest(services.vault, plain))
    if found is None:
        repository.count_wrong_try(session, handle_of(plain), MOST_WRONG_TRIES, now)
        return CodeWrong()
    _check(found, kind, now)
    device = _described(found, now)
    if not repository.take_code(session, found.id, device.id, now):
        raise CodeUsed  # by another machine, since we looked
    session.add(device)
    session.flush()
    row = DeviceKey(thumbprint=key.thumbprint, device_id=device.id, jwk=dict(key.jwk), added_at=now)
    if not repository.add_key(session, row):
        raise KeyAlreadyPaired
    audit.append(session, [by_device(Action.CREATE, now, device.id, address, "paired")])
    return device


def _described(code: PairingCode, now: datetime) -> PairedDevice:
    """The device that comes of a code."""
    return PairedDevice(
        id=uuid4(),
        hospital=code.hospital,
        kind=code.kind,
        name=code.name,
        place=code.place,
        paired_at=now,
        seen_at=now,
    )


def _check(found: PairingCode, kind: DeviceKind, now: datetime) -> None:
    if found.device_id is not None:
        raise CodeUsed
    if found.ended_at is not None:
        raise CodeEnded
    if found.expires_at <= now:
        raise CodeExpired
    if found.kind != kind:
        raise CodeForAnotherKind(kind=str(found.kind))


# --- what a device does about itself


def own(session: Session, who: Device) -> PairedDevice:
    """The device's own row. Raises DeviceUnknown."""
    found = repository.device(session, who.id)
    if found is None:
        raise DeviceUnknown
    return found


def rotate(services: Services, who: Device, possession: str) -> str:
    """Take a new key in place of the one that signed this request; the old one ends at once. Its thumbprint.

    Raises:
        DeviceRefused: the new key's proof does not hold.
        KeyAlreadyPaired: the key was paired before.
        KeyReplaced: another request was quicker.
    """
    now = services.clock()
    try:
        key = proof.possessed(possession, str(who.id), server_of(services), now)
        with writing(services.database) as session:
            if repository.key(session, key.thumbprint) is not None:
                raise KeyAlreadyPaired
            if not repository.end_key(session, who.key, now):
                raise KeyReplaced
            row = DeviceKey(thumbprint=key.thumbprint, device_id=who.id, jwk=dict(key.jwk), added_at=now)
            if not repository.add_key(session, row):
                raise KeyAlreadyPaired
            audit.append(session, [by_device(Action.CHANGE, now, who.id, who.address, "key-rotated")])
    except DeviceRefused as error:
        note_refusal(services, error, who.address, now)
        raise
    return key.thumbprint
