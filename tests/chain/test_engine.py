"""Engines: what Clique refuses, who sealed, and when a run of headers is settled and strong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import SyntheticChain, account, address, seal

from chain.clique import judge
from chain.engine import CliqueEngine, DevEngine, Finality, SealFault, SealRefused, UnknownEngine, engine_for
from chain.headers import Header

REAL = json.loads((Path(__file__).parents[1] / "vectors" / "headers" / "real.json").read_text())


@pytest.fixture
def chain():
    made = SyntheticChain()
    made.mine(8)
    return made


@pytest.fixture
def engine(chain):
    return CliqueEngine(chain.vanity)


def names(chain):
    return [address(key) for key in chain.validators]


def refused(engine, run, validators) -> SealFault:
    with pytest.raises(SealRefused) as caught:
        engine.finality(run, validators)
    return caught.value.fault


# ---- refusals


def test_an_engine_nobody_knows():
    with pytest.raises(UnknownEngine, match="update this program"):
        engine_for("ibft1")


def test_a_vanity_tag_of_another_length():
    with pytest.raises(ValueError):
        CliqueEngine(b"short")


def test_nothing_to_judge(engine, chain):
    assert refused(engine, [], names(chain)) is SealFault.EMPTY_RUN
    assert refused(engine, chain.blocks[1:3], []) is SealFault.NO_VALIDATORS


def test_a_run_without_end(engine, chain):
    assert refused(engine, chain.blocks[1:2] * 300, names(chain)) is SealFault.TOO_LONG


def test_a_foreign_sealer(engine, chain):
    stranger = account("stranger")
    chain.mine(by=stranger)
    assert refused(engine, [chain.head], names(chain)) is SealFault.FOREIGN_SEALER


def test_a_network_with_another_genesis(chain):
    other = SyntheticChain(seed="saegim", at=1)
    assert refused(CliqueEngine(other.vanity), chain.blocks[1:5], names(chain)) is SealFault.WRONG_VANITY


def test_without_a_tag_given_none_is_asked_for(chain):
    assert CliqueEngine().finality(chain.blocks[1:5], names(chain)).level is Finality.STRONG


@pytest.mark.parametrize("difficulty", [0, 1, 3])
def test_an_in_turn_header_with_another_difficulty(engine, chain, difficulty):
    header = chain.mine(difficulty=difficulty)
    assert refused(engine, [header], names(chain)) is SealFault.WRONG_DIFFICULTY


def test_an_out_of_turn_header_that_claims_its_turn(engine, chain):
    late = chain.validators[(chain.head.number + 2) % 5]
    header = chain.mine(by=late, difficulty=2)
    assert refused(engine, [header], names(chain)) is SealFault.WRONG_DIFFICULTY


def test_difficulty_follows_the_set_it_is_judged_under(engine, chain):
    grown = [*names(chain), address(account("sixth"))]
    assert refused(engine, chain.blocks[1:8], grown) is SealFault.WRONG_DIFFICULTY


def test_a_gap_and_a_wrong_parent(engine, chain):
    run = [chain.blocks[1], chain.blocks[3]]
    assert refused(engine, run, names(chain)) is SealFault.NOT_LINKED
    orphan = seal(replace(chain.blocks[2], parent_hash=b"\7" * 32), chain.validators[2])
    assert refused(engine, [chain.blocks[1], orphan], names(chain)) is SealFault.NOT_LINKED
    jump = seal(replace(chain.blocks[2], number=7), chain.validators[2])
    assert refused(engine, [chain.blocks[1], jump], names(chain)) is SealFault.NOT_LINKED


def test_time_that_stands_still(engine, chain):
    chain.mine(time=chain.head.time)
    assert refused(engine, chain.blocks[-2:], names(chain)) is SealFault.TIME_NOT_INCREASING


def test_the_same_sealer_twice_within_three_blocks(engine, chain):
    one, other = chain.validators[0], chain.validators[1]
    start = len(chain.blocks)
    for by in (one, other, one):
        turn = chain.validators[(chain.head.number + 1) % 5]
        chain.mine(by=by, difficulty=2 if by == turn else 1)
    assert refused(engine, chain.blocks[start:], names(chain)) is SealFault.SEALED_TOO_SOON


@pytest.mark.parametrize("extra", [b"", b"\0" * 64, b"\0" * 97, b"\0" * 98])
def test_extra_data_that_holds_no_seal(engine, chain, extra):
    header = replace(chain.head, extra_data=extra.replace(b"\0" * 32, chain.vanity, 1))
    assert refused(engine, [header], names(chain)) is SealFault.MALFORMED


def test_fields_that_no_clique_chain_has(engine, chain):
    header = replace(chain.head, withdrawals_root=b"\1" * 32)
    assert refused(engine, [header], names(chain)) is SealFault.MALFORMED


def test_a_signer_list_of_another_set(engine, chain):
    right = b"".join(bytes.fromhex(name[2:]) for name in names(chain))
    for listed, fault in ((right, None), (right[20:] + right[:20], SealFault.WRONG_SIGNER_LIST)):
        header = chain.mine(extra_data=chain.vanity + listed + b"\0" * 65)
        if fault is None:
            assert engine.finality([header], names(chain)).distinct == 1
        else:
            assert refused(engine, [header], names(chain)) is fault


@given(st.integers(0, 602), st.integers(1, 255))
def test_no_changed_byte_leaves_the_sealer_as_it_was(position, change):
    chain = CHAIN
    data = bytearray(chain.blocks[3].rlp)
    data[position % len(data)] ^= change
    try:
        header = Header.from_rlp(bytes(data))
        sealer = CliqueEngine(chain.vanity).sealer(header)
    except (SealRefused, ValueError):
        return
    assert sealer not in names(chain)


CHAIN = SyntheticChain()
CHAIN.mine(5)


# ---- what is accepted


@pytest.mark.parametrize("vector", [v for v in REAL if v["sealer"]], ids=lambda v: v["name"])
def test_the_sealer_of_a_real_block(vector):
    header = Header.from_rpc(vector["block"])
    engine = CliqueEngine(b"ab" * 16)
    assert engine.sealer(header) == vector["sealer"]
    assert engine.finality([header], [vector["sealer"]]).level is Finality.STRONG


def test_the_genesis_has_no_sealer():
    with pytest.raises(SealRefused):
        CliqueEngine().sealer(Header.from_rpc(REAL[0]["block"]))


def test_five_healthy_nodes_settle_in_three_blocks_and_are_strong_in_four(engine, chain):
    levels = [engine.finality(chain.blocks[1 : 1 + n], names(chain)).level for n in (1, 2, 3, 4)]
    assert levels == [Finality.PENDING, Finality.PENDING, Finality.SETTLED, Finality.STRONG]


def test_three_sealers_out_of_turn_weigh_too_little(engine, chain):
    while chain.head.number % 5 != 4:
        chain.mine()
    start = len(chain.blocks)  # number ≡ 0: turns 0, 1, 2 would be those of validators 0, 1, 2
    for i in (3, 4, 0):
        chain.mine(by=chain.validators[i])
    run = chain.blocks[start:]
    result = engine.finality(run, names(chain))
    assert (result.distinct, result.weight, result.level) == (3, 3, Finality.PENDING)


def test_two_of_five_dead_settles_but_is_never_strong(engine, chain):
    start = len(chain.blocks)
    for i in range(30):
        chain.mine(by=chain.validators[i % 3])
    result = engine.finality(chain.blocks[start:], names(chain))
    assert (result.level, result.distinct, result.validators) == (Finality.SETTLED, 3, 5)


def test_the_order_in_which_validators_are_named_does_not_matter(engine, chain):
    assert engine.finality(chain.blocks[1:5], names(chain)[::-1]) == engine.finality(
        chain.blocks[1:5], names(chain)
    )
    assert engine.finality(chain.blocks[1:5], [n.lower() for n in names(chain)]).distinct == 4


@given(st.integers(1, 64), st.integers(0, 70), st.integers(0, 200))
def test_the_rule_in_whole_numbers(n, distinct, weight):
    level = judge(distinct, weight, n).level
    settled = distinct >= n // 2 + 1 and weight > 2 * (n // 2)
    strong = settled and distinct >= -(-2 * n // 3)
    assert level == (Finality.STRONG if strong else Finality.SETTLED if settled else Finality.PENDING)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_a_longer_run_is_never_less_final(order):
    chain = SyntheticChain()
    last: dict[int, int] = {}
    for place, i in enumerate(order):
        if place - last.get(i, -9) >= 3:
            last[i] = place
            turn = chain.validators[(chain.head.number + 1) % 5] is chain.validators[i]
            chain.mine(by=chain.validators[i], difficulty=2 if turn else 1)
        else:
            break
    run, engine = chain.blocks[1:], CliqueEngine(chain.vanity)
    found = [engine.finality(run[:n], names(chain)).level for n in range(1, len(run) + 1)]
    assert found == sorted(found)


# ---- changes of the set


def test_endorsement_counts_only_the_earlier_set(engine, chain):
    earlier = names(chain)
    chain.register_change([*chain.validators[1:], account("saegim-validator-6")])
    chain.adopt_change()
    start = len(chain.blocks)
    chain.mine(8)
    run = chain.blocks[start:]
    result = engine.endorsement(run, earlier)
    assert (result.distinct, result.level) == (4, Finality.STRONG)
    assert result.weight == sum(engine.sealer(header) in earlier for header in run)
    assert engine.endorsement(run[:4], earlier).level is not Finality.STRONG


def test_endorsement_by_strangers_is_none(engine, chain):
    strangers = [address(account(f"stranger-{i}")) for i in range(5)]
    result = engine.endorsement(chain.blocks[1:9], strangers)
    assert (result.distinct, result.level) == (0, Finality.PENDING)
    with pytest.raises(SealRefused):
        engine.endorsement(chain.blocks[1:9], [])


# ---- the development node


def test_a_development_node_is_final_at_once_and_proves_nothing(chain):
    engine = engine_for("dev")
    assert isinstance(engine, DevEngine)
    assert not engine.proves
    assert engine.finality(chain.blocks[1:2], names(chain)).level is Finality.STRONG
    assert engine.endorsement(chain.blocks[1:2], []).level is Finality.STRONG
    assert engine.sealer(chain.blocks[1]) == "0x" + "0" * 40
    chain.mine(time=chain.head.time)  # several blocks in one second
    assert engine.finality(chain.blocks[-2:], names(chain)).level is Finality.STRONG
    with pytest.raises(SealRefused):
        engine.finality([chain.blocks[1], chain.blocks[3]], names(chain))
