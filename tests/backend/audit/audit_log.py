"""A log that tests write to, and tamper with as somebody could who administers the database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from backend.audit import service
from backend.audit.entries import Entry
from backend.audit.findings import Report
from backend.audit.line import FIELDS, Head, line_hash
from backend.audit.models import AuditAnchor
from backend.audit.reading import lines, snapshot, stored_moment
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.audit.verify import verify
from backend.db import migrate
from chain.db import make_engine, reading, writing

START = datetime(2026, 3, 2, 5, 5, tzinfo=UTC)
DOCTOR = "5b1f3f0e-6a54-4f6e-9f0a-2b7d8a1c9e01"
TABLES = ("audit_event", "audit_checkpoint", "audit_anchor", "audit_head")


def patient(name: str) -> str:
    """A blind index, as the vault makes them."""
    return hashlib.sha256(name.encode()).hexdigest()


KIM, LEE = patient("kim"), patient("lee")


class Undone(Exception):
    """Ends a transaction."""


class AuditLog:
    """One database with a clock that moves a minute with every entry."""

    def __init__(self, url: str, now: datetime = START) -> None:
        self.url = url
        self.engine = make_engine(url)
        migrate(self.engine, "main")
        self.now = now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.engine.dispose()

    # --- as the system

    def entry(self, **changes: Any) -> Entry:
        self.now += timedelta(minutes=1)
        whole: dict[str, Any] = {
            "at": self.now,
            "actor_kind": ActorKind.STAFF,
            "actor_id": DOCTOR,
            "action": Action.READ,
            "object_kind": ObjectKind.RECEIPT,
            "object_id": "0d3c9d1e-0000-4000-8000-000000000001",
            "patient": KIM,
            "origin": "10.20.30.40",
        }
        return Entry(**whole | changes)

    def append(self, *entries: Entry) -> Head:
        with writing(self.engine) as session:
            return service.append_now(session, entries)

    def append_and_fail(self, *entries: Entry) -> None:
        """Append in a transaction that is then rolled back, after what was written and before. Raises Undone."""
        with writing(self.engine) as session:
            service.append_now(session, entries)
            service.append(session, entries)
            raise Undone

    def note_and_end(self, *entries: Entry, fail: bool) -> None:
        """Note entries in a transaction that writes and then ends, one way or the other. Raises Undone."""
        with writing(self.engine) as session:
            service.note(self.engine, session, entries)
            if fail:
                raise Undone

    def filled(self, count: int = 12) -> Self:
        """`count` lines: of Kim, of Lee and of nobody in turn."""
        self.append(*(self.entry(patient=(KIM, LEE, None)[n % 3]) for n in range(count)))
        return self

    def anchored_head(self) -> AuditAnchor:
        with writing(self.engine) as session:
            return service.make_anchor(session, self.now)

    def head(self) -> Head:
        with reading(self.engine) as session:
            return service.head(session)

    def stored(self) -> list[dict[str, Any]]:
        with snapshot(self.engine) as connection:
            return list(lines(connection))

    def verify(self, *known: Head) -> Report:
        return verify(self.engine, known)

    # --- as the database's administrator

    def execute(self, *statements: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def without_triggers(self) -> Self:
        """What an administrator can do first."""
        if self.engine.dialect.name == "postgresql":
            self.execute(*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES))
            return self
        with self.engine.begin() as connection:
            for name in connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        return self

    def overwrite(self, number: int, values: Mapping[str, Any]) -> None:
        parts = ", ".join(f"{name} = :{name}" for name in values)
        self.execute(f"UPDATE audit_event SET {parts} WHERE number = :which", **values, which=number)

    def hash_anew(self, numbers: Sequence[int], *, relink: bool) -> None:
        """Make lines agree with themselves again; with `relink` also with the line before."""
        for number in numbers:
            by_number = {line["number"]: line for line in self.stored()}
            line = by_number[number] | {"at": stored_moment(by_number[number]["at"])}
            if relink:
                line["previous"] = by_number[number - 1]["hash"] if number > 1 else bytes(32)
            line["hash"] = line_hash(line)
            self.overwrite(number, {"previous": line["previous"], "hash": line["hash"]})

    def shift(self, start: int, by: int) -> None:
        """Give all lines from `start` on other numbers."""
        self.execute(
            "UPDATE audit_event SET number = 1000000 + number WHERE number >= :start",
            "UPDATE audit_event SET number = number - 1000000 + :by WHERE number > 1000000",
            start=start,
            by=by,
        )

    def forge(self, number: int, previous: bytes, **changes: Any) -> None:
        """Put a line in that agrees with itself."""
        source = self.stored()[0]
        line = source | {"at": stored_moment(source["at"]), "patient": None, "patient_number": None}
        line |= {"number": number, "previous": previous}
        line |= {"hash": line_hash(line), "at": source["at"]} | changes
        names = ", ".join(FIELDS)
        places = ", ".join(f":{name}" for name in FIELDS)
        self.execute(f"INSERT INTO audit_event ({names}) VALUES ({places})", **line)

    def set_head(self, number: int, hash: bytes | None = None) -> None:
        if hash is None:
            hash = self.stored()[-1]["hash"]
        self.execute("UPDATE audit_head SET number = :number, hash = :hash", number=number, hash=hash)
