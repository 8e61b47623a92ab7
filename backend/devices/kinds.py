"""Words of the devices: what a machine is, how it stands, what it tells of itself, why it is revoked."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from backend.web.i18n import N_, Message


class DeviceKind(StrEnum):
    """What a machine is for."""

    KIOSK = "kiosk"
    """Patients serve themselves."""
    DESK = "desk"
    """A desk's computer with readers and printer."""
    BOARD = "board"
    """Shows numbers called; nobody touches it."""


KIND_NAMES: Mapping[DeviceKind, Message] = {
    DeviceKind.KIOSK: N_("키오스크"),
    DeviceKind.DESK: N_("창구 단말"),
    DeviceKind.BOARD: N_("안내 전광판"),
}


class DeviceState(StrEnum):
    """Whether a device may come in."""

    PAIRED = "paired"
    REVOKED = "revoked"


class RevokeReason(StrEnum):
    """Why a device was revoked; a code, because the log keeps no free words."""

    LOST = "lost"
    STOLEN = "stolen"
    TAMPERED = "tampered"
    REPLACED = "replaced"
    RETIRED = "retired"


REASON_NAMES: Mapping[RevokeReason, Message] = {
    RevokeReason.LOST: N_("분실"),
    RevokeReason.STOLEN: N_("도난"),
    RevokeReason.TAMPERED: N_("조작이 의심됨"),
    RevokeReason.REPLACED: N_("다른 기기로 교체"),
    RevokeReason.RETIRED: N_("사용 종료"),
}


class Paper(StrEnum):
    """How much paper the printer has."""

    NONE = "no-printer"
    FULL = "full"
    LOW = "low"
    EMPTY = "empty"


class Condition(StrEnum):
    """How the machine finds itself."""

    READY = "ready"
    IN_USE = "in-use"
    CLOSED = "closed"
    """Outside its hours, or closed by staff."""
    FAULT = "fault"
    """A part does not answer; somebody must look."""
