"""Writing the log, reading a patient's part of it, committing to its head.

`append` takes the log's one lock and keeps it until the caller's transaction ends: append last, and never while
waiting for the network. What is appended in a transaction that is rolled back never happened; a refusal, whose
transaction is rolled back by its own error, is written by `record`. `note` does the right one of the two.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Engine, event
from sqlmodel import Session

from backend.audit import repository
from backend.audit.entries import Entry
from backend.audit.errors import AnchorUnknown, AnchorUnproven, HeadMissing, NotInWriting
from backend.audit.line import SALT_BYTES, Head, commitment_to, line_hash
from backend.audit.models import AuditAnchor, AuditEvent
from backend.audit.terms import Outcome
from chain.db import READ_ONLY, writing
from chain.merkle import leaf_of, verify_path

PAGE = 50
_GIVEN = tuple(field.name for field in fields(Entry))


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a patient's lines, newest first; `before` is where the next page begins, None on the last one."""

    events: Sequence[AuditEvent]
    before: int | None


def append(session: Session, entries: Sequence[Entry]) -> Head:
    """Write entries as the log's next lines, in one go; the head afterwards.

    Raises:
        NotInWriting: the session only reads.
        HeadMissing: the migrations have not run.
    """
    if _only_reads(session):
        raise NotInWriting
    last = repository.head(session, lock=True)
    if last is None:
        raise HeadMissing
    if not entries:
        return last
    patients = repository.patient_numbers(session, {e.patient for e in entries if e.patient is not None})
    lines = []
    for entry in entries:
        line = _line(entry, last, patients)
        last = Head(line["number"], line["hash"])
        lines.append(line)
    repository.add_lines(session, lines)
    repository.move_patient_heads(session, patients)
    repository.move_head(session, last)
    return last


def _line(entry: Entry, last: Head, patients: dict[str, int]) -> repository.Row:
    """The line after `last`; counts it for its patient in `patients`."""
    if entry.patient is not None:
        patients[entry.patient] = patients.get(entry.patient, 0) + 1
    line = {
        **{name: getattr(entry, name) for name in _GIVEN},
        "number": last.number + 1,
        "patient_number": patients[entry.patient] if entry.patient is not None else None,
        "salt": os.urandom(SALT_BYTES),
        "previous": last.hash,
    }
    return line | {"hash": line_hash(line)}


def record(database: Engine, entries: Sequence[Entry]) -> Head:
    """Write entries in a transaction of their own: for refusals, and for endpoints that only read otherwise.

    Not while the same request holds a write transaction open: on SQLite it would wait for itself.
    """
    with writing(database) as session:
        return append(session, entries)


def note(database: Engine, session: Session, entries: Sequence[Entry]) -> None:
    """Write entries from inside a request, whatever kind its `session` is.

    A session that only reads: at once, on their own. One that writes: what was allowed becomes part of its
    transaction, for what is rolled back did not happen; what was refused is written when the transaction has ended,
    however it ends.
    """
    if _only_reads(session):
        record(database, entries)
        return
    refused = [entry for entry in entries if entry.outcome is Outcome.REFUSED]
    allowed = [entry for entry in entries if entry.outcome is not Outcome.REFUSED]
    if allowed:
        append(session, allowed)
    if refused:
        _when_ended(session, lambda: record(database, refused))


def _only_reads(session: Session) -> bool:
    return bool(session.connection().get_execution_options().get(READ_ONLY))


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
