"""What the listener does with frames: examine, store, answer. Only what is on disk is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from chain.clock import Clock
from oracle.crash import crash_point
from oracle.his.hl7v2.acknowledge import Code, Refusal, acknowledgement
from oracle.his.hl7v2.inbox import Inbox, Incoming
from oracle.his.hl7v2.mapping import Mapping
from oracle.his.hl7v2.message import Location, Malformed, Message
from oracle.his.hl7v2.mllp import Flaw, Frame
from oracle.his.hl7v2.tables import Stream
from oracle.his.hl7v2.times import moment_in
from oracle.his.rows import good_key
from oracle.his.values import BadValue

log = logging.getLogger(__name__)

_LONGEST_NAME: Final = 199
_FLAWS: Final = {
    Flaw.TOO_LONG: Refusal(Code.DATA_TYPE, "the message is longer than this receiver takes"),
    Flaw.NO_END: Refusal(Code.SEGMENT_SEQUENCE, "a new frame began before the end block of this one"),
    Flaw.NOISE: Refusal(Code.SEGMENT_SEQUENCE, "what came is no MLLP frame"),
}
_NOT_NOW: Final = Refusal(Code.INTERNAL_ERROR, "the message could not be stored now: send it again")


class Counts:
    """Counters of messages, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "saegim_oracle_hl7_messages",
            "Messages received, by what they were answered",
            ["type", "answer"],
            registry=self.registry,
        )
        self.ignored = Counter(
            "saegim_oracle_hl7_ignored",
            "Messages kept of which no document is made, because their type is not mapped",
            ["type"],
            registry=self.registry,
        )
        self.last = Gauge(
            "saegim_oracle_hl7_last_message_timestamp_seconds",
            "When a message was last stored; a hospital that is silent for long may be cut off",
            registry=self.registry,
        )
        self.connections = Gauge(
            "saegim_oracle_hl7_connections",
            "Connections of senders that are open now",
            registry=self.registry,
        )


@dataclass
class Receiver:
    """Takes frames of one or many connections."""

    inbox: Inbox
    mapping: Mapping
    clock: Clock
    counts: Counts = field(default_factory=Counts)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        mapping = self.mapping
        self._streams: dict[str, Stream] = dict.fromkeys(mapping.ignored, Stream.IGNORED)
        if mapping.visits:
            self._streams |= dict.fromkeys(mapping.visits.messages, Stream.VISIT)
        if mapping.settlements:
            self._streams |= dict.fromkeys(mapping.settlements.messages, Stream.SETTLEMENT)
        if mapping.merges:
            self._streams |= dict.fromkeys(mapping.merges.messages, Stream.MERGE)
        self._moment = moment_in(ZoneInfo(mapping.time_zone))

    def answer(self, frames: Sequence[Frame]) -> list[bytes]:
        """The answer to each frame; what is acknowledged is on disk when this returns."""
        examined = [self._examine(frame) for frame in frames]
        failure = self._store([found for _, found in examined if isinstance(found, Incoming)])
        answers = []
        for message, found in examined:
            refusal = found if isinstance(found, Refusal) else failure
            answers.append(acknowledgement(message, refusal, self.clock()))
            self._count(message, found, refusal)
        return answers

    def _store(self, messages: Sequence[Incoming]) -> Refusal | None:
        """Put them on disk; why that can not be done, or None."""
        if not messages:
            return None
        try:
            with self._lock:
                self.inbox.store(messages)
        except SQLAlchemyError as error:
            log.warning("%d messages could not be stored: %s", len(messages), type(error).__name__)
            return _NOT_NOW
        crash_point("hl7v2.stored")
        return None

    def _examine(self, frame: Frame) -> tuple[Message | None, Incoming | Refusal]:
        """The message as far as it can be read, and what to store or why not."""
        try:
            message = Message(frame.content, self.mapping.text.binary)
        except Malformed as malformed:
            message = None
            refusal = Refusal(_code_of(malformed), malformed.what, malformed.field)
        if frame.flaw is not None:
            return message, _FLAWS[frame.flaw]
        if message is None:
            return None, refusal
        try:
            return message, self._incoming(message)
        except Malformed as malformed:
            return message, Refusal(_code_of(malformed), malformed.what, malformed.field)
        except Refusal as refused:
            return message, refused

    def _incoming(self, message: Message) -> Incoming:
        """A message to be stored. Raises Refusal, Malformed."""
        stream = self._accepted(message)
        names = [_name(message, number) for number in (3, 4)]
        control_id = _name(message, 10)
        if not control_id:
            raise Refusal(Code.REQUIRED_FIELD, "the message has no control id", 10)
        key, refers, at = self._looked_up(message, stream)
        return Incoming(
            sender="|".join(names)[:_LONGEST_NAME],
            control_id=control_id,
            type=message.type,
            stream=stream,
            key=key,
            refers=refers,
            patient_number=self._patient(message, stream),
            at=at,
            content=message.content,
        )

    def _accepted(self, message: Message) -> Stream:
        """What the message is about. Raises Refusal for what this receiver does not take, Malformed."""
        accepted, kind = self.mapping.accepted, message.type
        if message.header(12) not in accepted.versions:
            raise Refusal(Code.UNSUPPORTED_VERSION, "this version of HL7 is not taken", 12)
        if message.header(11) not in accepted.processing:
            raise Refusal(Code.UNSUPPORTED_PROCESSING, "only production messages are taken", 11)
        stream = self._streams.get(kind)
        if stream is None:
            known = {name.partition("^")[0] for name in self._streams}
            if kind.partition("^")[0] in known:
                raise Refusal(Code.UNSUPPORTED_EVENT, "this event is not taken", 9)
            raise Refusal(Code.UNSUPPORTED_TYPE, "this type of message is not taken", 9)
        message.encoding  # noqa: B018 - refuses a character set that is not known
        return stream

    def _looked_up(self, message: Message, stream: Stream) -> tuple[str | None, str | None, datetime | None]:
        """Key, reference and time of a message, each None where it can not be read."""
        mapping = self.mapping
        part = {
            Stream.VISIT: mapping.visits,
            Stream.SETTLEMENT: mapping.settlements,
            Stream.MERGE: mapping.merges,
        }.get(stream)
        if part is None:
            return None, None, None
        at = next((found for place in part.at if (found := self._time(message, place)) is not None), None)
        if part is mapping.merges:
            return None, None, at
        assert part is mapping.visits or part is mapping.settlements
        refers = part.columns.get("original") if part is mapping.settlements else None
        return (
            good_key(_text(message, part.key)),
            good_key(_text(message, refers.column if refers else None)),
            at,
        )

    def _patient(self, message: Message, stream: Stream) -> str | None:
        """Whose message it is; of a merge, the number that ends."""
        mapping = self.mapping
        if stream is Stream.MERGE:
            return _text(message, mapping.merges.prior if mapping.merges else None)
        part = mapping.visits if stream is Stream.VISIT else mapping.settlements
        place = part.columns.get("patient_number") if part and stream is not Stream.IGNORED else None
        return _text(message, place.column if place else None)

    def _time(self, message: Message, place: str) -> datetime | None:
        try:
            written = message.text(Location.of(place))
            return self._moment(written) if written else None
        except BadValue:
            return None

    def _count(self, message: Message | None, found: Incoming | Refusal, refusal: Refusal | None) -> None:
        kind = found.type if isinstance(found, Incoming) else "other"
        self.counts.messages.labels(
            kind, f"{refusal.code.answer} {refusal.code.value}" if refusal else "AA"
        ).inc()
        if refusal is not None:
            log.warning("message refused: %s", refusal)
            return
        self.counts.last.set(self.clock().timestamp())
        if isinstance(found, Incoming) and found.stream is Stream.IGNORED:
            self.counts.ignored.labels(kind).inc()


def _code_of(malformed: Malformed) -> Code:
    if malformed.field == 18:
        return Code.TABLE_VALUE
    return Code.DATA_TYPE if malformed.field else Code.SEGMENT_SEQUENCE


def _name(message: Message, number: int) -> str:
    """A name in the header: short and printable. Raises Refusal, Malformed."""
    value = (message.header(number) or "").strip(" ")
    if len(value) > _LONGEST_NAME // 2 or not value.isprintable():
        raise Refusal(Code.DATA_TYPE, "a name in the header is too long or not printable", number)
    return value


def _text(message: Message, place: str | None) -> str | None:
    try:
        return message.text(Location.of(place)) if place else None
    except BadValue:
        return None
