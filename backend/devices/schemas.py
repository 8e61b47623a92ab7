"""Shapes of the devices' API."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from backend.devices.kinds import Condition, DeviceKind, Paper
from backend.shapes import ClosedShape, Shape

Proof = Annotated[str, Field(max_length=2_000)]


class PairingIn(ClosedShape):
    """A machine that wants to be a device; its key comes in the request's proof."""

    code: Annotated[str, Field(max_length=40)]
    kind: DeviceKind


class PairedOut(Shape):
    """The device that it is now."""

    device: UUID
    kind: DeviceKind
    hospital: int
    name: str
    place: str


class HospitalOut(Shape):
    """Institution index in the registry, and its name in the language asked for."""

    index: int
    name: str


class SettingsOut(Shape):
    """What a device goes by."""

    heartbeat_seconds: int
    key_days: int
    """After so many days a device should make a new key."""
    least_version: str
    """Older programs are not answered; empty: there is no least version."""
    recommended_version: str


class SelfOut(Shape):
    """A device as the hospital has it."""

    device: UUID
    kind: DeviceKind
    name: str
    place: str
    paired_at: datetime
    key: str
    """Thumbprint (RFC 7638) of the key that signed this request."""
    hospital: HospitalOut
    settings: SettingsOut
    server_time: datetime


class HeartbeatIn(ClosedShape):
    """What a device tells of itself; nothing about anybody."""

    version: Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$")]
    paper: Paper
    condition: Condition
    clock_offset: Annotated[int, Field(ge=-2_000_000_000, le=2_000_000_000)] = 0
    """Seconds that its clock is ahead of ours; negative when behind."""


class Todo(StrEnum):
    """What a device or its keeper has to do."""

    UPDATE = "update"
    """There is a newer program."""
    UPDATE_NOW = "update-now"
    """This one is not answered any more, but for heartbeats."""
    SET_CLOCK = "set-clock"
    ROTATE_KEY = "rotate-key"


class TodoOut(Shape):
    """`do` is stable; `say` is for the people at the machine."""

    do: Todo
    say: str


class HeartbeatOut(Shape):
    """What to do, and when to come again."""

    todo: list[TodoOut]
    next_in_seconds: int
    server_time: datetime


class KeyIn(ClosedShape):
    """A new key: a proof made with it, with the whole public key in its head."""

    possession: Proof


class KeyOut(Shape):
    """The key from now on."""

    key: str
