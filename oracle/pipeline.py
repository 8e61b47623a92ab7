"""The stages of the pipeline in one object: what `run` schedules, what `once` walks through, what tests drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from chain.clock import Clock
from oracle.audit_heads import AuditHeads
from oracle.batching import Batching
from oracle.chain_face import ChainFace
from oracle.cleanup import Cleanup
from oracle.delivery import Delivering, DeliveryReport
from oracle.intake import Intake, IntakeReport
from oracle.marks import Marking
from oracle.observer import Observer
from oracle.settling import Settling

Stage = Callable[[], bool]
"""One pass of a stage: whether another at once is worth while. Raises what the stage raises."""


@dataclass(frozen=True)
class Pipeline:
    """All stages on one database. Each may run in several processes and threads; one thread runs one stage."""

    database: Engine
    clock: Clock
    intake: Intake
    batching: Batching
    chain: ChainFace
    settling: Settling
    marking: Marking
    delivering: Delivering
    cleanup: Cleanup
    audit_heads: AuditHeads | None = None
    """Without it no log of accesses is carried to the chain."""
    observer: Observer = field(default_factory=Observer)
    may_issue: Callable[[], None] = lambda: None
    """Raises KeyNotTrusted when what would be issued now is worth nothing; asked before each reading."""

    def stages(self) -> Mapping[str, Stage]:
        """Name and pass of each stage, in the order a document goes through them."""
        return {
            "intake": self._read,
            "batching": self._batch,
            "sender": self.chain.step,
            "settling": self._settle,
            "marks": self._mark,
            "delivery": self._deliver,
            "heads": self._heads,
            "recheck": self._recheck,
            "cleanup": self._clean,
        }

    def close(self) -> None:
        """End what was started for the pipeline; the database is its owner's."""
        self.intake.maker.close()

    def _read(self) -> bool:
        self.may_issue()
        report: IntakeReport = self.intake.step()
        self.observer.read(report.rows, report.outcomes)
        return report.more

    def _batch(self) -> bool:
        number = self.batching.step()
        if number is not None:
            self.observer.batched()
        return number is not None

    def _settle(self) -> bool:
        settled = self.settling.step()
        for seconds in settled:
            self.observer.settled(seconds)
        return bool(settled)

    def _mark(self) -> bool:
        submitted, settled = self.marking.submit(), self.marking.settle()
        self.observer.marked(submitted, settled)
        return bool(submitted or settled)

    def _deliver(self) -> bool:
        report: DeliveryReport = self.delivering.step()
        self.observer.delivered(report.accepted, report.refused, report.kept)
        return bool(report.accepted or report.refused)

    def _heads(self) -> bool:
        return self.audit_heads is not None and self.audit_heads.step()

    def _recheck(self) -> bool:
        self.observer.reopened(self.settling.recheck() + self.marking.recheck())
        return False

    def _clean(self) -> bool:
        report = self.cleanup.step()
        self.observer.dropped(report.documents)
        return False
