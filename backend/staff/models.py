"""Tables of the staff domain."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String
from sqlmodel import Field, SQLModel

from backend.staff.roles import Role
from chain.db import UtcDateTime


class StaffState(StrEnum):
    """Whether a member of the staff may come in."""

    ACTIVE = "active"
    ENDED = "ended"


class StaffMember(SQLModel, table=True):
    """Somebody who works at a hospital. The hospital system knows who; here is only what the door needs."""

    __tablename__ = "staff_member"

    id: UUID = Field(primary_key=True)
    number_index: str = Field(unique=True)
    """Keyed hash (HMAC-SHA-256, hex) of hospital and staff number."""
    hospital: int
    """Institution index in the registry."""
    role: Role = Field(sa_type=String)
    state: StaffState = Field(default=StaffState.ACTIVE, sa_type=String)
    created_at: datetime = Field(sa_type=UtcDateTime)
    code_digest: str | None = Field(default=None, unique=True)
    """SHA-256 (hex) of the enrolment code that waits; None when there is none."""
    code_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffPasskey(SQLModel, table=True):
    """One authenticator of a member of the staff."""

    __tablename__ = "staff_passkey"

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff_member.id", index=True)
    credential_id: bytes = Field(unique=True)
    public_key: bytes
    """COSE key."""
    sign_count: int
    synced: bool
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffPurpose(StrEnum):
    """What a ceremony is for; an answer for another purpose is refused."""

    REGISTER = "register"
    SIGN_IN = "sign-in"
    STEP_UP = "step-up"


class StaffCeremony(SQLModel, table=True):
    """A challenge that waits for its answer, once. `staff_id`: whose; None for a sign-in."""

    __tablename__ = "staff_ceremony"

    challenge_digest: str = Field(primary_key=True)
    purpose: StaffPurpose = Field(sa_type=String)
    staff_id: UUID | None = None
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffSession(SQLModel, table=True):
    """A member of the staff in one browser."""

    __tablename__ = "staff_session"

    token_digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the token in the cookie."""
    staff_id: UUID = Field(foreign_key="staff_member.id", index=True)
    enrolling: bool
    """Came in with a code: may register a passkey and nothing else."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    proven_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When its owner last proved to be there with the passkey; None while enrolling."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BrokenGlass(SQLModel, table=True):
    """A patient's documents, opened in an emergency."""

    __tablename__ = "staff_broken_glass"

    id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(foreign_key="staff_member.id", index=True)
    hospital: int
    patient: str
    """As `Document.patient_index`."""
    reason: str
    """What was typed, as the log keeps it."""
    opened_at: datetime = Field(sa_type=UtcDateTime, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    reviewed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reviewed_by: UUID | None = None
    justified: bool | None = None
