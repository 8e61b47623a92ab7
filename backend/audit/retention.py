"""Removing what is older than the retention: the one way by which lines leave the log, and still verifiable after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine

from backend.audit import repository
from backend.audit.appending import append_now
from backend.audit.checks import MINIMUM_YEARS, years_before
from backend.audit.entries import Entry
from backend.audit.errors import HeadMissing, RetentionTooShort, SoundLogNeeded
from backend.audit.line import checkpoint_digest
from backend.audit.models import AuditCheckpoint
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.audit.verify import verify
from chain.db import writing


def prune(
    database: Engine, now: datetime, *, approved_by: str, years: int = MINIMUM_YEARS
) -> AuditCheckpoint | None:
    """Remove the whole oldest range of lines that are all older than `years`; None when there is none.

    The log is verified first. A checkpoint keeps the last removed line's hash, and a PRUNE line by `approved_by`
    tells the log of it, in the same transaction.

    Args:
        approved_by: identifier of the staff member who signs the removal off.

    Raises:
        RetentionTooShort: less than two years.
        SoundLogNeeded: the log does not verify.
        EntryInvalid: `approved_by` is no identifier.
    """
    if years < MINIMUM_YEARS:
        raise RetentionTooShort(years)
    entry = Entry(
        at=now,
        actor_kind=ActorKind.STAFF,
        actor_id=approved_by,
        action=Action.PRUNE,
        object_kind=ObjectKind.AUDIT_CHECKPOINT,
        reason="retention",
    )
    first = verify(database).first
    if first is not None:
        raise SoundLogNeeded(first.number)
    return _prune(database, entry, years_before(now, years))


def _prune(database: Engine, entry: Entry, cutoff: datetime) -> AuditCheckpoint | None:
    with writing(database) as session:
        if repository.head(session, lock=True) is None:  # locks: no line comes in between
            raise HeadMissing
        last = repository.last_before(session, cutoff)
        if last is None:
            return None
        count, until = repository.range_until(session, last.number)
        made = AuditCheckpoint(
            number=last.number,
            hash=last.hash,
            until=until,
            count=count,
            made_at=entry.at,
            approved_by=entry.actor_id,
        )
        repository.remove_until(session, made)
        append_now(session, [replace(entry, object_id=checkpoint_digest(made.model_dump()))])
        return made
