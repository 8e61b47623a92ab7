"""Tables of the documents domain."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import String
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class DocumentState(StrEnum):
    """Where a document stands, as the oracle last said; the chain decides, see the proof."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Document(SQLModel, table=True):
    """What is known of a document without opening it. Carries nothing that leads to its content."""

    __tablename__ = "document"

    id: UUID = Field(primary_key=True)
    """Random (122 bits), made by the oracle; knowing it allows asking for a proof, never for content."""
    vct: str
    issuer: int = Field(index=True)
    """Institution index in the registry."""
    kid: str
    patient_index: str = Field(index=True)
    """HMAC-SHA-256 (hex) of the hospital registration number under a key of the vault; finds, never shows."""
    leaf: str = Field(index=True)
    root: str
    path: str
    """Merkle path, 32-byte nodes concatenated, hex."""
    transaction: str
    block: int
    anchored_at: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
    state: DocumentState = Field(default=DocumentState.ACTIVE, sa_type=String)
    reason: int | None = None
    superseded_by: UUID | None = None
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DocumentContent(SQLModel, table=True):
    """The credential, sealed."""

    __tablename__ = "document_content"

    document_id: UUID = Field(primary_key=True, foreign_key="document.id")
    nonce: bytes
    ciphertext: bytes


class DocumentProof(SQLModel, table=True):
    """The last light proof made for a document: valid as of its block for ever, so it is kept for bad days."""

    __tablename__ = "document_proof"

    document_id: UUID = Field(primary_key=True, foreign_key="document.id")
    proof: bytes
    """CBOR of a proof bundle without its credential."""
    made_at: datetime = Field(sa_type=UtcDateTime)


class Delivery(SQLModel, table=True):
    """A delivery that was taken: the same id again changes nothing."""

    __tablename__ = "document_delivery"

    id: UUID = Field(primary_key=True)
    document_id: UUID
    event: str
    received_at: datetime = Field(sa_type=UtcDateTime)


class ShareLink(SQLModel, table=True):
    """A link that shows one document to whoever holds it, until it expires or is revoked."""

    __tablename__ = "document_share_link"

    token_hash: str = Field(primary_key=True)
    """SHA-256 (hex) of the token: the table alone opens nothing."""
    document_id: UUID = Field(foreign_key="document.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
