"""Tables of the devices."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, String
from sqlmodel import Field, SQLModel

from backend.devices.kinds import Condition, DeviceKind, DeviceState, Paper, RevokeReason
from chain.db import UtcDateTime


class PairedDevice(SQLModel, table=True):
    """A machine that was paired."""

    __tablename__ = "devices_device"

    id: UUID = Field(primary_key=True)
    hospital: int = Field(index=True)
    """Institution index in the registry."""
    kind: DeviceKind = Field(sa_type=String)
    name: str
    place: str
    """Where it stands, as the hospital calls the place; no person's name."""
    state: DeviceState = Field(default=DeviceState.PAIRED, sa_type=String)
    paired_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    """Its last request that held; moves at most once a minute."""
    version: str | None = None
    """Of its program, as it told; None until it did."""
    paper: Paper | None = Field(default=None, sa_type=String)
    condition: Condition | None = Field(default=None, sa_type=String)
    clock_offset: int | None = None
    """Seconds that its clock is ahead of ours, as it told; negative when behind."""
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_for: RevokeReason | None = Field(default=None, sa_type=String)


class DeviceKey(SQLModel, table=True):
    """A public key that a device has or had. Rows stay, so that no key is ever paired twice."""

    __tablename__ = "devices_key"

    thumbprint: str = Field(primary_key=True)
    """RFC 7638, base64url: the key's name."""
    device_id: UUID = Field(foreign_key="devices_device.id", index=True)
    jwk: dict[str, Any] = Field(sa_type=JSON)
    added_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When another key took its place."""


class PairingCode(SQLModel, table=True):
    """A code that waits for its machine, or what became of it."""

    __tablename__ = "devices_code"

    id: UUID = Field(primary_key=True)
    handle: str | None = Field(default=None, unique=True)
    """The code's first symbols, by which a wrong try finds the code that it counts against; None once it is over."""
    digest: str = Field(unique=True)
    """Keyed hash (HMAC-SHA-256, hex) of the code: too short for a plain one."""
    hospital: int
    kind: DeviceKind = Field(sa_type=String)
    name: str
    place: str
    made_by: UUID | None = None
    """Member of the staff; None for the command line."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    wrong_tries: int = 0
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Used, withdrawn, or tried wrongly too often."""
    device_id: UUID | None = None
    """The device that came of it."""


class UsedProof(SQLModel, table=True):
    """A proof that was presented, kept until it is too old to hold anyway: it is good once."""

    __tablename__ = "devices_proof"

    digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the key's thumbprint and the `jti`."""
    taken_by: str
    """Random, one for each request: of two requests with one proof, the one whose value stands here had it."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class DeviceRefusals(SQLModel, table=True):
    """How often an address was refused for one reason in the present minute: the log has the first of them."""

    __tablename__ = "devices_refusal"

    key: str = Field(primary_key=True)
    """SHA-256 (hex) of address and reason."""
    minute: datetime = Field(sa_type=UtcDateTime, index=True)
    """When the minute began."""
    count: int
