"""Tables of the institutions' clients."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class ClientState(StrEnum):
    """Whether a client may come in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """By the hospital's operator, who alone lets it in again."""
    PAUSED = "paused"
    """By the institution's own administrator."""
    REMOVED = "removed"
    """For good. The row stays, because the log names it."""


class InstitutionClient(SQLModel, table=True):
    """A server of an institution of the network."""

    __tablename__ = "clients_client"

    id: UUID = Field(primary_key=True)
    institution: int
    """Index in the registry."""
    name: str
    """What the institution's administrator calls the server; no person's name."""
    scopes: str
    """Registered scopes, `kind:purpose`, separated by blanks and in order."""
    state: ClientState = Field(default=ClientState.ACTIVE, sa_type=String)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ClientKey(SQLModel, table=True):
    """One public key of a client's JWKS."""

    __tablename__ = "clients_key"
    __table_args__ = (UniqueConstraint("client_id", "kid"),)

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="clients_client.id", index=True)
    kid: str
    algorithm: str
    """The one signature algorithm that this key may be used with."""
    jwk: dict[str, Any] = Field(sa_type=JSON)
    added_at: datetime = Field(sa_type=UtcDateTime)


class UsedAssertion(SQLModel, table=True):
    """An assertion that was presented, kept until it has expired: it is good once."""

    __tablename__ = "clients_assertion"

    digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the client's id and the `jti`."""
    taken_by: str
    """Random, one for each request: of two requests with one assertion, the one whose value stands here had it."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class AccessToken(SQLModel, table=True):
    """A token that was given out."""

    __tablename__ = "clients_token"

    digest: str = Field(primary_key=True)
    """SHA-256 (hex) of the token."""
    client_id: UUID = Field(foreign_key="clients_client.id", index=True)
    scopes: str
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
