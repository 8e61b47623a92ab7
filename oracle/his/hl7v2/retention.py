"""What becomes of messages that have been read: content goes after some days, the facts behind it much later.

A receipt may be cancelled months after its message came. What that needs (what the act was, when, its totals, whose)
outlives the message as a sealed fact; names, diagnoses and lines do not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import delete, select, update
from sqlmodel import Session

from chain.db import chunks, reading, table_of, writing
from oracle.his.hl7v2.inbox import INBOX, LOOKED_UP, Entry, Inbox, owner_of
from oracle.his.hl7v2.position import position_of
from oracle.his.hl7v2.tables import Stream
from oracle.models import Cursor, Quarantined
from oracle.states import QuarantineState

_AT_ONCE: Final = 200
_KINDS: Final = {
    Stream.VISIT: ("visit", "diagnosis"),
    Stream.SETTLEMENT: ("receipt", "bill", "statement"),
}
FactsOf: TypeAlias = Callable[[Session, Entry], dict[str, Any] | None]
"""What must outlive a message; None: nothing."""


def source_keys(entry: Entry) -> list[str]:
    """Names under which a message may stand in quarantine."""
    if entry.key is None:
        return [message_key(entry)]
    return [f"{kind}:{entry.key}" for kind in _KINDS.get(Stream(entry.stream), ())]


def message_key(entry: Entry) -> str:
    """The source key of a message that names no visit and no act."""
    return f"message:{entry.id}:{entry.control_id}"


@dataclass(frozen=True)
class Retention:
    """Ends the messages of one adapter. facts_of: what must outlive a message."""

    adapter: str
    inbox: Inbox
    facts_of: FactsOf

    def apply(self, content_until: datetime, facts_until: datetime) -> int:
        """Reduce what was received before the one, forget what was received before the other. How many reduced.

        Messages that are not read yet, or with a document in open quarantine, stay whole.
        """
        with reading(self.inbox.database) as session:
            cursors = table_of(Cursor)
            query = select(cursors.c.position).where(cursors.c.adapter == self.adapter)
            read = position_of(self.adapter, session.execute(query).scalar_one_or_none())
        reduced, after = 0, 0
        while after < read:
            count, after = self._some(after, read, content_until)
            reduced += count
        with writing(self.inbox.database) as session:
            old = INBOX.c.received_at <= facts_until
            session.execute(delete(INBOX).where(old, INBOX.c.reduced.is_(True), INBOX.c.id <= read))
        return reduced

    def _some(self, after: int, read: int, until: datetime) -> tuple[int, int]:
        """Reduce some messages that follow `after`: how many, and up to where all is looked at."""
        query = select(*LOOKED_UP).where(
            INBOX.c.id > after, INBOX.c.id <= read, INBOX.c.reduced.is_(False), INBOX.c.received_at <= until
        )
        with writing(self.inbox.database) as session:
            rows = session.execute(query.order_by(INBOX.c.id).limit(_AT_ONCE)).all()
            waiting = _in_quarantine(session, [key for row in rows for key in source_keys(row)])
            due = [row for row in rows if not waiting.intersection(source_keys(row))]
            for row in due:
                self._reduce(session, row)
        return len(due), rows[-1].id if len(rows) == _AT_ONCE else read

    def _reduce(self, session: Session, row: Entry) -> None:
        facts, sealed = self.facts_of(session, row), None
        if facts is not None:
            sealed = self.inbox.vault.seal(json.dumps(facts, ensure_ascii=False).encode(), owner_of(row.id))
        change = update(INBOX).where(INBOX.c.id == row.id)
        session.execute(change.values(sealed=sealed, reduced=True, patient=None))


def _in_quarantine(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of these keys whose row waits for a person."""
    table = table_of(Quarantined)
    found: set[str] = set()
    for part in chunks(keys):
        query = select(table.c.source).where(
            table.c.source.in_(part), table.c.state == QuarantineState.OPEN.value
        )
        found.update(session.execute(query).scalars())
    return found
