"""The window of headers: what it takes in, what it calls replaced, and how final it says blocks are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fake_chain import DepthEngine, FakeChain

from chain.errors import StateMissing
from chain.finality import MAX_RUN, Finality
from chain.headers import Header
from chain.window import HeadersMoved, HeaderWindow


class Counting(FakeChain):
    """Counts the headers asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        self.asked += len(numbers)
        return super().headers(numbers)


@pytest.fixture
def chain() -> Counting:
    return Counting()


@pytest.fixture
def window(chain: Counting) -> HeaderWindow:
    return HeaderWindow(chain, DepthEngine(), lambda: ((),), keep=16)


def linked(window: HeaderWindow) -> bool:
    numbers = range(window._base + 1, window._head + 1)
    return all(window.header(n).parent_hash == window.header(n - 1).hash for n in numbers)


def test_before_the_first_look_nothing_is_known(window: HeaderWindow) -> None:
    assert window.holds(0, bytes(32)) is None
    assert window.finality(0) == Finality.PENDING
    with pytest.raises(KeyError):
        _ = window.head


def test_it_grows_header_by_header(chain: Counting, window: HeaderWindow) -> None:
    window.sync()
    for number in range(1, 8):
        chain.mine()
        change = window.sync()
        assert (change.head.number, change.fork) == (number, None)
    assert chain.asked == 0
    assert [window.finality(n) for n in (4, 5, 6)] == [Finality.STRONG, Finality.SETTLED, Finality.PENDING]


def test_a_gap_is_filled_with_just_what_is_missing(chain: Counting, window: HeaderWindow) -> None:
    window.sync()
    chain.mine(40)
    assert window.sync().fork is None
    assert chain.asked == 39
    assert linked(window)


def test_a_fork_is_found_where_it_is(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(10)
    window.sync()
    old = chain.blocks_[9][0].hash
    chain.reorganise(2, keep=True)
    change = window.sync()
    assert (change.fork, change.settled_lost) == (8, False)
    assert window.holds(9, old) is False
    assert window.holds(9, chain.blocks_[9][0].hash) is True
    assert linked(window)


def test_losing_a_settled_block_is_told(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(20)
    window.sync()
    assert (window.settled, window.strong) == (18, 17)
    chain.reorganise(12, keep=True, grow=2)
    change = window.sync()
    assert (change.fork, change.settled_lost) == (8, True)
    assert (window.settled, window.strong) == (20, 19)


def test_a_node_that_lags_is_no_reorganisation(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(10)
    window.sync()
    later = chain.blocks_[8:]
    del chain.blocks_[8:]
    change = window.sync()
    assert (change.head.number, change.fork) == (10, None)
    chain.blocks_ += later
    assert window.sync().fork is None


def test_a_shorter_chain_with_other_blocks_is_one(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(10)
    window.sync()
    chain.reorganise(3, keep=True, grow=-2)
    change = window.sync()
    assert (change.head.number, change.fork) == (8, 7)
    assert window.holds(10, bytes(32)) is False


def test_after_a_long_absence_only_a_judgeable_run_is_fetched(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(3)
    window.sync()
    chain.mine(5 * MAX_RUN)
    change = window.sync()
    assert change.fork is None
    assert chain.asked <= MAX_RUN + 3
    assert window.strong == change.head.number - 3
    assert window.holds(1, bytes(32)) is None
    assert linked(window)


def test_old_headers_are_let_go(chain: Counting, window: HeaderWindow) -> None:
    for _ in range(80):
        chain.mine()
        window.sync()
    assert len(window._headers) <= 16 + 5


def test_an_inconsistent_answer_leaves_the_window_whole(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(5)
    window.sync()
    chain.mine(5)
    good = chain.blocks_[8]
    chain.blocks_[8] = chain.blocks_[3]
    with pytest.raises(HeadersMoved):
        window.sync()
    assert window.head.number == 5
    chain.blocks_[8] = good
    assert window.sync().head.number == 10


def test_a_missing_header_leaves_the_window_whole(chain: Counting, window: HeaderWindow) -> None:
    chain.mine(5)
    window.sync()
    chain.mine(5)
    head = chain.blocks_[-1][0]
    del chain.blocks_[7:]
    chain.head = lambda: head
    with pytest.raises(StateMissing):
        window.sync()
    assert window.head.number == 5
