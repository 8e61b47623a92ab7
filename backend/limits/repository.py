"""Queries of the counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from backend.limits.models import LimitCount
from chain.db import insert_ignore


def found(session: Session, keys: Sequence[str]) -> dict[str, LimitCount]:
    """Rows by key, without a lock."""
    query = select(LimitCount).where(col(LimitCount.key).in_(keys))
    return {row.key: row for row in session.execute(query).scalars()}


def held(session: Session, keys: Sequence[str], now: datetime) -> dict[str, LimitCount]:
    """Rows by key, made where there are none and held until the transaction ends.

    All are made before one is held, and both in the order of their keys: two requests never wait for each other.
    """
    while True:
        if missing := sorted(set(keys) - set(found(session, keys))):
            forget(session, now)
            empty = {"count": 0, "window_ends": now, "locked_until": None, "locks": 0, "forget_at": now}
            insert_ignore(session, LimitCount, [{"key": key, **empty} for key in missing])
        rows = _held(session, keys)
        if len(rows) == len(set(keys)):  # otherwise one was forgotten between the two questions
            return rows


def _held(session: Session, keys: Sequence[str]) -> dict[str, LimitCount]:
    query = select(LimitCount).where(col(LimitCount.key).in_(keys)).order_by(col(LimitCount.key))
    rows = session.execute(query.with_for_update(), execution_options={"populate_existing": True}).scalars()
    return {row.key: row for row in rows}


def forget(session: Session, now: datetime) -> None:
    """Remove what says nothing any more. A row that another transaction holds is left for the next time."""
    old = select(col(LimitCount.key)).where(col(LimitCount.forget_at) < now)
    session.execute(
        delete(LimitCount).where(col(LimitCount.key).in_(old.with_for_update(skip_locked=True))),
        execution_options={"synchronize_session": False},
    )
