"""Fetching a rival's branch block by block, and what must not be dropped."""

from __future__ import annotations

from typing import Any

import pytest

from chain.engine import engine_for
from network.watch.branches import BranchTooLong, fetch_branch, holds_settled
from network.watch.halts import Tip
from network.watch.peer import PeerSilent


class Source:
    def __init__(self, headers: list[Any], raw: Any) -> None:
        self.blocks = {"0x" + header.hash.hex(): raw(header) for header in headers}
        self.asked = 0

    def block(self, block_hash: str) -> Any:
        self.asked += 1
        if block_hash not in self.blocks:
            raise PeerSilent("http://b", "that is not the block asked for")
        return self.blocks[block_hash]


def test_a_source_without_a_block_is_silent(fork: Any, fakes: Any) -> None:
    with pytest.raises(PeerSilent):
        fetch_branch(Source([], fakes.raw), Tip(5, "0x" + "00" * 32, 9), lambda number, block_hash: False)


def test_a_branch_without_a_fork_is_given_up(fork: Any, fakes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("network.watch.branches.LONGEST_BRANCH", 4)
    source = Source([*fork.common, *fork.left], fakes.raw)
    tip = Tip(5, fakes.hex_hash(fork.left[-1]), 9)
    with pytest.raises(BranchTooLong):
        fetch_branch(source, tip, lambda number, block_hash: False)
    assert source.asked == 4


def test_the_branch_begins_right_after_what_is_known(fork: Any, fakes: Any) -> None:
    common = {(header.number, fakes.hex_hash(header)) for header in fork.common}
    source = Source([*fork.common, *fork.left], fakes.raw)
    tip = Tip(5, fakes.hex_hash(fork.left[-1]), 9)
    branch = fetch_branch(source, tip, lambda number, block_hash: (number, block_hash) in common)
    assert [block.header for block in branch] == fork.left
    assert source.asked == 2


def test_two_of_four_sealers_are_not_settled_and_three_in_turn_are(fork: Any, fakes: Any) -> None:
    engine = engine_for("clique")
    signers = fakes.ADDRESSES[:4]
    assert not holds_settled(engine, fork.left, signers)
    assert not holds_settled(engine, [], signers)
    assert holds_settled(engine, fork.common[1:], signers)


def test_what_cannot_be_judged_is_kept(fork: Any, fakes: Any) -> None:
    assert holds_settled(engine_for("clique"), fork.left, fakes.ADDRESSES[4:6])
