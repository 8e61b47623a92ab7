"""Whom the follower believes: the validator sets of the registry, each vouched for by the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, delete, select

from chain.contracts.events import ValidatorSetChanged
from chain.engine import Engine, Finality, SealRefused
from chain.finality import MAX_RUN
from chain.follower.projections.base import Occurrence
from chain.follower.source import FollowerClient
from chain.follower.tables import ValidatorSetRow
from chain.headers import Header

_RUN = 64
"""Headers looked at behind a change; the earlier set's members make it strong within a few rounds."""


@dataclass
class ValidatorTrail:
    """The newest trusted set, and the way to the next one.

    `root`: a set trusted from outside (the trust file's checkpoint) with its epoch. Without one the first set
    of the deployed registry is believed, which is the word of one's own node.
    """

    engine: Engine
    root: tuple[int, Sequence[str]] | None = None
    current: tuple[str, ...] = field(default=(), init=False)
    before: tuple[str, ...] = field(default=(), init=False)
    epoch: int = field(default=-1, init=False)

    def __call__(self) -> Sequence[Sequence[str]]:
        """The newest trusted set, and the one before if there is one."""
        return (self.current, self.before) if self.before else (self.current,)

    def load(self, session: Session) -> None:
        """Read the newest trusted sets."""
        query = (
            select(ValidatorSetRow).where(col(ValidatorSetRow.trusted)).order_by(col(ValidatorSetRow.epoch))
        )
        known = session.exec(query).all()
        self.current, self.before, self.epoch = (), (), -1
        if self.root is not None:
            self.epoch, self.current = self.root[0], tuple(self.root[1])
        for row in known:
            self._take(row)

    def note(self, session: Session, events: Sequence[Occurrence]) -> None:
        """Store changes of the set, not trusted yet."""
        for occurrence in events:
            if isinstance(occurrence.event, ValidatorSetChanged):
                change = occurrence.event
                session.add(
                    ValidatorSetRow(
                        epoch=change.epoch,
                        validators=list(change.validators),
                        block_number=occurrence.block_number,
                        block_hash=occurrence.block_hash,
                    )
                )
        session.flush()

    def advance(self, session: Session, client: FollowerClient, head: int) -> bool:
        """Trust the next set(s) that the set before has made strong. True if the set changed."""
        before = self.epoch
        query = select(ValidatorSetRow).where(col(ValidatorSetRow.epoch) > self.epoch)
        for row in session.exec(query.order_by(col(ValidatorSetRow.epoch))).all():
            if not self._vouched(client, row, head):
                break
            row.trusted = True
            session.add(row)
            self._take(row)
        return self.epoch != before

    def _take(self, row: ValidatorSetRow) -> None:
        if row.epoch > self.epoch:
            self.epoch, self.before, self.current = row.epoch, self.current, tuple(row.validators)

    def rewind(self, session: Session, fork: int) -> None:
        """Forget changes after block `fork`."""
        session.execute(delete(ValidatorSetRow).where(col(ValidatorSetRow.block_number) > fork))
        self.load(session)

    def _vouched(self, client: FollowerClient, row: ValidatorSetRow, head: int) -> bool:
        if not self.current:
            return True
        last = min(head, row.block_number + min(_RUN, MAX_RUN) - 1)
        run: list[Header] = client.headers(range(row.block_number, last + 1))
        if not run or run[0].hash != row.block_hash:
            return False
        try:
            return self.engine.endorsement(run, self.current).level >= Finality.STRONG
        except SealRefused:
            return False
