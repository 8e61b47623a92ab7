"""Writing the log, reading a patient's part of it, committing to its head.

What is appended in a transaction that is rolled back never happened; a refusal, whose transaction is rolled back by
its own error, is written by `record`. `note` does the right one of the two. See `appending` for the log's one lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, event
from sqlmodel import Session

from backend.audit import repository
from backend.audit.appending import append, append_now, only_reads, record
from backend.audit.entries import Entry
from backend.audit.errors import AnchorUnknown, AnchorUnproven, HeadMissing
from backend.audit.line import SALT_BYTES, Head, commitment_to
from backend.audit.models import AuditAnchor, AuditEvent
from backend.audit.terms import Outcome
from chain.merkle import leaf_of, verify_path

__all__ = ["append", "append_now", "note", "record"]

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a patient's lines, newest first; `before` is where the next page begins, None on the last one."""

    events: Sequence[AuditEvent]
    before: int | None


def note(database: Engine, session: Session, entries: Sequence[Entry]) -> None:
    """Write entries from inside a request, whatever kind its `session` is.

    A session that only reads: at once, on their own. One that writes: what was allowed becomes part of its
    transaction, for what is rolled back did not happen; what was refused is written when the transaction has ended,
    however it ends.
    """
    if only_reads(session):
        record(database, entries)
        return
    refused = [entry for entry in entries if entry.outcome is Outcome.REFUSED]
    allowed = [entry for entry in entries if entry.outcome is not Outcome.REFUSED]
    if allowed:
        append(session, allowed)
    if refused:
        _when_ended(session, lambda: record(database, refused))


def _when_ended(session: Session, act: Callable[[], object]) -> None:
    """Do something once, after the session's transaction was committed or rolled back and its locks are gone."""
    waiting = [act]

    def ended(_: object) -> None:
        if waiting:
            waiting.pop()()

    for name in ("after_commit", "after_rollback"):
        event.listen(session, name, ended)


def of_patient(session: Session, patient: str, before: int | None = None, limit: int = PAGE) -> Page:
    """A patient's lines, newest first.

    Args:
        patient: blind index of the registration number.
        before: only lines with a smaller patient number.
    """
    events = repository.lines_of(session, patient, before, limit + 1)
    shown = events[:limit]
    return Page(shown, shown[-1].patient_number if len(events) > limit else None)


def head(session: Session) -> Head:
    """The log's last line. Raises HeadMissing."""
    found = repository.head(session)
    if found is None:
        raise HeadMissing
    return found


def commitment(session: Session, salt: bytes) -> bytes:
    """SHA-256(salt ‖ number ‖ hash) of the present head, 32 bytes."""
    return commitment_to(head(session), salt)


def make_anchor(session: Session, at: datetime) -> AuditAnchor:
    """Commit to the present head with a fresh salt and keep the commitment; it is what an anchor batch carries.

    The batch's leaf is `chain.merkle.leaf_of(anchor.commitment)`, as for a document's digest.
    """
    salt, last = os.urandom(SALT_BYTES), head(session)
    made = AuditAnchor(commitment=commitment_to(last, salt), number=last.number, salt=salt, made_at=at)
    repository.add_anchor(session, made)
    return made


def note_anchored(
    session: Session, commitment: bytes, *, issuer: int, root: bytes, path: Sequence[bytes], block: int
) -> None:
    """Note that a commitment is on chain; saying so again changes nothing, the first batch stays.

    Args:
        issuer: institution whose batch it is.
        root: of the batch.
        path: from the commitment's leaf to the root.
        block: where the batch was anchored, settled.

    Raises:
        AnchorUnknown: `make_anchor` did not give this commitment.
        AnchorUnproven: the path does not lead there.
    """
    if repository.anchor(session, commitment) is None:
        raise AnchorUnknown
    if not verify_path(root, leaf_of(commitment), path):
        raise AnchorUnproven
    where = {"issuer": issuer, "root": root, "path": b"".join(path), "block": block}
    repository.note_anchored(session, commitment, where)


def last_anchored(session: Session) -> AuditAnchor | None:
    """The newest head that is known to be on chain: nothing at or before it can be changed without notice."""
    return repository.last_anchored(session)
