"""One pipeline on fakes: what each thing the hospital says leads to, from row to delivery."""

from __future__ import annotations

from typing import Any

from oracle_fakes import ISSUER, SETTLE_AFTER, World, cancel, issue
from sqlmodel import col, select

from chain.db import reading
from chain.merkle import verify_path
from oracle.his.base import Reject
from oracle.models import Batch, Content, Document, Mark, Quarantined
from oracle.status import look


def documents(world: World) -> list[Document]:
    with reading(world.database) as session:
        return list(session.exec(select(Document).order_by(col(Document.id))))


def fates(world: World) -> dict[str, list[str]]:
    """For each source the fate of each version on chain, in order of issue."""
    found: dict[str, list[str]] = {}
    for document in documents(world):
        mark = world.chain.marks.get(document.leaf)
        found.setdefault(document.source.split(":")[1], []).append(mark[0] if mark else "active")
    return found


def test_it_carries_a_receipt_from_row_to_delivery(world: World) -> None:
    world.tell(issue("1", 0))
    world.settle()
    (item,) = world.backend.taken.values()
    (document,) = documents(world)
    assert item["event"] == "issued"
    assert item["patientNumber"] == "P1"
    assert item["issuer"] == ISSUER
    assert item["credential"].endswith("~receipt:1~")
    assert item["leaf"] == document.leaf.hex()
    path = [bytes.fromhex(node) for node in item["path"]]
    assert verify_path(bytes.fromhex(item["root"]), document.leaf, path)
    assert bytes.fromhex(item["root"]) in world.chain.batches
    assert document.state == "delivered"


def test_it_issues_a_repeated_row_once(world: World) -> None:
    world.tell(issue("1", 0), issue("1", 0), issue("1", 5))
    world.settle()
    assert fates(world) == {"1": ["active"]}


def test_it_amends_what_was_corrected_in_place(world: World) -> None:
    world.tell(issue("1", 0, "a"), issue("1", 1, "b"), issue("1", 2, "c"))
    world.settle()
    assert fates(world) == {"1": ["superseded", "superseded", "active"]}
    first, second, third = documents(world)
    assert world.chain.marks[first.leaf][1] == second.leaf
    assert world.chain.marks[second.leaf][1] == third.leaf
    assert world.backend.events(first.document_id) == ["issued", "superseded"]
    told = next(i for i in world.backend.taken.values() if i["event"] == "superseded")
    assert (told["documentId"], told["supersededBy"]) == (first.document_id, second.document_id)
    assert told["patientNumber"] == "P1"
    assert "credential" not in told
    assert "path" not in told


def test_it_says_which_document_a_new_one_supersedes(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 1, replaces="1"))
    world.settle()
    first, second = documents(world)
    (item,) = [i for i in world.backend.issued() if i["documentId"] == second.document_id]
    assert item["supersedes"] == first.document_id
    assert fates(world) == {"1": ["superseded"], "2": ["active"]}


def test_it_takes_a_correction_back_as_a_new_version(world: World) -> None:
    world.tell(issue("1", 0, "a"), issue("1", 1, "b"), issue("1", 2, "a"))
    world.settle()
    assert fates(world) == {"1": ["superseded", "superseded", "active"]}


def test_it_ignores_a_version_older_than_the_newest(world: World) -> None:
    world.tell(issue("1", 5, "new"))
    world.settle()
    world.tell(issue("1", 1, "old"))
    world.settle()
    assert fates(world) == {"1": ["active"]}


def test_a_change_and_its_undoing_in_one_page_are_two_versions(world: World) -> None:
    world.tell(issue("1", 0, "a"))
    world.settle()
    world.tell(issue("1", 1, "b"), issue("1", 2, "a"))
    world.settle()
    assert fates(world) == {"1": ["superseded", "superseded", "active"]}


def test_a_repeated_row_with_a_later_time_makes_what_lies_between_old(world: World) -> None:
    world.tell(issue("1", 0, "a"), issue("1", 5, "a"))
    world.settle()
    world.tell(issue("1", 3, "b"), cancel("1", 4))
    world.settle()
    assert fates(world) == {"1": ["active"]}


def test_it_withdraws_what_was_cancelled(world: World) -> None:
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle()
    (document,) = documents(world)
    assert fates(world) == {"1": ["withdrawn"]}
    assert world.backend.events(document.document_id) == ["issued", "withdrawn"]


def test_it_withdraws_a_document_whose_cancellation_came_first(world: World) -> None:
    world.tell(cancel("1", 1))
    world.settle()
    assert not world.backend.taken
    world.tell(issue("1", 0))
    world.settle()
    assert fates(world) == {"1": ["withdrawn"]}


def test_it_keeps_a_document_issued_again_after_its_cancellation(world: World) -> None:
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle()
    world.tell(issue("1", 2))
    world.settle()
    assert fates(world) == {"1": ["withdrawn", "active"]}


def test_it_ignores_the_issue_of_a_cancelled_document_read_again(world: World) -> None:
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle()
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle()
    assert fates(world) == {"1": ["withdrawn"]}


def test_it_withdraws_a_document_that_comes_after_its_correction(world: World) -> None:
    world.tell(issue("2", 1, replaces="1"))
    world.settle()
    world.tell(issue("1", 0))
    world.settle()
    assert fates(world) == {"2": ["active"], "1": ["withdrawn"]}


def test_it_puts_a_document_before_its_correction_when_one_page_holds_both(world: World) -> None:
    world.tell(issue("2", 1, replaces="1"), issue("1", 1))
    world.settle()
    assert fates(world) == {"1": ["superseded"], "2": ["active"]}


def test_it_makes_a_cancellation_followed_by_a_new_receipt_an_amendment(world: World) -> None:
    world.chain.up = False
    world.tell(issue("1", 0), cancel("1", 1))
    world.run("intake")
    world.tell(issue("2", 2, replaces="1"))
    world.settle()
    assert fates(world) == {"1": ["superseded"], "2": ["active"]}


def test_it_leaves_a_withdrawal_that_was_sent_before_the_new_receipt_came(world: World) -> None:
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle()
    world.tell(issue("2", 2, replaces="1"))
    world.settle()
    assert fates(world) == {"1": ["withdrawn"], "2": ["active"]}


def test_a_withdrawal_under_way_is_told_as_what_it_is(world: World) -> None:
    world.tell(issue("1", 0))
    world.settle()
    world.tell(cancel("1", 1))
    world.run("intake")
    world.run("marks")
    world.tell(issue("2", 2, replaces="1"))
    world.settle()
    assert world.backend.events(documents(world)[0].document_id) == ["issued", "withdrawn"]
    assert fates(world) == {"1": ["withdrawn"], "2": ["active"]}


def test_it_waits_with_a_withdrawal_as_long_as_it_is_told_to() -> None:
    world = World(patience=100_000)
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle(passes=6)
    assert fates(world) == {"1": ["active"]}
    world.tell(issue("2", 2, replaces="1"))
    world.settle()
    assert fates(world) == {"1": ["superseded"], "2": ["active"]}


def test_a_document_has_one_successor(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 1, replaces="1"), issue("3", 2, replaces="1"))
    world.settle()
    assert fates(world) == {"1": ["superseded"], "2": ["active"], "3": ["active"]}


def test_it_withdraws_a_correction_after_it_amended(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 1, replaces="1"), cancel("2", 2))
    world.settle()
    assert fates(world) == {"1": ["superseded"], "2": ["withdrawn"]}


def test_a_bad_record_goes_to_quarantine_and_blocks_nothing(world: World) -> None:
    world.tell(issue("1", 0, bad=True), issue("2", 0), Reject("receipt:3", "date-unreal", "issued_on"))
    world.settle()
    assert fates(world) == {"2": ["active"]}
    with reading(world.database) as session:
        rows = session.exec(select(Quarantined).order_by(col(Quarantined.source))).all()
    assert [(row.source, row.reason, row.state) for row in rows] == [
        ("receipt:1", "record-invalid", "open"),
        ("receipt:3", "date-unreal", "open"),
    ]


def test_a_bad_correction_leaves_the_earlier_document_as_it_is(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 1, replaces="1", bad=True))
    world.settle()
    assert fates(world) == {"1": ["active"]}


def test_a_good_row_resolves_its_quarantine(world: World) -> None:
    world.tell(issue("1", 0, bad=True))
    world.settle()
    world.tell(issue("1", 1))
    world.settle()
    with reading(world.database) as session:
        assert session.exec(select(Quarantined.state)).all() == ["resolved"]
    assert fates(world) == {"1": ["active"]}


def test_full_batches_close_at_once_and_others_after_the_interval(world: World) -> None:
    world.tell(*(issue(str(n), 0) for n in range(10)))
    for _ in range(3):
        world.run("intake")
    assert world.pipeline.batching.step() is not None
    assert world.pipeline.batching.step() is None
    world.clock.forward(0.6)
    assert world.pipeline.batching.step() is not None
    assert look(world.database, world.clock).documents["batched"] == 10


def test_what_was_done_under_a_clock_that_ran_ahead_does_not_wait_for_that_time(world: World) -> None:
    world.clock.forward(3600)
    world.tell(issue("1", 0))
    world.pipeline.intake.step()
    world.clock.forward(-3600)
    assert world.pipeline.batching.step() == 1, "the batch closes"
    world.clock.forward(3600)
    for stage in ("sender", "settling"):
        world.run(stage)
        world.chain.mine(SETTLE_AFTER)
        world.run(stage)
    world.clock.forward(-3600)
    assert world.pipeline.delivering.step().accepted == 1
    world.clock.forward(3600)
    world.tell(cancel("1", 1))
    world.pipeline.intake.step()
    world.clock.forward(-3600)
    assert world.pipeline.marking.submit() == 1


def test_a_suspended_institution_anchors_once_it_is_active_again(world: World) -> None:
    world.chain.suspended = True
    world.tell(issue("1", 0))
    world.settle(passes=4)
    assert look(world.database, world.clock).batches["settled"] == 0
    world.chain.suspended = False
    world.settle()
    assert fates(world) == {"1": ["active"]}
    assert len(world.backend.taken) == 1


def test_a_settled_batch_whose_block_is_replaced_settles_again_without_a_second_delivery(
    world: World,
) -> None:
    world.tell(issue("1", 0), cancel("1", 1))
    world.settle()
    for key, (_, error) in list(world.chain.results.items()):
        world.chain.results[key] = (world.chain.height, error)
    world.pipeline.stages()["recheck"]()
    assert look(world.database, world.clock).batches == {"fixed": 1, "settled": 0, "failed": 0}
    world.settle()
    assert look(world.database, world.clock).marks["settled"] == 1
    assert len(world.backend.taken) == 2


def test_content_is_destroyed_a_week_after_delivery_and_a_late_cancellation_still_works(world: World) -> None:
    world.tell(issue("1", 0))
    world.settle()
    world.clock.forward(6 * 86_400)
    world.pipeline.stages()["cleanup"]()
    assert _count(world, Content) == 1
    world.clock.forward(2 * 86_400)
    world.pipeline.stages()["cleanup"]()
    assert _count(world, Content) == 0
    assert documents(world)[0].state == "dropped"
    world.tell(cancel("1", 9 * 86_400))
    world.settle()
    assert fates(world) == {"1": ["withdrawn"]}
    world.clock.forward(9 * 86_400)
    world.pipeline.stages()["cleanup"]()
    with reading(world.database) as session:
        assert session.exec(select(Mark.sealed)).all() == [None]


def test_a_cancellation_after_the_leaves_were_dropped_is_shown_as_failed(world: World) -> None:
    world.tell(issue("1", 0))
    world.settle()
    world.clock.forward(401 * 86_400)
    world.pipeline.stages()["cleanup"]()
    world.tell(cancel("1", 402 * 86_400))
    world.settle()
    assert fates(world) == {"1": ["active"]}
    with reading(world.database) as session:
        assert session.exec(select(Mark.error)).all() == ["leaves dropped"]


def test_content_that_was_never_acknowledged_is_never_destroyed(world: World) -> None:
    world.tell(issue("1", 0))
    for _ in range(6):
        for stage in ("intake", "batching", "sender", "settling"):
            world.run(stage)
        world.clock.forward(1)
        world.chain.mine(3)
    world.backend.unwanted = {documents(world)[0].document_id}
    world.settle()
    assert look(world.database, world.clock).deliveries == {"waiting": 0, "accepted": 0, "refused": 1}
    world.clock.forward(30 * 86_400)
    world.pipeline.stages()["cleanup"]()
    assert _count(world, Content) == 1


def _count(world: World, model: Any) -> int:
    with reading(world.database) as session:
        return len(session.exec(select(model)).all())


def test_a_mark_that_stands_on_chain_already_is_told_and_blocks_nothing(world: World) -> None:
    """Sent in a past that a restored database has forgotten: the registry refuses it, because it is so."""
    world.tell(issue("1", 0), issue("2", 0))
    world.settle()
    first, second = documents(world)
    world.chain.marks[first.leaf] = ("withdrawn", None, 1)
    world.chain.marks[second.leaf] = ("superseded", bytes(32), 1)
    world.tell(cancel("1", 1), cancel("2", 1))
    world.settle()
    assert world.backend.events(first.document_id) == ["issued", "withdrawn"]
    assert world.backend.events(second.document_id) == ["issued"], "it ended in another way: a person looks"
    status = look(world.database, world.clock)
    assert (status.marks["settled"], status.marks["failed"]) == (1, 1)
    assert world.pipeline.marking.recheck() == 0, "it stays settled"


def test_a_root_that_somebody_of_the_institution_anchored_first_is_anchored(world: World) -> None:
    world.tell(issue("1", 0))
    world.pipeline.intake.step()
    world.clock.forward(1)
    world.pipeline.batching.step()
    with reading(world.database) as session:
        (batch,) = session.exec(select(Batch))
    world.chain.batches[batch.root] = (0, batch.depth)
    world.settle()
    (document,) = documents(world)
    assert document.state == "delivered"
    assert world.pipeline.settling.recheck() == 0, "it stays settled"
