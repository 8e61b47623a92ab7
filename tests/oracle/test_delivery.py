"""Delivery when the backend is down, slow, forgetful, or unhappy with one item."""

from __future__ import annotations

from datetime import timedelta

from oracle_fakes import World, cancel, issue
from sqlmodel import select

from chain.db import reading
from oracle.models import Delivery, Document
from oracle.replay import replay
from oracle.status import look


def anchored(world: World, count: int) -> list[str]:
    """The document ids of so many receipts, anchored and not yet delivered."""
    world.tell(*(issue(str(n), n) for n in range(count)))
    for _ in range(count + 3):
        for stage in ("intake", "batching", "sender", "settling"):
            while world.pipeline.stages()[stage]():
                pass
        world.clock.forward(1)
        world.chain.mine(3)
    with reading(world.database) as session:
        names = session.exec(select(Document.document_id).order_by(Document.id)).all()
    assert look(world.database, world.clock).deliveries["waiting"] == count
    return list(names)


def test_it_keeps_everything_while_the_backend_is_down_and_pauses_longer_each_time(world: World) -> None:
    anchored(world, 3)
    world.backend.up = False
    pauses = []
    for _ in range(4):
        before, asked = world.clock(), world.backend.requests
        while world.backend.requests == asked:
            world.pipeline.delivering.step()
            world.clock.forward(0.5)
        pauses.append((world.clock() - before).total_seconds())
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 4
    assert look(world.database, world.clock).deliveries == {"waiting": 3, "accepted": 0, "refused": 0}
    world.settle()
    assert len(world.backend.taken) == 3


def test_the_pause_has_an_upper_limit(world: World) -> None:
    anchored(world, 1)
    world.backend.up = False
    for _ in range(30):
        world.pipeline.delivering.step()
        world.clock.forward(301)
    asked = world.backend.requests
    world.pipeline.delivering.step()
    assert world.backend.requests == asked + 1


def test_a_lost_answer_leads_to_no_second_document(world: World) -> None:
    names = anchored(world, 2)
    world.backend.lose_answers = 1
    world.pipeline.delivering.step()
    assert look(world.database, world.clock).deliveries["waiting"] == 2
    world.settle()
    assert [world.backend.events(name) for name in names] == [["issued"], ["issued"]]
    assert look(world.database, world.clock).deliveries["accepted"] == 2


def test_a_refused_item_is_shown_and_blocks_nothing(world: World) -> None:
    names = anchored(world, 5)
    world.backend.unwanted = {names[2]}
    world.settle()
    assert look(world.database, world.clock).deliveries == {"waiting": 0, "accepted": 4, "refused": 1}
    with reading(world.database) as session:
        assert session.exec(select(Delivery.error).where(Delivery.state == "refused")).all() == ["Unwanted"]


def test_an_item_because_of_which_the_whole_request_is_refused_is_found_at_once(world: World) -> None:
    names = anchored(world, 7)
    world.backend.rejecting = {names[4]}
    world.pipeline.delivering.step()
    assert look(world.database, world.clock).deliveries == {"waiting": 0, "accepted": 6, "refused": 1}


def test_an_item_over_which_the_backend_fails_holds_the_others_up_only_for_a_while(world: World) -> None:
    names = anchored(world, 9)
    world.backend.poison = {names[0]}
    for _ in range(40):
        world.pipeline.delivering.step()
        world.clock.forward(60)
    assert look(world.database, world.clock).deliveries == {"waiting": 1, "accepted": 8, "refused": 0}
    assert 1 in world.backend.sizes
    world.backend.poison = set()
    world.settle()
    assert look(world.database, world.clock).deliveries["accepted"] == 9


def test_replay_sends_refused_deliveries_again(world: World) -> None:
    names = anchored(world, 2)
    world.backend.unwanted = {names[0]}
    world.settle()
    world.backend.unwanted = set()
    assert replay(world.database, world.clock).deliveries == 1
    world.settle()
    assert look(world.database, world.clock).deliveries["accepted"] == 2


def test_what_ends_a_document_waits_until_its_first_delivery_was_answered(world: World) -> None:
    (name,) = anchored(world, 1)
    world.backend.poison = {name}
    world.pipeline.delivering.step()
    world.tell(cancel("0", 5))
    world.pipeline.stages()["intake"]()
    for _ in range(3):
        for stage in ("marks", "sender"):
            world.pipeline.stages()[stage]()
        world.chain.mine(3)
    assert look(world.database, world.clock).deliveries["waiting"] == 2
    world.backend.poison = set()
    sizes = len(world.backend.sizes)
    world.settle()
    assert world.backend.sizes[sizes] == 1
    assert world.backend.events(name) == ["issued", "withdrawn"]


def test_a_claim_of_a_dead_process_runs_out(world: World) -> None:
    anchored(world, 1)
    world.crash_at("delivery.claimed")
    assert world.run("delivery")
    world.pipeline.delivering.step()
    assert not world.backend.taken
    world.clock.forward(timedelta(minutes=3).total_seconds())
    world.pipeline.delivering.step()
    assert len(world.backend.taken) == 1


def test_two_processes_never_send_the_same_delivery_at_once(world: World) -> None:
    anchored(world, 4)
    other = world.start()
    first = world.pipeline.delivering._claim()
    assert len(first) == 4
    assert other.delivering._claim() == []
