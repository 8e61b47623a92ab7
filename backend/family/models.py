"""Tables of the family domain."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class TieState(StrEnum):
    """How far a tie has come."""

    ASKED = "asked"
    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"


class Tie(SQLModel, table=True):
    """Somebody who acts for a patient: a guardian (no grantor, a hospital's patient) or an adult's delegate."""

    __tablename__ = "family_tie"

    id: UUID = Field(primary_key=True)
    """Random; stands in addresses in place of anything that says whose."""
    actor_id: UUID = Field(foreign_key="identity_person.id", index=True)
    relation: str
    grantor_id: UUID | None = Field(default=None, foreign_key="identity_person.id", index=True)
    """The adult who delegates; None of a guardianship."""
    hospital: int | None = None
    patient: str | None = Field(default=None, index=True)
    """As `Document.patient_index`; of a guardianship, once the desk has confirmed it."""
    subject_nonce: bytes = b""
    subject: bytes = b""
    """Sealed JSON of a child: name, birthDate. Empty of a delegation: the grantor's profile says it."""
    papers: str = ""
    """Codes of the papers that the desk has seen, in order, with spaces between."""
    functions: str = ""
    """Codes of what the patient has consented to."""
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: TieState = Field(sa_type=String)
    created_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = None
    """Why it was refused or has ended, a code."""


class Offer(SQLModel, table=True):
    """A delegation that waits for the delegate to enter its code, once."""

    __tablename__ = "family_offer"

    code_digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the code: the table alone makes nobody a delegate."""
    grantor_id: UUID = Field(foreign_key="identity_person.id", index=True)
    relation: str
    functions: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    """When the delegation ends."""
    expires_at: datetime = Field(sa_type=UtcDateTime)
    """Until when the code is good."""
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NoticeKind(StrEnum):
    """What a patient is told."""

    GUARDIAN_CONFIRMED = "guardian-confirmed"
    DELEGATE_ACCEPTED = "delegate-accepted"
    PAPERS_ADDED = "papers-added"
    CONSENT_ASKED = "consent-asked"
    CONSENT_GIVEN = "consent-given"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    ENDED = "ended"


class Notice(SQLModel, table=True):
    """Something that a patient is told of on the family page; kept for a patient who has no account yet, too."""

    __tablename__ = "family_notice"

    id: UUID = Field(primary_key=True)
    tie_id: UUID = Field(foreign_key="family_tie.id", index=True)
    kind: NoticeKind = Field(sa_type=String)
    at: datetime = Field(sa_type=UtcDateTime)
    person_id: UUID | None = Field(default=None, index=True)
    """To whom, of a delegation."""
    hospital: int | None = None
    patient: str | None = Field(default=None, index=True)
    """Of a guardianship: whoever is this patient."""
