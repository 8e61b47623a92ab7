"""The relay's own log: one row for each request, never changed (a trigger refuses it). No name, no number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Integer, String
from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class RelayRequest(SQLModel, table=True):
    """One request of the backend. What is not proven by a valid token (purpose, actor) stays empty."""

    __tablename__ = "relay_request"

    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False, index=True))
    jti: str | None = Field(default=None, sa_column=Column(String(64), nullable=True, unique=True))
    """The token that was used up by it: what makes a token good once, for all processes and after a restart."""
    purpose: str = Field(default="", sa_column=Column(String(40), nullable=False))
    actor: str = Field(default="", sa_column=Column(String(100), nullable=False))
    operation: str = Field(sa_column=Column(String(40), nullable=False))
    outcome: str = Field(sa_column=Column(String(60), nullable=False))
    """`answered`, or the code of the error; `begun` before something is written into the hospital system."""
    subject: str | None = Field(default=None, sa_column=Column(String(64), nullable=True))
    """For whom: HMAC-SHA-256 (hex) of the registration number, or of name, birth date and sex, under the store key."""


RELAY_TABLES: tuple[type[SQLModel], ...] = (RelayRequest,)
