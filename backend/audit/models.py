"""Tables of the log. Triggers made by the migration refuse changes that the rules here do not know."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime

Count = BigInteger().with_variant(Integer(), "sqlite")
_GIVEN = {"autoincrement": False}


class AuditEvent(SQLModel, table=True):
    """One line. Written once; see `line.line_hash` for what `hash` covers."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_patient", "patient", "patient_number", unique=True),)

    number: int = Field(primary_key=True, sa_type=Count, sa_column_kwargs=_GIVEN)
    """Place in the log: 1, 2, 3 … without gaps."""
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor_kind: str
    actor_id: str
    origin: str
    """Client address, see `entries.origin_of`."""
    patient: str | None = None
    """Blind index of the patient's registration number."""
    patient_number: int | None = Field(default=None, sa_type=Count)
    """Place among this patient's lines: 1, 2, 3 … without gaps."""
    action: str
    object_kind: str
    object_id: str
    outcome: str
    reason: str | None = Field(default=None, sa_type=String)
    salt: bytes = Field(sa_type=LargeBinary)
    """16 random bytes: the hash tells nothing of guessable fields once the line is gone."""
    previous: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


class AuditHead(SQLModel, table=True):
    """The one row (id 1) that every append locks: number and hash of the last line."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_column_kwargs=_GIVEN)
    number: int = Field(sa_type=Count)
    hash: bytes = Field(sa_type=LargeBinary)


class AuditPatientHead(SQLModel, table=True):
    """How many lines a patient has, and how many of them retention has removed."""

    __tablename__ = "audit_patient_head"

    patient: str = Field(primary_key=True)
    number: int = Field(sa_type=Count)
    pruned: int = Field(default=0, sa_type=Count)


class AuditCheckpoint(SQLModel, table=True):
    """Where the log begins after its oldest range was removed. A PRUNE line in the log holds this row's digest."""

    __tablename__ = "audit_checkpoint"

    number: int = Field(primary_key=True, sa_type=Count, sa_column_kwargs=_GIVEN)
    """The last line that was removed."""
    hash: bytes = Field(sa_type=LargeBinary)
    """That line's hash: the next line's `previous`."""
    until: datetime = Field(sa_type=UtcDateTime)
    """Moment of the youngest line that was removed."""
    count: int = Field(sa_type=Count)
    """How many lines this checkpoint removed."""
    made_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str
    """Who signed the removal off: a staff member's identifier."""


class AuditAnchor(SQLModel, table=True):
    """A salted commitment to the head of the log, and the batch on chain that carries it once the oracle told."""

    __tablename__ = "audit_anchor"

    commitment: bytes = Field(primary_key=True, sa_type=LargeBinary)
    """SHA-256(salt ‖ number ‖ hash), see `line.commitment_to`; what the batch's leaf is made of."""
    number: int = Field(sa_type=Count, index=True)
    salt: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=UtcDateTime)
    issuer: int | None = None
    """Institution whose batch it is."""
    root: bytes | None = Field(default=None, sa_type=LargeBinary)
    path: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Merkle path from the leaf to the root, 32-byte nodes concatenated."""
    block: int | None = Field(default=None, sa_type=Count)
