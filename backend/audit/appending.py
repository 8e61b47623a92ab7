"""How lines come into the log: one chain, one lock, and nobody who holds it longer than it takes to write.

The lock is the row of the head. Three shapes keep it short, whatever the database:

- `append` inside a caller's transaction waits until that transaction is about to commit, and then writes all its
  lines at once: the lock is held for the last statements, never while the caller still works or asks somebody.
- `record` on its own joins what several threads want to write at the same moment into one transaction: the lock is
  taken, and the disk waited for, once for all of them. Each caller goes on when its own line is on disk.
- `append_now` is what both are made of.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event
from sqlmodel import Session

from backend.audit import repository
from backend.audit.entries import Entry
from backend.audit.errors import HeadMissing, NotInWriting
from backend.audit.line import SALT_BYTES, Head, line_hash
from chain.db import READ_ONLY, writing

_GIVEN: Final = tuple(field.name for field in fields(Entry))
_WAITING: Final = "audit entries of this transaction"


def only_reads(session: Session) -> bool:
    """Whether nothing can be written in a session."""
    return bool(session.get_bind().get_execution_options().get(READ_ONLY))


# --- in a transaction


def append_now(session: Session, entries: Sequence[Entry]) -> Head:
    """Write entries as the log's next lines at once; the head afterwards. The lock stays until the session ends.

    Raises:
        NotInWriting: the session only reads.
        HeadMissing: the migrations have not run.
    """
    return _append_all(session, [entries])[0]


def _append_all(session: Session, groups: Sequence[Sequence[Entry]]) -> list[Head]:
    """Write entries group after group; the head after each."""
    if only_reads(session):
        raise NotInWriting
    last = repository.head(session, lock=True)
    if last is None:
        raise HeadMissing
    whose = {entry.patient for group in groups for entry in group if entry.patient is not None}
    patients = repository.patient_numbers(session, whose)
    lines: list[repository.Row] = []
    heads = []
    for group in groups:
        for entry in group:
            line = _line(entry, last, patients)
            last = Head(line["number"], line["hash"])
            lines.append(line)
        heads.append(last)
    if lines:
        repository.add_lines(session, lines)
        repository.move_patient_heads(session, patients)
        repository.move_head(session, last)
    return heads


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


def append(session: Session, entries: Sequence[Entry]) -> None:
    """Make entries lines of the log when the session's transaction commits, in the order of the calls.

    They are part of that transaction: if it is rolled back, they never happened; if they cannot be written, it is
    not committed (HeadMissing).

    Raises:
        NotInWriting: the session only reads.
    """
    if only_reads(session):
        raise NotInWriting
    session.connection()  # from here on there is a transaction, whose rollback is told
    waiting: list[Entry] | None = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = []
        event.listen(session, "before_commit", _write_waiting)
        event.listen(session, "after_rollback", _forget_waiting)
    waiting += entries


def _write_waiting(session: Session) -> None:
    entries = list(session.info[_WAITING])
    _forget_waiting(session)
    if entries:
        session.flush()  # what the caller still has to write comes before the lock, not under it
        append_now(session, entries)


def _forget_waiting(session: Session) -> None:
    session.info[_WAITING].clear()


# --- on its own


@dataclass(slots=True, eq=False)
class _Wanted:
    """Entries of one caller, and where the log stood after them once they are written."""

    entries: Sequence[Entry]
    head: Head | None = None


class _Joined:
    """What threads want to write to one database at the same moment, written by one of them for all."""

    def __init__(self) -> None:
        self._adding, self._leading = Lock(), Lock()
        self._waiting: list[_Wanted] = []

    def record(self, database: Engine, entries: Sequence[Entry]) -> Head:
        wanted = _Wanted(entries)
        with self._adding:
            self._waiting.append(wanted)
        with self._leading:  # whoever led before may have written ours
            if wanted.head is None:
                self._write(database, wanted)
        assert wanted.head is not None
        return wanted.head

    def _write(self, database: Engine, own: _Wanted) -> None:
        """Write everything that waits. If that fails, it fails for `own` alone: each of the others tries again."""
        with self._adding:
            together, self._waiting = self._waiting, []
        if own not in together:
            together.insert(0, own)
        with writing(database) as session:
            heads = _append_all(session, [each.entries for each in together])
        for each, head in zip(together, heads, strict=True):
            each.head = head


_JOINED: Final = WeakKeyDictionary[Engine, _Joined]()
_JOINING: Final = Lock()


def record(database: Engine, entries: Sequence[Entry]) -> Head:
    """Write entries in a transaction of their own: for refusals, and for endpoints that only read otherwise.

    Not while the same request holds a write transaction open: on SQLite it would wait for itself.
    """
    with _JOINING:
        joined = _JOINED.setdefault(database, _Joined())
    return joined.record(database, entries)
