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
    merged_into: UUID | None = None
    """Of MERGED: the account that everything of this one belongs to since."""


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
    """How it began: "passkey", "phone", "kakao", "naver"."""
    browser: str
    """A short description for "my devices", such as "Chrome, Android"."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    proven_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the person last proved to be there, by sign-in or step-up. None: an account elsewhere let them in, which
    proves nothing."""
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


class NumberLink(SQLModel, table=True):
    """Two registration numbers of one person at a hospital (이중등록): the former one's documents stay readable."""

    __tablename__ = "identity_number_link"

    hospital: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    former: str = Field(primary_key=True)
    """As `Document.patient_index`."""
    present: str = Field(index=True)
    """Never itself a former number: links are kept flat."""
    since: datetime = Field(sa_type=UtcDateTime)
    reason: str
    """A code."""


class Merge(SQLModel, table=True):
    """Two accounts of one human: found by an identity check and waiting for a yes, or done."""

    __tablename__ = "identity_merge"

    id: UUID = Field(primary_key=True)
    away_id: UUID = Field(foreign_key="identity_person.id", index=True)
    kept_id: UUID = Field(foreign_key="identity_person.id", index=True)
    found_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Until when the person may say yes; None of what the desk has done."""
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: UUID | None = None
    """A member of the staff; None where the person proved to be there on both sides."""
    reason: str
    """A code."""


class PaperKind(StrEnum):
    """What somebody without a Korean telephone shows."""

    PASSPORT = "passport"
    REGISTRATION = "foreigner-registration"
    """외국인등록증, 영주증, 외국국적동포 국내거소신고증: a number of thirteen digits."""


class ForeignPaper(SQLModel, table=True):
    """The document that somebody without a Korean telephone named at sign-up; the desk sees it at the first visit."""

    __tablename__ = "identity_foreign_paper"

    id: UUID = Field(primary_key=True)
    """Also the vault's name for its key."""
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    kind: PaperKind = Field(sa_type=String)
    number_index: str = Field(index=True)
    """Keyed hash (HMAC-SHA-256, hex) of kind, nationality and number."""
    nonce: bytes
    sealed: bytes
    """Sealed JSON: number, nationality."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_by: UUID | None = None
    """The member of the staff who had it in hand."""


class Newborn(SQLModel, table=True):
    """A child that the desk registered under its mother's registration, before its birth was reported."""

    __tablename__ = "identity_newborn"

    person_id: UUID = Field(primary_key=True, foreign_key="identity_person.id")
    """The child's account: nobody can sign in to it; at 14 it is merged into the child's own."""
    tie_id: UUID
    """The mother's guardianship."""
    registered_at: datetime = Field(sa_type=UtcDateTime)
    registered_by: UUID
    named_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the desk entered the name after 출생신고."""


class NoticeKind(StrEnum):
    """What an account's owner is told."""

    KNOWN_ACCOUNT = "known-account"
    PHONE_CHANGED = "phone-changed"
    RECOVERED = "recovered"
    KEYS_REMOVED = "keys-removed"
    MERGED = "merged"
    NUMBER_CHANGED = "number-changed"
    IDENTITY_CHECKED = "identity-checked"
    NEWBORN_REGISTERED = "newborn-registered"
    NEWBORN_NAMED = "newborn-named"


class AccountNotice(SQLModel, table=True):
    """Something about the account that its owner is told until they say that they have read it."""

    __tablename__ = "identity_notice"

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    kind: NoticeKind = Field(sa_type=String)
    at: datetime = Field(sa_type=UtcDateTime)
    session_id: UUID | None = None
    """The session that did it: others are told, and it cannot mark the notice as read."""
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Continuation(SQLModel, table=True):
    """A form on its way from a messenger's browser to another one, with what was typed so far. Good once."""

    __tablename__ = "identity_continuation"

    id: UUID = Field(primary_key=True)
    """Also the vault's name for its key."""
    token_digest: str = Field(unique=True)
    """SHA-256 (hex) of the link's token."""
    page: str
    """The form's address."""
    verification_id: str | None = None
    """The check that goes along."""
    holder: str | None = Field(default=None, index=True)
    """Who has taken it on, as `Verification.holder`."""
    nonce: bytes
    sealed: bytes
    """Sealed JSON: the fields as typed."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EntryCode(SQLModel, table=True):
    """A code from the desk for somebody without a Korean telephone who has lost their passkey. Good once."""

    __tablename__ = "identity_entry_code"

    code_digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the code."""
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    made_by: UUID
    """The member of the staff who saw the document again."""
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
