"""The table of counts."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from chain.db import UtcDateTime


class LimitCount(SQLModel, table=True):
    """How often somebody tried."""

    __tablename__ = "limits_count"

    key: str = Field(primary_key=True)
    """Keyed digest (hex) of limit, door and whom it counts."""
    count: int
    window_ends: datetime = Field(sa_type=UtcDateTime)
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    locks: int
    forget_at: datetime = Field(sa_type=UtcDateTime, index=True)
    """From then on the row says nothing that counts."""
