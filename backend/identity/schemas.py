"""API shapes of the identity domain."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.shapes import ClosedShape

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class AnswerIn(ClosedShape):
    """An authenticator's answer: `PublicKeyCredential.toJSON()` of WebAuthn Level 3."""

    answer: dict[str, Any]


class NewPasskeyIn(AnswerIn):
    """A new passkey and what to call it."""

    name: Name = "Passkey"


class NameIn(ClosedShape):
    """A new name."""

    name: Name


class PasskeyOut(ClosedShape):
    """One of a person's passkeys. `synced`: the maker's cloud keeps it, so it outlives the device."""

    id: UUID
    name: str
    synced: bool
    created_at: datetime
    used_at: datetime | None


class SessionOut(ClosedShape):
    """A browser in which the person is signed in. `current`: this one."""

    id: UUID
    browser: str
    method: str
    created_at: datetime
    seen_at: datetime
    current: bool


class SignedInOut(ClosedShape):
    """Who is signed in. `proven`: whether a proof of presence still counts."""

    person: UUID
    proven: bool


class OptionsOut(BaseModel):
    """Options for `navigator.credentials`, as WebAuthn Level 3 writes them in JSON."""

    model_config = ConfigDict(extra="allow")

    challenge: Annotated[str, Field(description="base64url")]
