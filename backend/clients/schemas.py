"""What institutions' servers get from the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from backend.shapes import ClosedShape, Shape


class TokenOut(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: str
    expires_in: int
    """Seconds."""
    scope: str


class OAuthErrorOut(BaseModel):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


class ReleaseOut(BaseModel):
    """One kind of document for one purpose, as the institution's data-scope sheet has it today."""

    kind: str
    purpose: str
    fields: list[str]


class KeyOut(Shape):
    """A public key of a client."""

    kid: str
    algorithm: str
    added_at: datetime


class ClientOut(Shape):
    """A server of the administrator's institution."""

    id: UUID
    name: str
    scopes: list[str]
    state: str
    created_at: datetime
    keys: list[KeyOut]


Scopes = Annotated[list[Annotated[str, Field(max_length=120)]], Field(min_length=1, max_length=50)]


class KeysIn(ClosedShape):
    """The client's public keys from now on (JWKS, RFC 7517)."""

    jwks: dict[str, Any]


class ScopesIn(ClosedShape):
    """What the client may still ask for."""

    scopes: Scopes


class ClientIn(ClosedShape):
    """A new client."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Scopes
    jwks: dict[str, Any]


class WhoAmIOut(BaseModel):
    """The institution as this server sees it."""

    institution: int
    name: str
    client: str
    scopes: list[str]
    releases: list[ReleaseOut]
