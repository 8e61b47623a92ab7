"""Promise 5 as a state machine: whatever happens in whatever order, each truth of the hospital ends as exactly one
anchored document with one status, delivered exactly once.

The model is the log of what the hospital said, read by *its* times: no word of versions, pages, batches or crashes.
Rules let the hospital speak (with repeats, late and early rows), run any stage, kill the process at any point, cut
the chain, the hospital or the backend off, lose answers, and let a second process take over.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from oracle_fakes import SETTLE_AFTER, World, cancel, issue
from sqlmodel import col, select

from chain.db import reading
from oracle.crash import disarm
from oracle.his.base import Action, HisDocument
from oracle.models import Document

REPLACES = {"2": "1", "4": "3", "5": "3", "6": "5"}
"""Which source corrects which: a pair, two that correct the same, and a chain."""
KEYS = ["1", "2", "3", "4", "5", "6", "7"]
STAGES = ["intake", "batching", "sender", "settling", "marks", "delivery", "recheck"]
POINTS = {
    "intake": ["read", "made", "cursor", "documents", "marks", "written", "committed"],
    "batching": ["chosen", "taken", "fixed", "committed"],
    "settling": ["known", "batch", "deliveries", "committed"],
    "marks": ["submitted", "committed", "settled"],
    "delivery": ["claimed", "answered", "recorded", "committed"],
}
PREFIX = {"batching": "batch", "settling": "settle"}
CRASHES = [(stage, f"{PREFIX.get(stage, stage)}.{name}") for stage, names in POINTS.items() for name in names]


class ExactlyOnce(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.times: dict[str, set[int]] = {key: set() for key in KEYS}

    # ------------------------------------------------------------------------------------- the hospital speaks

    @rule(key=st.sampled_from(KEYS), at=st.integers(0, 60), content=st.sampled_from("abc"), bad=st.booleans())
    def it_issues(self, key: str, at: int, content: str, bad: bool) -> None:
        at = self._free(key, at)
        self.world.tell(issue(key, at, content, replaces=REPLACES.get(key), bad=bad and at % 5 == 0))

    @rule(key=st.sampled_from(KEYS), at=st.integers(0, 60))
    def it_cancels(self, key: str, at: int) -> None:
        self.world.tell(cancel(key, self._free(key, at)))

    @precondition(lambda self: self.world.his.log)
    @rule(data=st.data())
    def a_row_comes_again(self, data: st.DataObject) -> None:
        self.world.tell(data.draw(st.sampled_from(self.world.his.log)))

    # ---------------------------------------------------------------------------------------- the system works

    @rule(stage=st.sampled_from(STAGES))
    def a_stage_runs(self, stage: str) -> None:
        self._run(stage)

    @rule()
    def everything_runs(self) -> None:
        for stage in STAGES:
            self._run(stage)

    @rule(seconds=st.sampled_from([0.3, 1, 40, 200]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.forward(seconds)

    @rule(blocks=st.integers(1, SETTLE_AFTER))
    def blocks_are_mined(self, blocks: int) -> None:
        self.world.chain.mine(blocks)

    # ------------------------------------------------------------------------------------------ and things break

    @rule(crash=st.sampled_from(CRASHES))
    def the_process_dies(self, crash: tuple[str, str]) -> None:
        stage, point = crash
        self.world.crash_at(point)
        self._run(stage)
        disarm()

    @rule()
    def another_process_takes_over(self) -> None:
        self.world.pipeline = self.world.start()

    @rule(what=st.sampled_from(["his", "chain", "backend"]))
    def something_goes_down_or_comes_back(self, what: str) -> None:
        part = getattr(self.world, what)
        part.up = not part.up

    @rule()
    def an_answer_of_the_backend_is_lost(self) -> None:
        self.world.backend.lose_answers = 1

    @rule()
    def the_institution_is_suspended_or_active_again(self) -> None:
        # While a mark is under way the registry would refuse it for good, which is a matter for a person.
        if not any(key.startswith("mark:") for key in self._under_way()):
            self.world.chain.suspended = not self.world.chain.suspended

    # ------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def nothing_is_delivered_twice_or_in_a_wrong_order(self) -> None:
        for name, number in Counter(item["documentId"] for item in self.world.backend.issued()).items():
            assert number == 1
            assert self.world.backend.events(name)[0] == "issued"

    @invariant()
    def no_content_has_two_leaves_at_the_same_hospital_time(self) -> None:
        said = Counter((d.source, d.revision, d.changed_at) for d in self._documents())
        assert all(number == 1 for number in said.values())

    def teardown(self) -> None:
        self.world.chain.suspended = False
        self.world.settle()
        documents = self._documents()
        heads = {document.source: document for document in documents}
        for key in KEYS:
            self._check_source(f"receipt:{key}", heads.get(f"receipt:{key}"))
        for document in documents:
            self._check_document(document, is_head=heads[document.source].id == document.id)
        self.world.close()

    def _check_source(self, source: str, head: Document | None) -> None:
        """The newest version of a source is what the hospital's own log says of it."""
        said = [row for row in self._said() if row.source_key == source]
        good = [row for row in said if row.action is Action.ISSUE and not row.payload["bad"]]
        assert (head is not None) == bool(good)
        if head is None:
            return
        status = self._status(head)
        if any(self._is_replaced_by(row, source) for row in self._said()):
            assert status in {"superseded", "withdrawn"}
            return
        last = max((row for row in said if row in good or row.action is Action.CANCEL), key=_time)
        if last.action is Action.CANCEL:
            assert status == "withdrawn"
        else:
            assert (status, head.revision) == ("active", last.revision)

    def _check_document(self, document: Document, *, is_head: bool) -> None:
        status = self._status(document)
        assert is_head or status != "active", "an earlier version has ended"
        assert document.state == "delivered"
        expected = ["issued"] if status == "active" else ["issued", status]
        assert self.world.backend.events(document.document_id) == expected

    def _is_replaced_by(self, row: HisDocument, source: str) -> bool:
        return row.action is Action.ISSUE and row.replaces == source and not row.payload["bad"]

    def _status(self, document: Document) -> str:
        mark = self.world.chain.marks.get(document.leaf)
        return mark[0] if mark else "active"

    def _said(self) -> list[HisDocument]:
        return [row for row in self.world.his.log if isinstance(row, HisDocument)]

    def _documents(self) -> list[Document]:
        with reading(self.world.database) as session:
            return list(session.exec(select(Document).order_by(col(Document.id))))

    def _under_way(self) -> list[str]:
        from oracle_fakes import OUTBOX

        with reading(self.world.database) as session:
            keys = session.execute(select(OUTBOX.c.key)).scalars()
            return [key for key in keys if key not in self.world.chain.results]

    def _run(self, stage: str) -> None:
        from oracle.his.base import HisUnavailable

        try:
            self.world.run(stage)
        except HisUnavailable:
            assert not self.world.his.up

    def _free(self, key: str, at: int) -> int:
        """A time of its own for each thing said of a source."""
        while at in self.times[key]:
            at += 61
        self.times[key].add(at)
        return at


def _time(row: HisDocument) -> datetime:
    return row.changed_at


ExactlyOnce.TestCase.settings = settings(
    max_examples=200 if os.environ.get("CI") else 40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestExactlyOnce = ExactlyOnce.TestCase
