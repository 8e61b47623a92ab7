"""Roles of the staff and what each may do here: function × role. What is not in the matrix is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from backend.web.i18n import N_, Message


class Role(StrEnum):
    """As the hospital system has them."""

    REGISTRATION = "registration"
    NURSING = "nursing"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    INFORMATION = "information"
    DESIGN = "design"


NAMES: Mapping[Role, Message] = {
    Role.REGISTRATION: N_("원무"),
    Role.NURSING: N_("간호"),
    Role.DOCTOR: N_("의사"),
    Role.PHARMACIST: N_("약사"),
    Role.INFORMATION: N_("정보"),
    Role.DESIGN: N_("디자인센터"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts: without use, and at most."""

    idle: timedelta
    longest: timedelta


_WARD = Limits(timedelta(minutes=10), timedelta(hours=12))
_DESK = Limits(timedelta(minutes=15), timedelta(hours=10))
_OFFICE = Limits(timedelta(minutes=10), timedelta(hours=8))

LIMITS: Mapping[Role, Limits] = {
    Role.REGISTRATION: _DESK,
    Role.NURSING: _WARD,
    Role.DOCTOR: _WARD,
    Role.PHARMACIST: _WARD,
    Role.INFORMATION: _OFFICE,
    Role.DESIGN: _OFFICE,
}
"""Shorter than a patient's: a ward's computer is left and others come to it. As long as a shift at most."""


class StaffFunction(StrEnum):
    """What somebody of the staff wants to do."""

    BIND = "bind"
    """Bind an account to the registration number at the first visit."""
    BREAK_GLASS = "break-glass"
    """Open a patient's documents in an emergency."""
    VISIT_CHECK = "visit-check"
    """Check identity and eligibility at the visit (본인확인·자격조회)."""
    REVIEW = "review"
    """Review emergency accesses afterwards."""
    DEVICES = "devices"
    """Pair, rename and revoke the hospital's machines (backend/devices)."""


MATRIX: Mapping[StaffFunction, frozenset[Role]] = {
    StaffFunction.BIND: frozenset({Role.REGISTRATION}),
    StaffFunction.BREAK_GLASS: frozenset({Role.DOCTOR, Role.NURSING}),
    StaffFunction.VISIT_CHECK: frozenset({Role.REGISTRATION}),
    StaffFunction.REVIEW: frozenset({Role.INFORMATION}),
    StaffFunction.DEVICES: frozenset({Role.INFORMATION}),
}


def may(role: Role, function: StaffFunction) -> bool:
    """Whether a role may do a function."""
    return role in MATRIX.get(function, frozenset())
