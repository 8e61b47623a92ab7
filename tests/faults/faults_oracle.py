"""Kills of the oracle, and answers that never arrive."""

from __future__ import annotations

from collections import Counter
from functools import partial
from signal import SIGKILL

from fault import Fault
from fault_world import World, draw
from oracle_harness import bad_connection

from chain.db import reading
from oracle.assembly import assemble
from oracle.his.base import Page
from oracle.intake_store import read_turn

POINTS = (
    *("intake.read", "intake.made", "intake.cursor", "intake.documents", "intake.marks", "intake.written"),
    *("intake.committed", "batch.chosen", "batch.taken", "batch.fixed", "batch.committed"),
    *("sender.signed", "sender.sent", "sender.broadcast", "sender.mined", "sender.settled"),
    *("settle.known", "settle.batch", "settle.deliveries", "settle.committed"),
    *("marks.submitted", "marks.committed", "marks.settled"),
    *("delivery.claimed", "delivery.answered", "delivery.recorded", "delivery.committed"),
)
"""Every place between two durable steps, from the row to the acknowledgement."""
TRIES = 6
"""Days that may pass without a correction or a cancellation, which the points of marks need."""


def kill_at(world: World, points: list[str]) -> None:
    """Let the oracle die at each of these points in turn, each with more receipts waiting."""
    for point in points:
        for _ in range(TRIES):
            world.day(15 if point.startswith("marks.") else 3)  # few documents end
            if world.once(crash=point) == -SIGKILL:
                break
        else:
            raise AssertionError(f"{point} was never passed: {world.site.output}")
    world.note("killed at " + " → ".join(points))


def kill_everywhere(world: World) -> None:
    """Each point once, in an order that is drawn."""
    kill_at(world, draw(world, POINTS, len(POINTS)))


def kill_in_a_row(world: World, length: int) -> None:
    """Points drawn with repetition: a fault on top of what the one before left."""
    kill_at(world, world.random.choices(POINTS, k=length))


def kill_without_new_work(world: World) -> None:
    """The same receipts all along: each kill but the last stops the oracle in its recovery from the one before."""
    died, draws = list[str](), iter(world.random.choices(POINTS, k=24))
    world.day(6)
    while len(died) < 8 and (point := next(draws, None)):
        passes = world.random.randint(1, 2)
        if world.once(crash=f"{point}:{passes}") == -SIGKILL:
            died.append(point if passes == 1 else f"{point} (second pass)")
        else:
            world.day(2)
    assert len(died) >= 3, "the draws hit hardly any point"
    world.note("killed at " + " → ".join(died))


def way_that_loses(world: World) -> None:
    """The oracle reaches the chain by one node alone, on a way that can lose answers."""
    way = world.stack.enter_context(bad_connection(world.network.rpc_urls[0]))
    world.site.node_urls = [way.url]
    world.kept["way"] = way


def lose_answers(world: World) -> None:
    """The node takes transactions, and the oracle never hears of it; the backend's acknowledgements go too."""
    way, lost = world.kept["way"], world.random.randint(2, 4)
    way.lose["eth_sendRawTransaction"] = lost
    world.site.backend.lose_answers = acknowledgements = world.random.randint(1, 3)
    world.day(8)
    world.finish()
    assert way.lost == lost, "the answers were not lost"
    assert world.site.backend.repeated > 0, "no delivery came twice: no acknowledgement was lost"
    world.note(f"{lost} answers to eth_sendRawTransaction and {acknowledgements} acknowledgements lost")


def shuffled(world: World) -> None:
    """Everything the hospital has, each row one to three times, in any order and in pages of any size."""
    world.day(20)
    oracle = assemble(world.site.settings)
    try:
        rows, cursor, more = [], None, True
        while more:
            page = oracle.adapter.read(cursor, 512)
            rows += page.documents
            cursor, more = page.next_cursor, page.more
        drawn = [row for row in rows for _ in range(world.random.randint(1, 3))]
        world.random.shuffle(drawn)
        taken: Counter[str] = Counter()
        while drawn:
            size = world.random.randint(1, 9)
            part, drawn = drawn[:size], drawn[size:]
            with reading(oracle.database) as session:
                turn = read_turn(session, oracle.adapter.name)
            report = oracle.pipeline.intake.take(Page(part, [], "", False), turn, move_cursor=False)
            taken.update({outcome.value: count for outcome, count in report.outcomes.items()})
    finally:
        oracle.close()
    assert taken["duplicate"] > 0, taken
    world.note("rows became " + ", ".join(f"{count} {name}" for name, count in taken.most_common()))


def backend_down(world: World) -> None:
    """The backend answers 503 until it is healed."""
    world.site.backend.down = True
    world.day(8)
    assert world.once(wait=12) == 1, "nothing could be delivered"
    assert world.status().deliveries["waiting"] > 0


def backend_back(world: World) -> None:
    world.site.backend.down = False
    world.note("the backend answered 503 while 8 receipts came")


FAULTS = (
    Fault("kill-every-point", "kill -9 of the oracle at every point of its pipeline", kill_everywhere),
    Fault("kill-in-a-row", "kill -9 at eight drawn points in a row", partial(kill_in_a_row, length=8)),
    Fault("kill-in-recovery", "kill -9 of an oracle that recovers from a kill", kill_without_new_work),
    Fault(
        "lost-answers",
        "answers lost after the node took the transaction, and after the backend took the delivery",
        lose_answers,
        setup=way_that_loses,
    ),
    Fault("shuffled-receipts", "receipts doubled and out of order", shuffled, late=True),
    Fault("backend-down", "the backend is down while receipts come", backend_down, backend_back),
)
