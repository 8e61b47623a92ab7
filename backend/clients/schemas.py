"""What institutions' servers get from the API."""

from __future__ import annotations

from pydantic import BaseModel


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


class WhoAmIOut(BaseModel):
    """The institution as this server sees it."""

    institution: int
    name: str
    client: str
    scopes: list[str]
    releases: list[ReleaseOut]
