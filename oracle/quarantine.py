"""Rows that could not become documents, for a person: list, show, read again, discard.

The table holds a row's key and why, never what it says; `retry` reads the row anew from the hospital system, so a row
mended there, or a mapping mended here, goes through the ordinary intake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import col, select

from chain.clock import Clock
from chain.db import chunks, reading, writing
from oracle.errors import CannotReread, UnknownRow
from oracle.his.base import Page
from oracle.intake import Intake, IntakeReport
from oracle.intake_store import read_turn
from oracle.models import Quarantined
from oracle.states import QuarantineState


@dataclass(frozen=True)
class Quarantine:
    """The quarantine of one database."""

    database: Engine
    clock: Clock

    def rows(self, state: QuarantineState | None = QuarantineState.OPEN) -> list[Quarantined]:
        """All rows in `state` (None: whatever state), oldest first."""
        query = select(Quarantined).order_by(col(Quarantined.id))
        if state is not None:
            query = query.where(col(Quarantined.state) == state)
        with reading(self.database) as session:
            return list(session.exec(query))

    def row(self, number: int) -> Quarantined:
        """One row. Raises UnknownRow."""
        with reading(self.database) as session:
            found = session.get(Quarantined, number)
        if found is None:
            raise UnknownRow("quarantine", number)
        return found

    def discard(self, number: int) -> None:
        """A person decided that the row needs no document. It opens again if it comes with another fault."""
        with writing(self.database) as session:
            found = session.get(Quarantined, number)
            if found is None:
                raise UnknownRow("quarantine", number)
            found.state = QuarantineState.DISCARDED
            session.add(found)

    def retry(self, intake: Intake, numbers: Sequence[int]) -> IntakeReport:
        """Read rows again and take them in as if they had just come; the cursor stays. Raises CannotReread."""
        reread = getattr(intake.adapter, "reread", None)
        if reread is None:
            raise CannotReread(intake.adapter.name)
        keys = [self.row(number).source for number in numbers]
        report = IntakeReport(0, {}, more=False)
        for part in chunks(keys, intake.size):
            page: Page = reread(list(part))
            with reading(self.database) as session:
                turn = read_turn(session, intake.adapter.name)
            report = report + intake.take(page, turn, move_cursor=False)
        return report
