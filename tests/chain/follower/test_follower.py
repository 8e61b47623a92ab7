"""What the follower refuses, what readers may see, and how it goes on after trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from fake_chain import DepthEngine
from fake_events import FakeEvents

from chain.client import Log
from chain.contracts.vocabulary import DocumentState, Standing
from chain.db import reading
from chain.errors import NodeUnavailable
from chain.finality import Finality, FinalityResult, SealFault, SealRefused
from chain.follower import LogsInconsistent, OtherChain
from chain.follower.projections import documents, institutions
from chain.window import HeadersMoved

ROOT, LEAF, NEXT = b"\1" * 32, b"\2" * 32, b"\3" * 32
ANCHORED = ("DocumentRegistry", "Anchored", (1, ROOT, 4))
WITHDRAWN = ("DocumentRegistry", "Withdrawn", (1, LEAF, 2))
AMENDED = ("DocumentRegistry", "Amended", (1, LEAF, NEXT, 1))
A, B, C, D = ("0x" + f"{number:02x}" * 20 for number in (0xA0, 0xB0, 0xC0, 0xD0))


def set_changed(epoch: int, *validators: str) -> tuple[str, str, tuple[Any, ...]]:
    return ("InstitutionRegistry", "ValidatorSetChanged", (epoch, bytes(32), validators))


def test_nothing_is_final_before_anything_is_followed(watch: Any) -> None:
    assert watch.heights() == (-1, -1, -1)


def test_readers_see_a_height_only_when_it_is_that_final(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    seen = []
    for _ in range(4):
        watch.follower.step()
        with reading(watch.db) as session:
            heights = [watch.follower.height(session, finality) for finality in Finality]
            seen.append([documents.batch(session, 1, ROOT, upto=height) is not None for height in heights])
        chain.mine()
    assert seen == [
        [True, False, False],
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_replaced_blocks_take_their_rows_with_them(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    chain.mine(WITHDRAWN)
    watch.follower.step()
    chain.cut(1)
    chain.mine(AMENDED)
    chain.mine()
    assert watch.follower.step().fork == 1
    with reading(watch.db) as session:
        mark = documents.mark(session, 1, LEAF, upto=9)
        assert (mark.state, mark.block_hash) == (DocumentState.SUPERSEDED, chain.blocks[2][0].hash)
        assert documents.batch(session, 1, ROOT, upto=9) is not None


def test_documents_can_be_read_as_of_any_height(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    chain.mine(WITHDRAWN)
    chain.mine(("DocumentRegistry", "Annulled", (1, LEAF)), ("DocumentRegistry", "Reaffirmed", (1, ROOT)))
    chain.mine(AMENDED)
    watch.follower.step()
    with reading(watch.db) as session:
        marks = [documents.mark(session, 1, LEAF, upto=height) for height in (1, 2, 3, 4)]
        assert [mark and mark.state for mark in marks] == [
            None,
            DocumentState.WITHDRAWN,
            DocumentState.ACTIVE,
            DocumentState.SUPERSEDED,
        ]
        assert marks[3].successor_leaf == NEXT
        assert documents.mark(session, 2, LEAF, upto=9) is None
        assert documents.reaffirmed(session, 1, ROOT, upto=2) is None
        assert documents.reaffirmed(session, 1, ROOT, upto=3).block_number == 3
        batch = documents.batch(session, 1, ROOT, upto=1)
        assert (batch.block_hash, batch.depth) == (chain.blocks[1][0].hash, 4)


def test_institutions_are_projected(chain: FakeEvents, watch: Any) -> None:
    name = b"krnpi:11100001".ljust(32, b"\0")
    registry = "InstitutionRegistry"
    chain.mine(
        (registry, "Admitted", (1, name, 1, True, 0, A, 1_760_000_005)),
        (registry, "OperatorSet", (1, A, 6, 0, 0)),
        (registry, "KeySet", (1, ROOT, 1, LEAF, NEXT, 1_760_000_001, 2**40 - 1, 0)),
    )
    chain.mine(
        (registry, "StandingChanged", (1, 2, 0)), (registry, "OperatorCompromised", (1, A, 1_760_000_000))
    )
    watch.follower.step()
    with reading(watch.db) as session:
        assert institutions.institution(session, 1, upto=2).public_id == "krnpi:11100001"
        standings = [institutions.standing(session, 1, upto=height).standing for height in (1, 2)]
        assert standings == [Standing.ACTIVE, Standing.SUSPENDED]
        operator = institutions.operator(session, to_checksum_address(A), upto=2)
        assert (operator.roles, operator.until) == (6, None)
        key = institutions.key(session, ROOT, upto=2)
        assert (key.x, key.valid_until.year, key.compromised_since) == (LEAF, 9999, None)
        assert institutions.compromise(session, operator.account, upto=1) is None
        assert institutions.compromise(session, operator.account, upto=2) is not None


def test_a_database_of_another_chain_is_refused(chain: FakeEvents, watch: Any) -> None:
    watch.follower.step()
    other = chain.deployment.model_copy(update={"genesis_hash": "0x" + "77" * 32})
    watch.restart(deployment=other)
    with pytest.raises(OtherChain):
        watch.follower.step()


def test_only_one_process_follows(chain: FakeEvents, watch: Any, watch_over: Callable[..., Any]) -> None:
    chain.mine(ANCHORED)
    assert watch.follower.step().leader
    twin = watch_over(chain)
    twin.db = watch.db
    twin.follower._db = watch.db
    assert not twin.follower.step().leader
    watch.follower.close()
    assert twin.follower.step().leader


def test_node_trouble_is_reported_and_survived(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    chain.down = True
    assert isinstance(watch.follower.step().errors[0], NodeUnavailable)
    chain.down = False
    assert watch.follower.step().events == 1


def test_ranges_that_a_node_finds_too_large_are_halved(chain: FakeEvents, watch: Any) -> None:
    for _ in range(20):
        chain.mine(WITHDRAWN)
    chain.most_blocks = 3
    report = watch.follower.step()
    assert (report.errors, report.events) == ([], 20)


def test_logs_left_out_of_a_range_are_noticed_by_the_bloom_filter(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    chain.mine(WITHDRAWN)
    chain.hide = {1}
    assert watch.follower.step().events == 2


@pytest.mark.parametrize(
    "forge",
    [
        lambda log: replace(log, block_hash=b"\7" * 32),
        lambda log: replace(log, topics=(log.topics[0], *[b"\x55" * 32] * 2)),
    ],
    ids=["another block", "not in the bloom filter"],
)
def test_forged_logs_are_not_taken_in(chain: FakeEvents, watch: Any, forge: Callable[[Log], Log]) -> None:
    chain.mine(ANCHORED)
    header, logs = chain.blocks[1]
    chain.blocks[1] = (header, (forge(logs[0]),))
    assert isinstance(watch.follower.step().errors[0], LogsInconsistent)
    assert watch.heights() == (0, -1, -1)
    chain.blocks[1] = (header, logs)
    assert watch.follower.step().events == 1


def test_headers_that_do_not_link_are_not_taken_in(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    chain.mine()
    header, logs = chain.blocks[1]
    chain.blocks[1] = (replace(header, extra_data=b"another fork"), logs)
    assert isinstance(watch.follower.step().errors[0], HeadersMoved)


def test_after_a_long_absence_everything_is_caught_up(chain: FakeEvents, watch: Any) -> None:
    chain.mine(ANCHORED)
    watch.follower.step()
    for _ in range(700):
        chain.mine()
    chain.mine(WITHDRAWN)
    watch.restart()
    report = watch.follower.step()
    assert (report.events, report.caught_up, report.strong) == (1, True, 699)


class SetEngine(DepthEngine):
    """Counts the members of the set, and remembers which sets were asked about."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.refuse_until = 0

    def finality(self, run: Any, validators: Any) -> FinalityResult:
        self.asked.append(tuple(validators))
        if not validators or (len(validators) == 4 and run[-1].number < self.refuse_until):
            raise SealRefused(SealFault.WRONG_DIFFICULTY, run[-1].number)
        return super().finality(run, validators)

    def endorsement(self, run: Any, validators: Any) -> FinalityResult:
        return DepthEngine.finality(self, run, validators)


def test_a_new_validator_set_counts_once_the_old_one_made_it_strong(
    chain: FakeEvents, watch_over: Callable[..., Any]
) -> None:
    engine = SetEngine()
    watch = watch_over(chain, engine=engine)
    chain.mine(set_changed(1, A, B, C))
    watch.follower.step()
    first = watch.follower.validator_sets()[0]
    assert len(first) == 3
    chain.mine(set_changed(2, A, B, C, D))
    watch.follower.step()
    assert watch.follower.validator_sets()[0] == first
    chain.mine()
    chain.mine()
    chain.mine()
    watch.follower.step()
    assert [len(found) for found in watch.follower.validator_sets()] == [4, 3]
    watch.restart()
    watch.follower.step()
    assert [len(found) for found in watch.follower.validator_sets()] == [4, 3]


def test_until_the_engine_follows_the_old_set_still_seals(
    chain: FakeEvents, watch_over: Callable[..., Any]
) -> None:
    engine = SetEngine()
    watch = watch_over(chain, engine=engine)
    chain.mine(set_changed(1, A, B, C))
    chain.mine(set_changed(2, A, B, C, D))
    engine.refuse_until = 12
    for _ in range(8):
        chain.mine()
        assert watch.follower.step().fault is None
    assert watch.heights()[1] == 8
    for _ in range(8):
        chain.mine()
        watch.follower.step()
    assert watch.heights()[1] == 16
    engine.asked.clear()
    chain.mine()
    watch.follower.step()
    assert {len(asked) for asked in engine.asked} == {4}


def test_a_head_sealed_by_strangers_counts_for_nothing(
    chain: FakeEvents, watch_over: Callable[..., Any]
) -> None:
    class Strangers(DepthEngine):
        def finality(self, run: Any, validators: Any) -> FinalityResult:
            raise SealRefused(SealFault.FOREIGN_SEALER, run[-1].number)

    watch = watch_over(chain, engine=Strangers())
    for _ in range(9):
        chain.mine(ANCHORED)
    report = watch.follower.step()
    assert report.fault is not None
    assert report.fault.fault is SealFault.FOREIGN_SEALER
    assert watch.heights() == (9, -1, -1)


def test_a_trusted_set_from_outside_is_where_belief_begins(
    chain: FakeEvents, watch_over: Callable[..., Any]
) -> None:
    watch = watch_over(chain, trusted=(5, (A, B)))
    chain.mine(set_changed(5, C, D))
    for _ in range(5):
        chain.mine()
    watch.follower.step()
    assert watch.follower.validator_sets() == ((A, B),)
