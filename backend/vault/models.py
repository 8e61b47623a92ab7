"""The one table of the keys database."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class KeysBase(SQLModel, registry=registry()):
    """Metadata of its own: these tables live in another database than all others."""


class WrappedKey(KeysBase, table=True):
    """A document's data key, wrapped. Deleting the row is the erasure of the document."""

    __tablename__ = "vault_wrapped_key"

    document_id: UUID = Field(primary_key=True)
    wrapped_by: str = Field(index=True)
    """Name of the key-encryption key."""
    wrapped: bytes
    """RFC 3394 wrap of 32 bytes: 40 bytes."""
