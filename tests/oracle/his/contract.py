"""What every adapter must do, whatever hospital system it reads. Subclass `AdapterContract` and give a `hospital`.

The hospital is the sandbox's, so that its manifest can say what a correct reader ends with. `Reader` stands for
whoever takes the pages: it believes nothing but `HisDocument`s and `records.kinds.parse`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oracle.his.base import Action, HisDocument, HisMalformed, HisUnavailable, Page, Reject, RereadingAdapter
from records.kinds import Record, RecordInvalid, parse
from sandbox.his import schema
from sandbox.his.clinic import Clinic
from sandbox.his.day import Day, Plan
from sandbox.his.desk import Desk
from sandbox.his.dirty import Sprinkler
from sandbox.his.events import Numbers, Step, Update
from sandbox.his.slips import Visit
from sandbox.his.stories import Teller, new_before_old, refunded, settled_again, settled_thrice
from sandbox.his.truth import Truth

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
BUDGET = settings(
    max_examples=20 if os.environ.get("CI") else 4,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)


class Hospital(Protocol):
    """A sandbox hospital, and the adapter under test in front of it."""

    sqlite: bool
    """Whether its database takes any bytes in any column."""

    def write(self, steps: Iterable[Step], *, stamped: timedelta = timedelta()) -> None:
        """Commit each step by itself, stamped with the clock's time less `stamped`, and let time pass."""

    def adapter(self) -> RereadingAdapter:
        """A new adapter, as after a restart of the oracle: only what is kept on disk is still known."""

    def outage(self) -> AbstractContextManager[None]:
        """Inside it the hospital system can not be reached."""

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""


@dataclass
class Reader:
    """Takes pages and knows where every document ended."""

    issued: dict[str, HisDocument] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    cancelled: dict[str, HisDocument] = field(default_factory=dict)
    replaced_by: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    rejects: list[Reject] = field(default_factory=list)
    revisions: defaultdict[tuple[str, Action], set[str]] = field(default_factory=lambda: defaultdict(set))
    seen: int = 0

    def take(self, page: Page) -> None:
        self.rejects += page.rejects
        for document in page.documents:
            self.seen += 1
            self.revisions[document.source_key, document.action].add(document.revision)
            self._take(document)

    def _take(self, document: HisDocument) -> None:
        key = document.source_key
        assert document.kind == key.partition(":")[0], "the key names the kind"
        assert document.changed_at.tzinfo is not None, "times are aware"
        if document.action is Action.CANCEL:
            assert document.payload == {}
            self.cancelled[key] = document
            return
        known = self.issued.get(key)
        if known is not None and document.changed_at < known.changed_at:
            return
        try:
            self.records[key] = parse(document.kind, document.payload)
        except RecordInvalid:
            self.refused.add(key)
            return
        self.issued[key] = document
        if document.replaces is not None:
            self.replaced_by[document.replaces] = key

    def state(self, key: str) -> str | None:
        cancelled, issued = self.cancelled.get(key), self.issued.get(key)
        if cancelled is not None and (issued is None or issued.changed_at <= cancelled.changed_at):
            return "withdrawn"
        if issued is None:
            return None
        return "superseded" if key in self.replaced_by else "issued"


def read_on(adapter: RereadingAdapter, cursor: str | None = None, limit: int = 40) -> Iterator[Page]:
    """Pages until the hospital has no more for now."""
    for _ in range(10_000):
        page = adapter.read(cursor, limit)
        yield page
        cursor = page.next_cursor
        if not page.more:
            return
    raise AssertionError("reading does not come to an end")


def read_all(
    adapter: RereadingAdapter, reader: Reader, cursor: str | None = None, limit: int = 40
) -> str | None:
    """Take all pages; the cursor after the last."""
    for page in read_on(adapter, cursor, limit):
        reader.take(page)
        cursor = page.next_cursor
    return cursor


def facts_of(kind: str, record: Any) -> dict[str, Any]:
    """What the manifest compares, from a record."""
    if kind == "visit":
        return {"department": record.department.code, "patient_class": record.patient_class}
    if kind == "diagnosis":
        return {"codes": [entry.code.replace(".", "") for entry in record.diagnoses]}
    if kind == "statement":
        return {"total": record.totals.amount, "lines": len(record.lines)}
    facts = {
        "total": record.total,
        "insurer_total": record.insurer_total,
        "patient_total": record.patient_total,
        "due": record.due,
        "patient_class": record.patient_class,
    }
    return facts if kind == "bill" else {**facts, "paid": record.paid.total}


def assert_reads_as(reader: Reader, truth: Truth) -> None:
    """The reader ended with the manifest: the same documents, ends, patients and content, and nothing else."""
    states = {key: reader.state(key) for key in {*reader.issued, *reader.cancelled}}
    assert states == {key: expected.state for key, expected in truth.documents.items()}
    for key, expected in truth.documents.items():
        if expected.state == "superseded":
            assert reader.replaced_by[key] == expected.superseded_by, key
        document = reader.issued.get(key)
        if document is not None:
            assert document.patient_number == expected.patient, key
            assert facts_of(document.kind, reader.records[key]) == expected.facts, key


def teller_of(seed: int) -> Teller:
    """A desk and a clinic of one small day."""
    truth, rng, numbers = Truth(), Random(seed), Numbers("20261124")
    clinic = Clinic(rng, numbers, truth, 40, None)
    return Teller(Desk(numbers, truth), clinic, truth, rng, [])


def visit_of(teller: Teller) -> tuple[Visit, Step]:
    """A finished outpatient visit, and its transaction."""
    at = datetime(2026, 11, 24, 10, 0)
    visit = teller.clinic.outpatient(at)
    return visit, teller.seen(visit, at)


class AdapterContract:
    """The contract. A subclass has a fixture `make_hospital`, which gives a new hospital at each call."""

    @pytest.fixture
    def hospital(self, make_hospital: Callable[[], Hospital]) -> Hospital:
        return make_hospital()

    def test_an_empty_hospital_gives_an_empty_page_and_a_cursor_to_go_on_from(self, hospital: Hospital):
        adapter = hospital.adapter()
        page = adapter.read(None, 100)
        assert (list(page.documents), list(page.rejects), page.more) == ([], [], False)
        teller = teller_of(1)
        _, seen = visit_of(teller)
        hospital.write([seen])
        reader = Reader()
        read_all(adapter, reader, page.next_cursor)
        assert_reads_as(reader, teller.truth)

    def test_it_reads_a_whole_day_exactly(self, hospital: Hospital):
        day = Day(Plan(DAY, 160, seed=7))
        hospital.write(day.steps())
        reader = Reader()
        read_all(hospital.adapter(), reader)
        assert reader.rejects == []
        assert_reads_as(reader, day.truth)

    def test_it_reads_a_day_exactly_while_the_day_goes_on(self, hospital: Hospital):
        day = Day(Plan(DAY, 60, seed=8))
        adapter, reader, cursor = hospital.adapter(), Reader(), None
        waiting: list[Step] = []
        for step in day.steps():
            waiting.append(step)
            if len(waiting) == 9:
                hospital.write(waiting)
                waiting = []
                cursor = read_all(adapter, reader, cursor)
        hospital.write(waiting)
        read_all(adapter, reader, cursor)
        assert_reads_as(reader, day.truth)

    def test_a_small_page_says_that_there_is_more(self, hospital: Hospital):
        hospital.write(Day(Plan(DAY, 30, seed=2)).steps())
        first = hospital.adapter().read(None, 10)
        assert first.more
        assert 0 < len(first.documents) <= 60

    def test_it_is_quiet_when_nothing_happens(self, hospital: Hospital):
        hospital.write(Day(Plan(DAY, 20, seed=3)).steps())
        adapter = hospital.adapter()
        cursor = read_all(adapter, Reader())
        later = Reader()
        for _ in range(3):
            cursor = read_all(adapter, later, cursor)
        assert later.seen == 0

    def test_it_goes_on_from_any_cursor_after_a_restart(self, hospital: Hospital):
        day = Day(Plan(DAY, 50, seed=4))
        hospital.write(day.steps())
        cursors: list[str | None] = [None]
        pages = list(read_on(hospital.adapter(), limit=23))
        cursors += [page.next_cursor for page in pages]
        for place, cursor in enumerate(cursors):
            reader = Reader()
            for page in pages[:place]:
                reader.take(page)
            read_all(hospital.adapter(), reader, cursor)
            assert_reads_as(reader, day.truth)

    def test_it_reads_on_when_every_page_is_read_by_a_new_adapter(self, hospital: Hospital):
        day = Day(Plan(DAY, 30, seed=5))
        hospital.write(day.steps())
        reader, cursor, more = Reader(), None, True
        for _ in range(500):
            page = hospital.adapter().read(cursor, 20)
            reader.take(page)
            cursor, more = page.next_cursor, page.more
            if not more:
                break
        assert not more
        assert_reads_as(reader, day.truth)

    @BUDGET
    @given(seed=st.integers(0, 10_000), restarts=st.booleans())
    def test_a_page_that_was_not_saved_is_read_again(
        self, make_hospital: Callable[[], Hospital], seed: int, restarts: bool
    ):
        hospital, chance = make_hospital(), Random(seed)
        day = Day(Plan(DAY, 12, seed=seed))
        adapter, reader, cursor = hospital.adapter(), Reader(), None
        for step in day.steps():
            # a second change of a row waits for the first, so only new rows can come late
            updates = any(isinstance(write, Update) for write in step.writes)
            late = timedelta(seconds=0 if updates else chance.choice((0, 0, 3, 8)))
            hospital.write([step], stamped=late)
            page = adapter.read(cursor, 15)
            if chance.random() < 0.4:
                adapter = hospital.adapter() if restarts else adapter
                continue
            reader.take(page)
            cursor = page.next_cursor
        cursor = read_all(adapter, reader, cursor)
        read_all(adapter, reader, cursor)  # a round may have begun before the last rows were written
        assert_reads_as(reader, day.truth)

    @BUDGET
    @given(seed=st.integers(0, 10_000))
    def test_the_cashiers_rows_may_be_committed_in_any_order(
        self, make_hospital: Callable[[], Hospital], seed: int
    ):
        hospital, teller, chance = make_hospital(), teller_of(seed), Random(seed)
        steps: list[Step] = []
        for story in (settled_again, settled_thrice, refunded, new_before_old):
            visit, seen = visit_of(teller)
            hospital.write([seen])
            told = story(teller, visit, datetime(2026, 11, 24, 10, 30))
            hospital.write([Step(s.at, [w for w in s.writes if isinstance(w, Update)]) for s in told])
            steps += [Step(s.at, [w for w in s.writes if not isinstance(w, Update)]) for s in told]
        chance.shuffle(steps)
        adapter, reader, cursor = hospital.adapter(), Reader(), None
        for step in steps:
            hospital.write([step])
            cursor = read_all(adapter, reader, cursor, limit=chance.choice((1, 3, 40)))
        assert_reads_as(reader, teller.truth)

    def test_a_transaction_that_commits_late_is_found(self, hospital: Hospital):
        teller = teller_of(6)
        (visit, seen), (other, also_seen) = visit_of(teller), visit_of(teller)
        hospital.write([seen, also_seen])
        at = datetime(2026, 11, 24, 11, 0)
        early, late = teller.desk.receipt(visit, at), teller.desk.receipt(other, at)
        adapter, reader = hospital.adapter(), Reader()
        hospital.write([Step(at, late.writes())])
        cursor = read_all(adapter, reader)
        hospital.write([Step(at, early.writes())], stamped=timedelta(seconds=5))
        read_all(adapter, reader, cursor)
        assert_reads_as(reader, teller.truth)

    def test_a_late_transaction_whose_page_was_lost_is_found_again(self, hospital: Hospital):
        teller = teller_of(6)
        (visit, seen), (other, also_seen) = visit_of(teller), visit_of(teller)
        at = datetime(2026, 11, 24, 11, 0)
        early, late = teller.desk.receipt(visit, at), teller.desk.receipt(other, at)
        hospital.write([seen, also_seen, Step(at, late.writes())])
        adapter, reader = hospital.adapter(), Reader()
        cursor = read_all(adapter, reader)
        cursor = read_all(adapter, reader, cursor)
        hospital.write([Step(at, early.writes())], stamped=timedelta(seconds=3))
        for _ in range(3):
            page = adapter.read(cursor, 40)  # lost: the cursor stays
            assert f"receipt:{early.key}" in {document.source_key for document in page.documents}
        read_all(adapter, reader, cursor)
        assert_reads_as(reader, teller.truth)

    def test_what_is_read_twice_is_the_same(self, hospital: Hospital):
        day = Day(Plan(DAY, 60, seed=9))
        hospital.write(day.steps())
        reader = Reader()
        for _ in range(3):
            read_all(hospital.adapter(), reader)
        differing = {key for key, revisions in reader.revisions.items() if len(revisions) > 1}
        assert differing == set()
        assert all(len(revision) == 64 for revisions in reader.revisions.values() for revision in revisions)

    def test_a_change_in_place_that_is_taken_back_counts_both_times(self, hospital: Hospital):
        teller = teller_of(10)
        visit, seen = visit_of(teller)
        hospital.write([seen])
        adapter, key = hospital.adapter(), f"visit:{visit.number}"
        pages = list(read_on(adapter))
        for policy in ("50", visit.policy.code):
            hospital.pass_time(1)
            hospital.write([Step(visit.at, [Update(schema.VISITS, visit.number, {"INSU_GB": policy})])])
            pages += list(read_on(adapter, pages[-1].next_cursor))
        found = [each for page in pages for each in page.documents if each.source_key == key]
        first, second, third = found
        assert first.revision == third.revision != second.revision
        assert first.changed_at < second.changed_at < third.changed_at

    def test_hostile_rows_are_rejected_and_the_rest_is_read(self, hospital: Hospital):
        day = Day(Plan(DAY, 25, seed=11))
        steps = list(day.steps())
        sprinkler = Sprinkler(DAY, Numbers("20261124", 9_000, 9_000, 9_000), 1, sqlite=hospital.sqlite)
        hospital.write(steps[:20])
        hospital.write(sprinkler.steps(24))
        hospital.write(steps[20:])
        reader = Reader()
        read_all(hospital.adapter(), reader)
        truth = Truth()
        truth.documents = {**day.truth.documents, **sprinkler.truth.documents}
        assert_reads_as(reader, truth)
        reasons = {(reject.source_key, reject.reason_code) for reject in reader.rejects}
        expected = {(dirt.document, dirt.reason) for dirt in sprinkler.truth.dirt if dirt.reason}
        assert expected <= reasons
        for reject in reader.rejects:
            assert "환자" not in reject.detail and "\x00" not in reject.detail

    def test_a_mirror_waits_for_its_original(self, hospital: Hospital):
        teller = teller_of(12)
        visit, seen = visit_of(teller)
        first, mirror = refunded(teller, visit, datetime(2026, 11, 24, 11, 0))
        hospital.write([seen, mirror])
        adapter, reader = hospital.adapter(), Reader()
        cursor = read_all(adapter, reader)
        (reject,) = reader.rejects
        assert reject.reason_code == "mirror-without-original"
        hospital.write([first])
        read_all(adapter, reader, cursor)
        assert reader.state(reject.source_key) == "withdrawn"
        assert_reads_as(reader, teller.truth)

    def test_named_documents_are_read_again(self, hospital: Hospital):
        day = Day(Plan(DAY, 20, seed=13))
        hospital.write(day.steps())
        adapter, reader = hospital.adapter(), Reader()
        read_all(adapter, reader)
        wanted = [key for key, each in day.truth.documents.items() if each.state == "issued"][:9]
        page = adapter.reread([*wanted, "receipt:nothing", "nonsense", "visit:"])
        again = {document.source_key: document for document in page.documents}
        assert page.next_cursor == "" and not page.more
        for key in wanted:
            assert again[key].revision == reader.issued[key].revision

    def test_an_outage_is_told_and_survived(self, hospital: Hospital):
        day = Day(Plan(DAY, 20, seed=14))
        hospital.write(day.steps())
        adapter, reader = hospital.adapter(), Reader()
        first = adapter.read(None, 10)
        reader.take(first)
        with hospital.outage():
            with pytest.raises(HisUnavailable) as raised:
                adapter.read(first.next_cursor, 10)
            assert raised.value.adapter == adapter.name
            with pytest.raises(HisUnavailable):
                adapter.check()
        adapter.check()
        read_all(adapter, reader, first.next_cursor)
        assert_reads_as(reader, day.truth)

    @pytest.mark.parametrize(
        "cursor",
        ["", "nonsense", "{}", '{"v":1}', '{"v":2,"adapter":"x","streams":{}}', "[" * 10_000, "\x00", "null"],
        ids=["empty", "no JSON", "nothing", "no adapter", "other version", "deep", "NUL", "null"],
    )
    def test_a_foreign_cursor_is_refused(self, hospital: Hospital, cursor: str):
        with pytest.raises(HisMalformed) as raised:
            hospital.adapter().read(cursor, 10)
        assert raised.value.remedy

    def test_no_error_or_reject_shows_a_person(self, hospital: Hospital):
        sprinkler = Sprinkler(DAY, Numbers("20261124"), 1, sqlite=hospital.sqlite)
        hospital.write(sprinkler.steps(24))
        reader = Reader()
        read_all(hospital.adapter(), reader)
        for reject in reader.rejects:
            assert all(char.isascii() and char.isprintable() for char in reject.source_key + reject.detail)
