"""The inbox: every message the hospital sent, on disk before it is acknowledged, in the order of its arrival.

Numbers are given inside the transaction that holds the counter's row, so a lower number never appears after a
higher one was read, whatever the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Engine, Row, and_, insert, select, update
from sqlmodel import Session

from chain.clock import Clock
from chain.db import chunks, insert_ignore, table_of, writing
from oracle.his.hl7v2.tables import InboxCounter, InboxMessage, Stream
from oracle.vault import Vault

INBOX = table_of(InboxMessage)
_COUNTER = table_of(InboxCounter)
Entry: TypeAlias = Row[Any]
"""A message's columns without its content."""
LOOKED_UP = [column for column in INBOX.columns if column.name != "sealed"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message to be stored; its parts as in `InboxMessage`."""

    sender: str
    control_id: str
    type: str
    stream: Stream
    key: str | None
    refers: str | None
    patient_number: str | None
    at: datetime | None
    content: bytes


@dataclass(frozen=True)
class Inbox:
    """The messages in one database."""

    database: Engine
    vault: Vault
    clock: Clock

    def store(self, messages: Sequence[Incoming]) -> int:
        """All of them, in one transaction; when this returns they are on disk. How many were not there before.

        Raises SQLAlchemyError.
        """
        with writing(self.database) as session:
            number = first = self._lock(session)
            for message in messages:
                digest = self._digest(message)
                if not self._is_known(session, message, digest):
                    session.execute(insert(INBOX).values(self._row(number, digest, message)))
                    number += 1
            if number > first:
                session.execute(update(_COUNTER).values(next=number))
        return number - first

    def after(self, session: Session, number: int, limit: int) -> Sequence[Entry]:
        """Messages that came after message `number`, at most `limit`."""
        query = select(*LOOKED_UP).where(INBOX.c.id > number).order_by(INBOX.c.id).limit(limit)
        return session.execute(query).all()

    def numbered(self, session: Session, numbers: Collection[int]) -> list[Entry]:
        """The messages of these numbers."""
        found: list[Entry] = []
        for part in chunks(sorted(numbers)):
            found += session.execute(select(*LOOKED_UP).where(INBOX.c.id.in_(part)))
        return found

    def find(self, session: Session, stream: Stream, column: str, values: Collection[Any]) -> list[Entry]:
        """Messages of a stream whose `column` is one of `values`."""
        found: list[Entry] = []
        for part in chunks(sorted(values)):
            query = select(*LOOKED_UP).where(INBOX.c.stream == stream.value, INBOX.c[column].in_(part))
            found += session.execute(query.order_by(INBOX.c.id))
        return found

    def merges(self, session: Session, after: int) -> list[Entry]:
        """Merges of patients that came after message `after`."""
        query = select(*LOOKED_UP).where(INBOX.c.stream == Stream.MERGE.value, INBOX.c.id > after)
        return list(session.execute(query.order_by(INBOX.c.id)))

    def content(self, session: Session, number: int) -> bytes | None:
        """A message, or the facts that are left of it; None if nothing is. Raises SealBroken."""
        sealed = session.execute(select(INBOX.c.sealed).where(INBOX.c.id == number)).scalar_one_or_none()
        return None if sealed is None else self.vault.open(sealed, owner_of(number))

    def blind(self, patient_number: str) -> str:
        """How a patient's number stands in the table."""
        return self.vault.blind(f"hl7-patient:{patient_number}")

    def _lock(self, session: Session) -> int:
        """The next number; whoever else stores waits until this transaction ends."""
        insert_ignore(session, InboxCounter, [{"id": 1, "next": 1}])
        return int(session.execute(select(_COUNTER.c.next).with_for_update()).scalar_one())

    def _digest(self, message: Incoming) -> str:
        """What a message has in common with its repetitions: all but the header, whose time may differ."""
        body = message.content.partition(b"\r")[2]
        return self.vault.blind(f"hl7-body:{hashlib.sha256(body).hexdigest()}")

    def _is_known(self, session: Session, message: Incoming, digest: str) -> bool:
        """Whether the sender sent this very message before."""
        same = and_(INBOX.c.sender == message.sender, INBOX.c.control_id == message.control_id)
        query = select(INBOX.c.id).where(same, INBOX.c.digest == digest)
        return session.execute(query).first() is not None

    def _row(self, number: int, digest: str, message: Incoming) -> dict[str, Any]:
        patient = self.blind(message.patient_number) if message.patient_number else None
        return {
            "id": number,
            "sender": message.sender,
            "control_id": message.control_id,
            "digest": digest,
            "type": message.type,
            "stream": message.stream.value,
            "key": message.key,
            "refers": message.refers,
            "patient": patient,
            "at": message.at,
            "received_at": self.clock(),
            "size": len(message.content),
            "reduced": False,
            "sealed": self.vault.seal(message.content, owner_of(number)),
        }


def owner_of(number: int) -> str:
    """The name for which the content of message `number` is sealed."""
    return f"hl7:{number}"
