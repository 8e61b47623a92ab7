"""Tables of identity and eligibility at the visit. What says something about a person's cover is sealed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class How(StrEnum):
    """What identity was checked by. A code that was ever stored stays."""

    ID_CARD = "id-card"
    """주민등록증."""
    MOBILE_ID = "mobile-id"
    DRIVING_LICENCE = "driving-licence"
    PASSPORT = "passport"
    RESIDENCE_CARD = "residence-card"
    """외국인등록증, 국내거소신고증, 영주증."""
    DISABILITY_CARD = "disability-card"
    VETERAN_CARD = "veteran-card"
    HEALTH_CARD_QR = "health-card-qr"
    """모바일 건강보험증: the live QR, never a picture of one."""
    CERTIFIED_PHONE = "certified-phone"
    """본인확인서비스, by this system's own identity check."""


class Exempt(StrEnum):
    """Why identity need not be checked at a visit."""

    UNDER_19 = "under-19"
    EMERGENCY = "emergency"
    REFERRED = "referred"
    RETURNED = "returned"


class VisitState(StrEnum):
    """How far a 진료확인번호 is."""

    OPEN = "open"
    """Asked for, or about to be; whether it was issued is not known. Asked again under the same identifier."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """Nothing was issued and nothing deducted."""
    CANCELLING = "cancelling"
    """To be taken back; whether that was done is not known."""
    CANCELLED = "cancelled"


class EligibilityPatient(SQLModel, table=True):
    """A patient of one hospital, as far as the insurer must be told who it is."""

    __tablename__ = "eligibility_patient"
    __table_args__ = (UniqueConstraint("hospital", "patient"),)

    id: UUID = Field(primary_key=True)
    hospital: int
    """Institution index in the registry."""
    patient: str
    """As `Document.patient_index`."""
    nonce: bytes
    content: bytes
    """Sealed JSON: name, birthDate, residentNumber, insuranceNumber."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class IdentityCheck(SQLModel, table=True):
    """Identity was checked. The newest counts; none is ever changed."""

    __tablename__ = "eligibility_identity_check"

    id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="eligibility_patient.id", index=True)
    checked_at: datetime = Field(sa_type=UtcDateTime)
    how: How = Field(sa_type=String)
    by_kind: str
    by: str
    """As in the log of accesses: kind and identifier of who checked."""


class IdentityException(SQLModel, table=True):
    """A visit at which identity was not checked because a rule excepts it."""

    __tablename__ = "eligibility_identity_exception"
    __table_args__ = (UniqueConstraint("patient_id", "day", "exempt"),)

    id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="eligibility_patient.id", index=True)
    day: date
    exempt: Exempt = Field(sa_type=String)
    noted_at: datetime = Field(sa_type=UtcDateTime)
    noted_by: UUID


class IdentityOwed(SQLModel, table=True):
    """A visit without identity: full price, paid back if it is shown in time."""

    __tablename__ = "eligibility_identity_owed"
    __table_args__ = (UniqueConstraint("patient_id", "visit_day"),)

    id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="eligibility_patient.id", index=True)
    visit_day: date
    due_on: date = Field(index=True)
    """The last day in Korea on which showing it counts."""
    noted_at: datetime = Field(sa_type=UtcDateTime)
    noted_by: UUID
    shown_by: UUID | None = Field(default=None, foreign_key="eligibility_identity_check.id")
    """The check with which it was shown, in time."""


class LookUp(SQLModel, table=True):
    """One question to the insurer and its answer."""

    __tablename__ = "eligibility_look_up"

    id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="eligibility_patient.id", index=True)
    day: date
    """The day asked about."""
    asked_at: datetime = Field(sa_type=UtcDateTime, index=True)
    by_kind: str
    by: str
    certain: bool
    """False: the insurer could not say."""
    stale_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When something changed, so that it is to be asked again."""
    nonce: bytes
    content: bytes
    """Sealed JSON: the outcome with the gateway's reference."""


class Letter(SQLModel, table=True):
    """의료급여의뢰서 (요양급여·의료급여의뢰서 서식)."""

    __tablename__ = "eligibility_letter"

    id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="eligibility_patient.id", index=True)
    issued_on: date
    last_day: date
    """To hand it in or to book with it, by the rule when it was noted; for people to read."""
    booked_on: date | None = None
    handed_in_on: date | None = None
    used_on: date | None = None
    """The first visit that was confirmed with it."""
    ended_on: date | None = None
    """The last day of the treatment it was written for."""
    noted_at: datetime = Field(sa_type=UtcDateTime, index=True)
    by_kind: str
    by: str
    nonce: bytes
    content: bytes
    """Sealed JSON: issuer (요양기관기호), department, number."""
    picture_nonce: bytes | None = None
    picture: bytes | None = None
    """Sealed under the same key: a JPEG, PNG or PDF of the paper."""


class VisitConfirmation(SQLModel, table=True):
    """One 진료확인번호 that was asked for. `id` is what the gateway knows the visit by."""

    __tablename__ = "eligibility_visit"
    __table_args__ = (UniqueConstraint("patient_id", "visit", "attempt"),)

    id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="eligibility_patient.id", index=True)
    visit: str
    """Keyed hash (HMAC-SHA-256, hex) of the hospital's number of the visit."""
    attempt: int
    """From 1; another one only after the one before was refused or cancelled."""
    day: date
    state: VisitState = Field(default=VisitState.OPEN, sa_type=String, index=True)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    by_kind: str
    by: str
    nonce: bytes
    content: bytes
    """Sealed JSON: visit, department, copay, deduct, and once settled number, deducted, balance, restored, reason."""
