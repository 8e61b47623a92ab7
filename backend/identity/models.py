"""Tables of the identity domain."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class PersonState(StrEnum):
    """Whether a person may come in."""

    ACTIVE = "active"
    MERGED = "merged"
    CLOSED = "closed"


class Person(SQLModel, table=True):
    """An account. Who it is stands sealed in `profile`."""

    __tablename__ = "identity_person"

    id: UUID = Field(primary_key=True)
    """Random. Also the user handle of passkeys: it says nothing about anybody."""
    identity_index: str | None = Field(default=None, unique=True)
    """HMAC-SHA-256 (hex) of the CI (연계정보) under a key of the vault; None until an identity was checked."""
    profile_nonce: bytes
    profile: bytes
    """Sealed JSON: name, birthDate, gender, phone, foreigner."""
    identity_checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    state: PersonState = Field(default=PersonState.ACTIVE, sa_type=String)


class RegistrationState(StrEnum):
    """How far a person and a hospital's patient belong together."""

    PROVISIONAL = "provisional"
    """예비등록: the person has chosen the hospital; the first visit decides."""
    BOUND = "bound"
    ENDED = "ended"


class Registration(SQLModel, table=True):
    """A person at a hospital."""

    __tablename__ = "identity_registration"
    __table_args__ = (UniqueConstraint("person_id", "hospital"), UniqueConstraint("hospital", "patient"))

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    hospital: int
    """Institution index in the registry."""
    patient: str | None = None
    """As `Document.patient_index`; None until bound."""
    state: RegistrationState = Field(default=RegistrationState.PROVISIONAL, sa_type=String)
    created_at: datetime = Field(sa_type=UtcDateTime)
    bound_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConsentGiven(SQLModel, table=True):
    """A text that a person agreed to, by kind and version. Withdrawing ends the row, nothing deletes it."""

    __tablename__ = "identity_consent"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    kind: str
    version: str
    text_digest: str
    """SHA-256 (hex) of the exact text shown."""
    language: str
    given_at: datetime = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Passkey(SQLModel, table=True):
    """One authenticator of a person (WebAuthn Level 3, discoverable)."""

    __tablename__ = "identity_passkey"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    credential_id: bytes = Field(unique=True)
    public_key: bytes
    """COSE key."""
    sign_count: int
    synced: bool
    """Whether the key is kept by the maker's cloud ("backed up"), so that it outlives the device."""
    name: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Purpose(StrEnum):
    """What a ceremony is for; an answer for another purpose is refused."""

    REGISTER = "register"
    SIGN_IN = "sign-in"
    STEP_UP = "step-up"


class Ceremony(SQLModel, table=True):
    """A challenge that waits for its answer, once."""

    __tablename__ = "identity_ceremony"

    challenge_digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the challenge."""
    purpose: Purpose = Field(sa_type=String)
    person_id: UUID | None = None
    """For REGISTER and STEP_UP: whose."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LoginSession(SQLModel, table=True):
    """Somebody signed in, in one browser."""

    __tablename__ = "identity_session"

    token_digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the token in the cookie: the table alone lets nobody in."""
    id: UUID = Field(unique=True)
    """To name it on a page or in the log without the token."""
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    method: str
    """How it began: "passkey", "phone"."""
    browser: str
    """A short description for "my devices", such as "Chrome, Android"."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    proven_at: datetime = Field(sa_type=UtcDateTime)
    """When the person last proved to be there (sign-in or step-up)."""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Verification(SQLModel, table=True):
    """A phone identity check that was begun here. Good once, for who began it and what it was begun for."""

    __tablename__ = "identity_verification"

    id: str = Field(primary_key=True)
    """Ours, as the agency knows it. Worth nothing without the holder's cookie."""
    purpose: str
    holder: str
    """SHA-256 (hex) of the visit's cookie, or the signed-in person's id."""
    begun_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    consents: str = "{}"
    """JSON: kind to version, digest, language of what was agreed to on the form before."""
    hospitals: str = "[]"
    """JSON: indexes of the hospitals chosen."""
    next: str = "/me"
    tries: int = 0
    """Answers given so far; a limit keeps six digits from being guessed."""
