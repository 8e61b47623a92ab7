"""Intake among several processes, with interruptions, and the order within a page."""

from __future__ import annotations

import pytest
from oracle_fakes import World, cancel, issue
from sqlmodel import select

from chain.db import reading
from oracle.crash import arm, disarm
from oracle.errors import TurnLost
from oracle.his.base import HisUnavailable, Reject
from oracle.intake import in_order
from oracle.models import Cursor, Document, Intake
from oracle.replay import read_from_start
from oracle.sealed import open_content


def sources(world: World) -> list[str]:
    with reading(world.database) as session:
        return list(session.exec(select(Document.source).order_by(Document.id)).all())


def test_of_two_processes_that_read_the_same_page_one_writes_it(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 0))
    other = world.start()

    def meanwhile() -> None:
        disarm()
        other.intake.step()

    arm("intake.made", meanwhile)
    with pytest.raises(TurnLost):
        world.pipeline.intake.step()
    assert sources(world) == ["receipt:1", "receipt:2"]
    world.pipeline.intake.step()
    assert sources(world) == ["receipt:1", "receipt:2"]


def test_the_same_holds_when_rows_were_read_before(world: World) -> None:
    world.tell(issue("1", 0))
    world.pipeline.intake.step()
    world.tell(issue("2", 0))
    other = world.start()

    def meanwhile() -> None:
        disarm()
        other.intake.step()

    arm("intake.made", meanwhile)
    with pytest.raises(TurnLost):
        world.pipeline.intake.step()
    assert sources(world) == ["receipt:1", "receipt:2"]


@pytest.mark.parametrize("point", ["read", "made", "cursor", "documents", "marks", "written"])
def test_a_kill_before_the_commit_leaves_nothing_behind(world: World, point: str) -> None:
    world.tell(issue("1", 0), cancel("1", 1))
    world.crash_at(f"intake.{point}")
    assert world.run("intake")
    with reading(world.database) as session:
        assert session.exec(select(Cursor)).all() == []
        assert session.exec(select(Document)).all() == []
        assert session.exec(select(Intake)).all() == []


def test_it_reads_pages_ahead_and_each_once(world: World) -> None:
    world.tell(*(issue(str(n), n) for n in range(11)))
    while world.pipeline.intake.step().more:
        pass
    assert sources(world) == [f"receipt:{n}" for n in range(11)]


def test_an_unavailable_hospital_stops_reading_and_loses_nothing(world: World) -> None:
    world.tell(*(issue(str(n), n) for n in range(6)))
    world.pipeline.intake.step()
    world.his.up = False
    world.pipeline.intake.step()  # was read ahead
    with pytest.raises(HisUnavailable):
        world.pipeline.intake.step()
    world.his.up = True
    world.pipeline.intake.step()
    assert len(sources(world)) == 6


def test_an_empty_page_writes_nothing(world: World) -> None:
    world.tell(issue("1", 0))
    world.pipeline.intake.step()
    with reading(world.database) as session:
        before = session.get_one(Intake, 1).turn
    world.pipeline.intake.step()
    with reading(world.database) as session:
        assert session.get_one(Intake, 1).turn == before


def test_reading_from_the_start_again_makes_nothing_new(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 1, replaces="1"), cancel("3", 0), issue("3", 1), cancel("2", 5))
    world.settle()
    before = sources(world)
    read_from_start(world.database, "fake")
    world.settle()
    assert sources(world) == before


def test_what_is_stored_of_a_patient_opens_for_its_own_row_only(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 0))
    world.pipeline.intake.step()
    from oracle.errors import SealBroken
    from oracle.models import Content

    with reading(world.database) as session:
        first, second = session.exec(select(Document).order_by(Document.id)).all()
        sealed = session.get_one(Content, first.id).sealed
    assert b"P1" not in sealed
    assert open_content(world.vault, first.document_id, sealed)[0] == "P1"
    with pytest.raises(SealBroken):
        open_content(world.vault, second.document_id, sealed)


def test_a_page_is_taken_in_the_hospitals_order_with_the_replaced_before_what_replaces_it() -> None:
    rows = [issue("3", 3, replaces="2"), issue("2", 9, replaces="1"), issue("4", 1), issue("1", 9)]
    assert [row.source_key[-1] for row in in_order(rows)] == ["4", "1", "2", "3"]


def test_rows_that_replace_each_other_in_a_circle_are_all_taken(world: World) -> None:
    world.tell(issue("1", 0, replaces="2"), issue("2", 0, replaces="1"))
    world.settle()
    assert sorted(sources(world)) == ["receipt:1", "receipt:2"]
    assert len(world.backend.issued()) == 2


def test_a_reject_carries_only_its_key_and_reason_into_the_database(world: World) -> None:
    from oracle.models import Quarantined

    world.tell(Reject("receipt:9", "text-encoding", "PT_NM holds bytes that are no text"))
    world.pipeline.intake.step()
    with reading(world.database) as session:
        row = session.exec(select(Quarantined)).one()
    assert (row.source, row.reason, row.paths) == ("receipt:9", "text-encoding", "")
