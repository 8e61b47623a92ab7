"""Once through, on fakes."""

from __future__ import annotations

from oracle_fakes import SETTLE_AFTER, World, issue

from oracle.running import is_done, once


def test_it_ends_when_nothing_is_left(world: World) -> None:
    world.tell(issue("1", 0), issue("2", 1, replaces="1"))
    step = world.chain.step

    def step_and_mine() -> bool:
        moved = step()
        world.chain.mine(SETTLE_AFTER)
        world.clock.forward(1)
        return moved

    world.chain.step = step_and_mine  # type: ignore[method-assign]
    world.pipeline = world.start()
    assert once(world.pipeline, seconds=20)
    assert is_done(world.pipeline)
    assert len(world.backend.taken) == 3


def test_it_gives_up_when_the_time_is_over_and_says_so(world: World) -> None:
    world.tell(issue("1", 0))
    world.chain.up = False
    assert not once(world.pipeline, seconds=0)


def test_nothing_to_do_is_done_only_if_the_hospital_could_be_read(world: World) -> None:
    world.his.up = False
    assert not once(world.pipeline, seconds=0)
    world.his.up = True
    assert once(world.pipeline, seconds=5)
