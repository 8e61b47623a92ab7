"""What the days bring by themselves: old look-ups and letters are destroyed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.eligibility import repository
from backend.eligibility.noting import SYSTEM
from backend.vault import Vault
from chain.db import writing

LEAST = timedelta(days=365)
"""What is younger is never destroyed, whatever a setting says: a bill may still be disputed."""


def prune(database: Engine, vault: Vault, now: datetime, keep: timedelta) -> Mapping[str, int]:
    """Destroy what is older than `keep`, rows and keys; how many rows of each table.

    A visit whose outcome is not known stays, however old. Keys go after the rows: what a crash leaves in between opens
    nothing that is still there, and the next run does not see it.

    Raises ValueError: `keep` is less than a year.
    """
    if keep < LEAST:
        raise ValueError("look-ups and letters are kept for a year at least")
    with writing(database) as session:
        gone, counts = repository.remove_before(session, now - keep)
        if gone:
            audit.append(session, [_entry(now)])
    vault.destroy(gone)
    return counts


def _entry(now: datetime) -> Entry:
    return Entry(
        at=now,
        actor_kind=ActorKind.SYSTEM,
        actor_id=SYSTEM.id,
        action=Action.ERASE,
        object_kind=ObjectKind.ELIGIBILITY,
        reason="retention",
    )
