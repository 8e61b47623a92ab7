"""However blocks are replaced while it follows, the projected state equals a fresh replay of the chain that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_events import Emit, FakeEvents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.window import SettledBlockLost

ROOTS = st.integers(1, 3).map(lambda n: bytes([n]) * 32)
LEAVES = st.integers(4, 6).map(lambda n: bytes([n]) * 32)
ISSUERS = st.integers(1, 2)
ACCOUNT = "0x" + "12" * 20


def event(contract: str, name: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Emit]:
    return st.tuples(*values).map(lambda found: (contract, name, found))


EVENTS = st.one_of(
    event("DocumentRegistry", "Anchored", ISSUERS, ROOTS, st.integers(4, 10)),
    event("DocumentRegistry", "Reaffirmed", ISSUERS, ROOTS),
    event("DocumentRegistry", "Amended", ISSUERS, LEAVES, LEAVES, st.integers(1, 5)),
    event("DocumentRegistry", "Withdrawn", ISSUERS, LEAVES, st.integers(1, 7)),
    event("DocumentRegistry", "Annulled", ISSUERS, LEAVES),
    event("InstitutionRegistry", "StandingChanged", ISSUERS, st.integers(1, 4), st.integers(0, 9)),
    event(
        "InstitutionRegistry", "OperatorSet", ISSUERS, st.just(ACCOUNT), st.integers(1, 255), ISSUERS, ISSUERS
    ),
    event(
        *("InstitutionRegistry", "KeySet", ISSUERS, ROOTS, st.integers(1, 2), LEAVES, LEAVES),
        *(ISSUERS, st.just(2**40 - 1), st.integers(0, 9)),
    ),
)
BLOCKS = st.lists(st.lists(EVENTS, max_size=3), max_size=6)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), BLOCKS),
        st.tuples(st.just("fork"), st.tuples(st.integers(1, 2), BLOCKS)),
        st.tuples(st.just("step"), st.just(None)),
        st.tuples(st.just("restart"), st.just(None)),
    ),
    max_size=14,
)


def catch_up(watch: Any) -> None:
    reports = [watch.follower.step() for _ in range(5)]
    assert reports[-1].caught_up, reports


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(moves=MOVES, span=st.integers(1, 4))
def test_state_equals_a_fresh_replay(watch_over: Callable[..., Any], moves: list[Any], span: int) -> None:
    chain = FakeEvents()
    watch = watch_over(chain, span=span)
    for move, what in moves:
        if move == "mine":
            for events in what:
                chain.mine(*events)
        elif move == "fork":
            depth, blocks = what
            cut = min(depth, len(chain.blocks) - 1)
            chain.cut(cut)
            for events in [*blocks, *([[]] * max(0, cut + 1 - len(blocks)))]:
                chain.mine(*events)
        elif move == "step":
            report = watch.follower.step()
            assert not report.errors
        else:
            watch.restart()
    chain.mine()
    catch_up(watch)
    fresh = watch_over(chain)
    catch_up(fresh)
    assert watch.rows() == fresh.rows()
    assert sum(map(len, watch.rows().values())) == sum(len(logs) for _, logs in chain.blocks)
    assert watch.heights()[0] == chain.blocks[-1][0].number
    assert watch.alarms == []


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=BLOCKS, depth=st.integers(3, 9), after=BLOCKS)
def test_a_deep_fork_raises_the_alarm_and_is_followed(
    watch_over: Callable[..., Any], before: list[Any], depth: int, after: list[Any]
) -> None:
    chain = FakeEvents()
    watch = watch_over(chain)
    for events in [*before, *([[]] * 8)]:
        chain.mine(*events)
    watch.follower.step()
    settled = watch.heights()[1]
    chain.cut(depth)
    fork = chain.blocks[-1][0].number
    for events in [*after, *([[]] * 10)]:
        chain.mine(*events)
    report = watch.follower.step()
    assert report.fork == fork
    lost = [SettledBlockLost(7, fork, chain.blocks[-1][0].number)] if fork < settled else []
    assert watch.alarms == lost
    fresh = watch_over(chain)
    fresh.follower.step()
    assert watch.rows() == fresh.rows()
