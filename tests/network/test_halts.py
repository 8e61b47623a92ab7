"""What an agent does about a chain that stands still: a table of situations, then worlds of many agents."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.watch.halts import (
    Alarm,
    ImportTip,
    Nothing,
    RewindTo,
    Situation,
    StartSealing,
    StopSealing,
    Tip,
    decide,
)

LOW = Tip(10, "0x1a", 19)
HIGH = Tip(10, "0x2b", 19)
SHORT = Tip(9, "0x9c", 19)
HEAVY = Tip(11, "0xff", 21)
LIGHT = Tip(9, "0x00", 17)

HALTED = Situation(
    own=HIGH, rivals={"b": LOW}, idle=10.0, period=1, sealing=True, authorised=True, validators=4
)

TABLE = {
    "before ten periods nothing is done": (replace(HALTED, idle=9.9), Nothing()),
    "ten periods of a slower chain are longer": (replace(HALTED, idle=10.0, period=2), Nothing()),
    "the preferred of equal tips stays": (replace(HALTED, own=LOW, rivals={"b": HIGH}), Nothing()),
    "the other of equal tips is imported first": (HALTED, ImportTip(LOW, "b")),
    "imported and not followed: rewind": (replace(HALTED, imported={LOW.hash: 19}), RewindTo(LOW, "b")),
    "an equal but shorter chain is preferred": (
        replace(HALTED, own=LOW, rivals={"b": SHORT}),
        ImportTip(SHORT, "b"),
    ),
    "a heavier tip is imported": (replace(HALTED, rivals={"b": LOW, "c": HEAVY}), ImportTip(HEAVY, "c")),
    "a heavier tip that was imported and not followed is gone to": (
        replace(HALTED, rivals={"c": HEAVY}, imported={HEAVY.hash: 21}),
        RewindTo(HEAVY, "c"),
    ),
    "a lighter tip is left to its own agent": (replace(HALTED, rivals={"b": LIGHT}), Nothing()),
    "a weight that a peer only claims is not believed": (
        replace(HALTED, rivals={"b": replace(HEAVY, weight=10**30)}, imported={HEAVY.hash: 18}),
        Nothing(),
    ),
    "a tip that could not be imported is passed over": (
        replace(HALTED, rivals={"b": HEAVY, "c": LOW}, refused=frozenset({HEAVY.hash})),
        ImportTip(LOW, "c"),
    ),
    "the same tip everywhere is an alarm": (
        replace(HALTED, rivals={"b": HIGH, "c": HIGH}),
        Alarm("halted"),
    ),
    "too few validators to seal is another": (
        replace(HALTED, rivals={"b": HIGH}),
        Alarm("too-few-validators"),
    ),
    "nobody reachable is too few": (replace(HALTED, rivals={}), Alarm("too-few-validators")),
    "a validator that does not seal starts": (replace(HALTED, sealing=False), StartSealing()),
    "also while blocks come": (replace(HALTED, sealing=False, idle=0.0), StartSealing()),
    "one that was voted out stops": (replace(HALTED, authorised=False, idle=0.0), StopSealing()),
    "an observer is left alone": (replace(HALTED, authorised=False, sealing=False, idle=0.0), Nothing()),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_one_thing_to_do(case: str) -> None:
    situation, expected = TABLE[case]
    assert decide(situation) == expected


tips = st.builds(
    Tip,
    number=st.integers(0, 6),
    hash=st.integers(0, 30).map(lambda n: f"0x{n:02x}"),
    weight=st.integers(0, 12),
)
situations = st.builds(
    Situation,
    own=tips,
    rivals=st.dictionaries(st.sampled_from("bcdef"), tips, max_size=5),
    idle=st.floats(0, 40),
    period=st.integers(1, 3),
    sealing=st.booleans(),
    authorised=st.booleans(),
    validators=st.integers(4, 6),
    imported=st.dictionaries(st.integers(0, 30).map(lambda n: f"0x{n:02x}"), st.integers(0, 12), max_size=8),
    refused=st.frozensets(st.integers(0, 30).map(lambda n: f"0x{n:02x}"), max_size=4),
)


@given(situations)
def test_a_node_is_rewound_only_to_what_it_has_weighed_itself(situation: Situation) -> None:
    action = decide(situation)
    if isinstance(action, RewindTo):
        assert situation.idle >= 10 * situation.period
        assert situation.imported[action.tip.hash] == action.tip.weight >= situation.own.weight
        assert action.tip.rank < situation.own.rank
        assert action.tip.hash not in situation.refused


@given(situations)
def test_a_chain_that_moves_is_never_touched(situation: Situation) -> None:
    action = decide(replace(situation, idle=10 * situation.period - 0.001, sealing=situation.authorised))
    assert action == Nothing()


class World:
    """Nodes on tips, all reachable, nobody able to seal: what agents alone can do about it.

    geth follows a heavier tip, an equally heavy shorter one, and tosses a coin for the rest.
    """

    def __init__(self, start: list[Tip], chance: random.Random) -> None:
        self.tips = dict(enumerate(start))
        self.known: dict[int, set[Tip]] = {node: {tip} for node, tip in self.tips.items()}
        self.chance = chance
        self.moves: list[tuple[int, Tip]] = []

    def step(self, node: int) -> None:
        own = self.tips[node]
        rivals = {str(other): tip for other, tip in self.tips.items() if other != node}
        action = decide(
            Situation(
                own=own,
                rivals=rivals,
                idle=20.0,
                period=1,
                sealing=True,
                authorised=True,
                validators=len(self.tips),
                imported={tip.hash: tip.weight for tip in self.known[node]},
            )
        )
        if isinstance(action, ImportTip):
            assert action.tip not in self.known[node], "nothing is imported twice"
            self.known[node].add(action.tip)
            if self._followed(own, action.tip):
                self._move(node, action.tip)
        elif isinstance(action, RewindTo):
            self._move(node, action.tip)

    def _followed(self, own: Tip, tip: Tip) -> bool:
        if tip.weight != own.weight:
            return tip.weight > own.weight
        return tip.number < own.number or self.chance.random() < 0.5

    def _move(self, node: int, tip: Tip) -> None:
        self.tips[node] = tip
        self.moves.append((node, tip))


@given(
    start=st.lists(tips, min_size=4, max_size=6),
    order=st.lists(st.permutations(range(6)), min_size=12, max_size=12),
    seed=st.integers(0, 2**32),
)
def test_agents_end_on_one_tip_whatever_the_order(
    start: list[Tip], order: list[list[int]], seed: int
) -> None:
    one_weight = {tip.hash: tip for tip in start}  # a hash is one block
    start = [one_weight[tip.hash] for tip in start]
    best = min(start, key=lambda tip: tip.rank)
    settled = [node for node, tip in enumerate(start) if tip == best]
    world = World(start, random.Random(seed))
    for round_ in order:
        for node in round_:
            if node < len(start):
                world.step(node)
    assert set(world.tips.values()) == {best}
    assert not {node for node, _ in world.moves} & set(settled), "nobody leaves the best tip"
