"""One look into the inbox: what the messages about a visit, an act or a patient come to, all together.

Messages are statements about a thing at a time. What counts is the newest by the hospital's time, wherever it came
among the others; only equal times are decided by arrival. So late, repeated and interchanged messages end the same.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from oracle.his.base import Reason
from oracle.his.hl7v2.inbox import Entry, Inbox
from oracle.his.hl7v2.mapping import Meaning
from oracle.his.hl7v2.message import Malformed, Message
from oracle.his.hl7v2.tables import Stream
from oracle.his.rows import BadRow


class Standing(NamedTuple):
    """How a visit stands. state: None where no message says (only changes were sent); at: when it came to that."""

    state: str | None
    at: datetime
    newest: Entry


@dataclass
class Look:
    """What one page is read with. aliases: patients' numbers that were merged into others."""

    session: Session
    inbox: Inbox
    default: str
    aliases: Mapping[str, str]
    reduced: set[str] = field(default_factory=set)
    """Keys of acts of which only facts are left: they mean something, but become no document again."""
    standings: dict[str, Standing] = field(default_factory=dict)
    _messages: dict[int, Message | BadRow | None] = field(default_factory=dict)
    _histories: dict[tuple[Stream, str], list[Entry]] = field(default_factory=dict)

    def message(self, entry: Entry) -> Message | BadRow | None:
        """A message; None when it is reduced. Raises SealBroken."""
        if entry.id not in self._messages:
            content = None if entry.reduced else self.inbox.content(self.session, entry.id)
            self._messages[entry.id] = None if content is None else _message(content, self.default)
        return self._messages[entry.id]

    def facts(self, entry: Entry) -> dict[str, Any] | None:
        """What is left of a reduced message. Raises SealBroken."""
        content = self.inbox.content(self.session, entry.id)
        return None if content is None else json.loads(content)

    def histories(self, stream: Stream, keys: Collection[str]) -> dict[str, list[Entry]]:
        """The messages about each key, the newest first. Without those that say no readable time."""
        wanted = {key for key in keys if (stream, key) not in self._histories}
        for key, entries in by_key(self.inbox.find(self.session, stream, "key", wanted)).items():
            entries.sort(key=lambda entry: (entry.at, entry.id), reverse=True)
            self._histories[stream, key] = entries
        return {key: self._histories[stream, key] for key in keys if (stream, key) in self._histories}

    def patient(self, number: str) -> str:
        """The number under which a patient is known now."""
        return surviving(self.aliases, number)


def _message(content: bytes, default: str) -> Message | BadRow:
    """A message from the inbox; bad only if an earlier version took what this one does not."""
    try:
        message = Message(content, default)
        _ = message.encoding
    except Malformed:
        return BadRow(Reason.NOT_A_ROW, "message")
    return message


def by_key(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Messages by what they are about, those left out that say no readable time."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.key is not None and entry.at is not None:
            found[entry.key].append(entry)
    return found


def surviving(aliases: Mapping[str, str], number: str) -> str:
    """Follow merges to their end; a circle ends where it began."""
    seen = {number}
    while (following := aliases.get(number)) is not None and following not in seen:
        seen.add(following)
        number = following
    return number


def standing(history: Sequence[Entry], meanings: Mapping[str, Meaning]) -> Standing:
    """How a visit stands after all its messages, given the newest first."""
    state: str | None = None
    at, was_done = history[0].at, False
    for entry in reversed(history):
        meaning = meanings.get(entry.type, Meaning.UNCHANGED)
        if meaning is Meaning.UNCHANGED:
            at = at if state == "cancelled" else entry.at
            continue
        state = "cancelled" if was_done else "open"
        if meaning is not Meaning.REOPENED:
            state = meaning.value
        was_done, at = was_done or state == "done", entry.at
    return Standing(state, at, history[0])
