"""Validators that die, come back, and lose each other."""

from __future__ import annotations

from threading import Event

from fault import Fault
from fault_watch import LIMIT
from fault_world import World, draw
from oracle_harness import wait_until
from test_network_halt import halt

CUT = 3.2
"""Seconds without a link: as long as a partition took that was seen to reverse blocks."""
TRIES = 6


def one_way(world: World) -> None:
    """The oracle knows one node alone."""
    (index,) = draw(world, range(1, 6), 1)
    world.kept["node"] = index
    world.site.node_urls = [world.network.rpc_urls[index - 1]]


def restart_in_use(world: World) -> None:
    """Its own node is killed and started again, twice, while receipts come."""
    index = world.kept["node"]
    with world.working():
        for _ in range(2):
            world.day(4)
            world.wait(lambda status: status.documents["batched"] + status.documents["ready"] > 0)
            world.network.kill(index)
            world.day(4)
            world.network.restart(index)
        world.wait(lambda status: status.documents["batched"] + status.documents["ready"] == 0)
    world.note(f"validator {index}, the oracle's own, killed and started again twice")


def kill_some(world: World, count: int) -> None:
    """Validators drawn die."""
    world.kept["dead"] = dead = sorted(draw(world, range(1, 6), count))
    for index in dead:
        world.network.kill(index)
    world.note("killed validators " + ", ".join(map(str, dead)))


def two_die(world: World) -> None:
    """Two of five die in the middle of the work, which goes on."""
    with world.working():
        world.day(6)
        kill_some(world, 2)
        told = len(world.site.backend.taken)
        world.day(6)
        wait_until(lambda: len(world.site.backend.taken) >= told + 6, 180)
    world.note("documents settled with three validators left")


def three_die(world: World) -> None:
    """Three of five die: the chain stops, nothing is told, and readers are told that nobody knows."""
    with world.working():
        kill_some(world, 3)
        told = len(world.site.backend.taken)
        world.day(6)
        world.wait(lambda status: status.documents["batched"] > 0)
        before = world.watch.online["UNKNOWN"]
        wait_until(lambda: world.watch.online["UNKNOWN"] > before + 3, LIMIT.total_seconds() + 90)
        assert len(world.site.backend.taken) == told, "told of a document that nobody could anchor"
        assert world.status().documents["batched"] > 0
    world.note("the chain stood still, nothing was told, online verdicts turned UNKNOWN")


def back(world: World) -> None:
    """The dead come back, in the order drawn."""
    for index in world.kept["dead"]:
        world.network.restart(index)
    world.network.wait_for_blocks(2, seconds=90)


def cut_and_reverse(world: World) -> None:
    """Three against two for three seconds, again until blocks that stood were dropped on healing."""
    network = world.network
    network.stop_watch()
    with world.working():
        for number in range(1, TRIES + 1):
            smaller = set(draw(world, range(1, 6), 2))
            larger = set(range(1, 6)) - smaller
            world.day(4)
            network.cut(larger, smaller)
            Event().wait(CUT)
            network.mend()
            network.wait_for_blocks(2, seconds=60)
            if world.watch.reversed_blocks():
                world.note(
                    f"{sorted(larger)} | {sorted(smaller)} for {CUT} s, partition {number} reversed blocks"
                )
                break
        else:
            raise AssertionError("no partition reversed a block")
        world.wait(lambda status: status.documents["batched"] + status.documents["ready"] == 0)
    network.start_watch()


def cut_and_halt(world: World) -> None:
    """Two against two for some seconds, until both sides end with the same weight: no block ever again."""
    world.network.stop_watch()
    with world.working():
        world.day(4)
        tips = halt(world.network)
        world.day(4)
        assert len({tip.hash for tip in tips.values()}) == 2
        world.network.start_watch()
        world.network.wait_for_blocks(2, seconds=120)
        world.wait(lambda status: status.documents["batched"] + status.documents["ready"] == 0)
    world.note(f"two tips of equal weight at blocks {sorted({tip.number for tip in tips.values()})}")
    world.note("the agents set the chain going")


FAULTS = (
    Fault(
        "node-restart",
        "the oracle's own node dies and comes back while in use",
        restart_in_use,
        setup=one_way,
    ),
    Fault("two-of-five-dead", "two of five validators die and come back", two_die, back),
    Fault("three-of-five-dead", "three of five validators die and come back", three_die, back),
    Fault(
        "partition-reverses", "a partition of three seconds that reverses blocks", cut_and_reverse, short=True
    ),
    Fault("partition-halts", "a partition that halts four validators", cut_and_halt, validators=4),
)
