"""What the relay remembers, on disk before any answer: which alerts go on, and which messages wait for a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Engine, Integer, delete, func, select, update
from sqlmodel import Field, Session, SQLModel, col

from chain.clock import Clock
from chain.db import UtcDateTime, reading, table_of, writing
from network.monitor.alerts import Alert, Message, Severity

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)


class AlertRow(SQLModel, table=True):
    """An alert that was told. Kept after its end, until it begins again or a month has passed."""

    __tablename__ = "monitor_alerts"

    identity: str = Field(primary_key=True, max_length=32)
    severity: str = Field(max_length=10)
    firing: bool
    message: str
    """The message of its beginning, to be told again."""
    told_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MessageRow(SQLModel, table=True):
    """One message that one channel has not taken yet."""

    __tablename__ = "monitor_messages"

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite")
    )
    channel: str = Field(max_length=200, index=True)
    message: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0


TABLES = (AlertRow, MessageRow)
_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Queue:
    """The relay's memory, for these channels (by name)."""

    database: Engine
    channels: Sequence[str]
    clock: Clock
    repeat: timedelta

    def create_tables(self) -> None:
        """Create what is missing. There is nothing to migrate: the tables may be thrown away when empty."""
        SQLModel.metadata.create_all(self.database, tables=[table_of(model) for model in TABLES])

    def take(self, alerts: Sequence[Alert]) -> int:
        """Remember alerts and queue what is news; how many messages that made for each channel."""
        with writing(self.database) as session:
            return sum(self._take(session, alert) for alert in alerts)

    def _take(self, session: Session, alert: Alert) -> bool:
        row = session.get(AlertRow, alert.identity)
        went_on = row is not None and row.firing
        now = self.clock()
        if not alert.firing:
            if row is None or not went_on:
                return False
            row.firing, row.told_at = False, now
        else:
            row = row or AlertRow(identity=alert.identity, severity="", firing=True, message="", told_at=now)
            row.ends_at = alert.ends
            if went_on and now - row.told_at < self.repeat:
                session.add(row)
                return False
            row.firing, row.told_at, row.severity = True, now, alert.severity.value
            row.message = Message.of(alert).to_json()
        session.add(row)
        self._put(session, Message.of(alert))
        return True

    def _put(self, session: Session, message: Message) -> None:
        now = self.clock()
        for channel in self.channels:
            session.add(MessageRow(channel=channel, message=message.to_json(), made_at=now, next_at=now))

    def end_unsaid(self) -> int:
        """Alerts whose source stopped saying them without saying that they ended are over; how many were."""
        now = self.clock()
        with writing(self.database) as session:
            query = select(AlertRow).where(
                col(AlertRow.firing), col(AlertRow.ends_at).is_not(None), col(AlertRow.ends_at) < now
            )
            over = session.scalars(query).all()
            for row in over:
                row.firing, row.told_at = False, now
                session.add(row)
                told = Message.from_json(row.message)
                self._put(session, Message(**{**told.__dict__, "raised": False}))
            old = delete(AlertRow).where(~col(AlertRow.firing), col(AlertRow.told_at) < now - _KEPT)
            session.execute(old)
        return len(over)

    def next(self, channel: str) -> tuple[int, Message] | None:
        """The oldest waiting message of a channel, if it is due. Later ones wait behind it: order is kept."""
        with reading(self.database) as session:
            query = select(MessageRow).where(col(MessageRow.channel) == channel).order_by(col(MessageRow.id))
            row = session.scalars(query.limit(1)).first()
            if row is None or row.next_at > self.clock():
                return None
            assert row.id is not None
            return row.id, Message.from_json(row.message)

    def taken(self, number: int) -> None:
        """A channel took a message."""
        with writing(self.database) as session:
            session.execute(delete(MessageRow).where(col(MessageRow.id) == number))

    def not_taken(self, number: int) -> None:
        """A channel did not; it is tried again after a pause that doubles."""
        with writing(self.database) as session:
            row = session.get_one(MessageRow, number)
            pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
            change = update(MessageRow).where(col(MessageRow.id) == number)
            session.execute(change.values(attempts=row.attempts + 1, next_at=self.clock() + pause))

    def waiting(self) -> dict[str, tuple[int, float]]:
        """By channel: how many messages wait, and the age of the oldest in seconds."""
        with reading(self.database) as session:
            table = table_of(MessageRow)
            query = select(table.c.channel, func.count(), func.min(table.c.made_at)).group_by(table.c.channel)
            found = {
                row[0]: (row[1], (self.clock() - row[2]).total_seconds()) for row in session.execute(query)
            }
        return {channel: found.get(channel, (0, 0.0)) for channel in self.channels}

    def firing(self) -> dict[str, int]:
        """How many alerts go on, by severity."""
        with reading(self.database) as session:
            table = table_of(AlertRow)
            query = select(table.c.severity, func.count()).where(table.c.firing).group_by(table.c.severity)
            found = {str(row[0]): int(row[1]) for row in session.execute(query)}
        return {each.value: found.get(each.value, 0) for each in Severity if each is not Severity.NONE}
