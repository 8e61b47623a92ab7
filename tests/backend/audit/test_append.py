"""Lines are only added, behind the last one, without gaps, by however many at once."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from audit_log import KIM, LEE, AuditLog, Undone
from sqlalchemy.exc import DBAPIError

from backend.audit import service
from backend.audit.errors import AnchorUnknown, AnchorUnproven, HeadMissing, NotInWriting
from backend.audit.line import GENESIS, commitment_to
from backend.audit.terms import Outcome
from chain.db import reading, writing
from chain.merkle import MerkleTree, leaf_of

ROOT = Path(__file__).resolve().parents[3]


def test_a_transaction_that_only_reads_cannot_append(log: AuditLog) -> None:
    with pytest.raises(NotInWriting), reading(log.engine) as session:
        service.append(session, [log.entry()])
    assert log.stored() == []


def test_without_its_head_row_the_log_takes_nothing(embedded: AuditLog) -> None:
    embedded.without_triggers().execute("DELETE FROM audit_head")
    with pytest.raises(HeadMissing):
        embedded.append(embedded.entry())


def test_what_is_rolled_back_leaves_no_gap(log: AuditLog) -> None:
    log.append(log.entry())
    with pytest.raises(Undone):
        log.append_and_fail(log.entry(), log.entry())
    assert log.append(log.entry()).number == 2
    assert log.verify().whole


def test_a_refusal_outlives_the_transaction_it_ended(embedded: AuditLog) -> None:
    with pytest.raises(Undone):
        embedded.append_and_fail(embedded.entry())
    service.record(embedded.engine, [embedded.entry(outcome=Outcome.REFUSED, reason="stranger")])
    [line] = embedded.stored()
    assert (line["outcome"], line["reason"]) == ("refused", "stranger")


def test_in_a_failed_transaction_only_the_refusal_is_noted(log: AuditLog) -> None:
    with pytest.raises(Undone):
        log.note_and_end(log.entry(), log.entry(outcome=Outcome.REFUSED), fail=True)
    assert [line["outcome"] for line in log.stored()] == ["refused"]


def test_what_a_request_notes_is_written_once_whether_it_reads_or_writes(log: AuditLog) -> None:
    log.note_and_end(log.entry(object_id="a"), log.entry(object_id="b", outcome=Outcome.REFUSED), fail=False)
    with reading(log.engine) as session:
        service.note(
            log.engine, session, [log.entry(object_id="c"), log.entry(outcome=Outcome.REFUSED, object_id="d")]
        )
    assert [line["object_id"] for line in log.stored()] == ["a", "b", "c", "d"]
    assert log.verify().whole


def test_lines_are_numbered_and_chained_in_the_order_given(log: AuditLog) -> None:
    head = log.append(*(log.entry(patient=whose) for whose in (KIM, LEE, None, KIM)))
    head_after = log.append(log.entry(patient=KIM), log.entry(patient=LEE))
    lines = log.stored()
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["patient_number"] for line in lines] == [1, 1, None, 2, 3, 2]
    assert [line["previous"] for line in lines] == [GENESIS, *(line["hash"] for line in lines[:-1])]
    assert (head.number, head_after.number, log.head()) == (4, 6, head_after)
    assert log.append() == head_after
    assert len({line["salt"] for line in lines}) == 6


def test_a_line_holds_what_was_given_and_nothing_more(log: AuditLog) -> None:
    given = log.entry()
    log.append(given)
    with reading(log.engine) as session:
        [event] = service.of_patient(session, KIM).events
    chain = {"number", "patient_number", "salt", "previous", "hash"}
    assert event.model_dump(exclude=chain) == {name: getattr(given, name) for name in given.__slots__}
    assert set(event.model_dump()) == set(given.__slots__) | chain


def test_a_patient_sees_their_own_lines_only_newest_first_page_by_page(log: AuditLog) -> None:
    log.filled(21)
    seen, before = [], None
    with reading(log.engine) as session:
        for _ in range(4):
            page = service.of_patient(session, KIM, before, limit=3)
            seen += [(event.patient, event.patient_number) for event in page.events]
            before = page.before
            if before is None:
                break
        assert service.of_patient(session, "00" * 32) == service.Page([], None)
    assert seen == [(KIM, number) for number in (7, 6, 5, 4, 3, 2, 1)]


# --- many at once

WRITER = """
import sys
from audit_log import AuditLog, KIM, LEE
from backend.audit import service
from chain.db import make_engine, writing
from backend.audit.entries import Entry
from audit_log import START, DOCTOR
from backend.audit.terms import Action, ActorKind, ObjectKind
engine = make_engine(sys.argv[1], busy_timeout=60)
for turn in range(20):
    entries = [
        Entry(START, ActorKind.SYSTEM, f"writer-{sys.argv[2]}", Action.READ, ObjectKind.RECORD, patient=whose)
        for whose in (KIM, LEE, None)[: 1 + turn % 3]
    ]
    with writing(engine) as session:
        service.append(session, entries)
"""


def test_several_processes_make_one_chain(log: AuditLog) -> None:
    paths = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, log.url, str(n)], env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT
        )
        for n in range(3)
    ]
    try:
        assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
    lines = log.stored()
    assert [line["number"] for line in lines] == list(range(1, 3 * 39 + 1))
    assert {line["actor_id"] for line in lines} == {"writer-0", "writer-1", "writer-2"}
    assert log.verify().whole


def test_several_threads_make_one_chain(log: AuditLog) -> None:
    entries = [log.entry(patient=(KIM, LEE)[n % 2]) for n in range(60)]
    with ThreadPoolExecutor(6) as pool:
        heads = list(pool.map(lambda entry: log.append(entry), entries))
    assert sorted(head.number for head in heads) == list(range(1, 61))
    assert len({line["previous"] for line in log.stored()}) == 60
    assert log.verify().whole


# --- what the database itself refuses

CHANGES = [
    "UPDATE audit_event SET outcome = 'allowed'",
    "UPDATE audit_event SET number = 100 WHERE number = 12",
    "DELETE FROM audit_event WHERE number = 12",
    "DELETE FROM audit_event WHERE number = 1",
    "DELETE FROM audit_event",
    "DELETE FROM audit_head",
    "DELETE FROM audit_anchor",
    "UPDATE audit_anchor SET number = number + 1",
    "UPDATE audit_anchor SET salt = commitment",
    "INSERT INTO audit_event SELECT number + 20, at, actor_kind, actor_id, origin, NULL, NULL, action, object_kind,"
    " object_id, outcome, reason, salt, previous, hash FROM audit_event WHERE number = 12",
    "INSERT INTO audit_event SELECT number + 1, at, actor_kind, actor_id, origin, NULL, NULL, action, object_kind,"
    " object_id, outcome, reason, salt, previous, hash FROM audit_event WHERE number = 12",
]
ONLY_SQLITE = [
    "INSERT OR REPLACE INTO audit_event SELECT number, at, actor_kind, 'somebody-else', origin, patient,"
    " patient_number, action, object_kind, object_id, outcome, reason, salt, previous, hash"
    " FROM audit_event WHERE number = 12",
    "UPDATE OR REPLACE audit_event SET number = 11 WHERE number = 12",
]
ONLY_POSTGRESQL = [
    "TRUNCATE audit_event",
    "TRUNCATE audit_anchor",
    "SET LOCAL session_replication_role = replica; DELETE FROM audit_event WHERE number = 12",
]


def test_triggers_refuse_every_change(log: AuditLog) -> None:
    log.filled(12).anchored_head()
    before = log.stored()
    own = ONLY_POSTGRESQL if log.engine.dialect.name == "postgresql" else ONLY_SQLITE
    for statement in [*CHANGES, *own]:
        with pytest.raises(DBAPIError):
            log.execute(*statement.split("; "))
    assert log.stored() == before
    assert log.verify().whole


# --- committing to the head


def test_a_commitment_hides_the_head_behind_its_salt(log: AuditLog) -> None:
    log.filled(3)
    first, second = log.anchored_head(), log.anchored_head()
    assert first.commitment != second.commitment
    assert first.commitment == commitment_to(log.head(), first.salt)
    with reading(log.engine) as session:
        assert service.commitment(session, first.salt) == first.commitment
        assert service.last_anchored(session) is None


def test_only_a_proven_batch_is_noted_and_only_once(log: AuditLog) -> None:
    log.filled(3)
    made = log.anchored_head()
    padding = count(1)
    trees = [
        MerkleTree.build([leaf_of(made.commitment)], pad=lambda size: next(padding).to_bytes(size, "big"))
        for _ in range(2)
    ]
    with writing(log.engine) as session:
        with pytest.raises(AnchorUnknown):
            service.note_anchored(
                session, bytes(32), issuer=1, root=trees[0].root, path=trees[0].proof(0), block=7
            )
        with pytest.raises(AnchorUnproven):
            service.note_anchored(
                session, made.commitment, issuer=1, root=trees[1].root, path=trees[0].proof(0), block=7
            )
        assert service.last_anchored(session) is None
        for block, tree in ((7, trees[0]), (9, trees[1]), (7, trees[0])):
            service.note_anchored(
                session, made.commitment, issuer=1, root=tree.root, path=tree.proof(0), block=block
            )
    with reading(log.engine) as session:
        noted = service.last_anchored(session)
    assert noted is not None
    assert (noted.number, noted.root, noted.block) == (3, trees[0].root, 7)
    report = log.verify()
    assert report.whole
    assert (report.anchored_until, report.heads_checked) == (3, 1)
