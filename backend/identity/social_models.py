"""Tables of sign-in with an account elsewhere. No name, address, identifier or token of such an account is in them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class SocialLink(SQLModel, table=True):
    """An account elsewhere that lets a person in. Unlinking deletes the row; that there was one is in the log."""

    __tablename__ = "identity_social_link"
    __table_args__ = (UniqueConstraint("person_id", "provider"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="identity_person.id", index=True)
    provider: str
    account_index: str = Field(unique=True)
    """HMAC-SHA-256 (hex) of issuer and subject under a key of the vault: one account is one person's."""
    linked_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SocialPurpose(StrEnum):
    """What an attempt is for."""

    SIGN_IN = "sign-in"
    LINK = "link"


class SocialAttempt(SQLModel, table=True):
    """A way to the provider and back, begun in one browser. Its state counts once, for ten minutes.

    Nonce and PKCE verifier are not stored: they follow from the state and the browser's visit cookie.
    """

    __tablename__ = "identity_social_attempt"

    state_digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the state."""
    id: UUID = Field(unique=True)
    """To name it on a page, once it waits to be linked."""
    provider: str
    purpose: SocialPurpose = Field(sa_type=String)
    visit: str
    """SHA-256 (hex) of the visit's cookie."""
    person_id: UUID | None = None
    """For LINK: whose."""
    next: str
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    account_index: str | None = None
    """For SIGN_IN with an account that is nobody's yet: it waits to be linked by whoever proves who they are in this
    browser; emptied once that is done or declined."""
