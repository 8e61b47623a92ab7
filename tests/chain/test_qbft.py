"""QBFT: what is refused, what a block hash leaves out, and that ⌈2N/3⌉ seals of the given set decide."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from qbft_chain import QbftChain, commit, raw, with_extra
from synthetic import SyntheticChain, account, address, to_rpc

from chain.engine import CliqueEngine, Finality, QbftEngine, SealFault, SealRefused, engine_for
from chain.hashing import keccak256
from chain.headers import Header
from chain.qbft import quorum
from chain.qbft_extra import ADD, DROP, ExtraMalformed, QbftExtra, decode_extra

N = 115792089237316195423570985008687907852837564279074904382605163141518161494337
"""Order of secp256k1."""


@pytest.fixture
def chain():
    made = QbftChain()
    made.mine(4)
    return made


@pytest.fixture
def engine(chain):
    return QbftEngine(chain.vanity)


def names(chain):
    return [address(key) for key in chain.validators]


def refused(engine, run, validators) -> SealFault:
    with pytest.raises(SealRefused) as caught:
        engine.finality(run, validators)
    return caught.value.fault


def seals_of(header: Header) -> tuple[bytes, ...]:
    return decode_extra(header.extra_data).seals


def with_seals(header: Header, *seals: bytes) -> Header:
    return with_extra(header, replace(decode_extra(header.extra_data), seals=seals))


# ---- refusals


def test_a_vanity_tag_of_another_length():
    with pytest.raises(ValueError):
        QbftEngine(b"short")


def test_nothing_to_judge(engine, chain):
    assert refused(engine, [], names(chain)) is SealFault.EMPTY_RUN
    assert refused(engine, [chain.head], []) is SealFault.NO_VALIDATORS
    assert refused(engine, [chain.head] * 300, names(chain)) is SealFault.TOO_LONG
    with pytest.raises(SealRefused):
        engine.endorsement([chain.head], [])


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_one_seal_too_few_in_any_header_of_the_run(engine, chain, count):
    chain.mine(by=chain.validators[:4])
    weak = commit(chain.head, chain.validators[:count])
    assert refused(engine, [weak], names(chain)) is SealFault.TOO_FEW_SEALS
    assert refused(engine, [chain.blocks[-2], weak], names(chain)) is SealFault.TOO_FEW_SEALS


def test_the_genesis_block_has_no_seals(engine, chain):
    genesis = chain.blocks[0]
    assert refused(QbftEngine(), [genesis], names(chain)) is SealFault.FOREIGN_SEALER
    proposed = replace(genesis, beneficiary=raw(chain.validators[0]))
    assert refused(QbftEngine(), [proposed], names(chain)) is SealFault.TOO_FEW_SEALS
    assert refused(engine, [proposed], names(chain)) is SealFault.WRONG_VANITY


def test_one_seal_said_twice(engine, chain):
    a, b, c, d = seals_of(chain.head)
    assert refused(engine, [with_seals(chain.head, a, b, c, c)], names(chain)) is SealFault.DUPLICATE_SEAL
    assert refused(engine, [with_seals(chain.head, a, b, c, d, d)], names(chain)) is SealFault.DUPLICATE_SEAL


def test_one_seal_said_twice_in_its_other_form(engine, chain):
    """(r, n − s) with the other parity is a second valid signature that anybody can make of the first."""
    a, b, c, _ = seals_of(chain.head)
    s = N - int.from_bytes(c[32:64], "big")
    twin = c[:32] + s.to_bytes(32, "big") + bytes([c[64] ^ 1])
    assert refused(engine, [with_seals(chain.head, a, b, c, twin)], names(chain)) is SealFault.DUPLICATE_SEAL


def test_a_stranger_among_enough_members(engine, chain):
    stranger = account("stranger")
    chain.mine(by=[*chain.validators, stranger])
    assert refused(engine, [chain.head], names(chain)) is SealFault.FOREIGN_SEALER


def test_a_stranger_as_proposer(engine, chain):
    chain.mine(beneficiary=raw(account("stranger")))
    assert refused(engine, [chain.head], names(chain)) is SealFault.FOREIGN_SEALER


def test_the_headers_own_list_is_never_believed(engine, chain):
    """A header that lists its own sealers as validators counts for nothing against the set that is given."""
    thieves = [account(f"thief-{i}") for i in range(4)]
    chain.mine(by=thieves, validators=tuple(sorted(raw(key) for key in thieves)))
    assert refused(engine, [chain.head], names(chain)) is SealFault.FOREIGN_SEALER
    assert engine.endorsement([chain.head], names(chain)).level is Finality.PENDING


def test_a_list_that_contradicts_the_set(engine, chain):
    listed = tuple(raw(key) for key in chain.validators)
    chain.mine(validators=listed[:4])
    assert refused(engine, [chain.head], names(chain)) is SealFault.WRONG_SIGNER_LIST
    chain.mine(validators=listed)
    assert engine.finality([chain.head], names(chain)).level is Finality.STRONG


def test_a_seal_of_another_round_is_of_nobody_known(engine, chain):
    moved = with_extra(chain.head, replace(decode_extra(chain.head.extra_data), round=1))
    assert moved.hash == chain.head.hash
    assert refused(engine, [moved], names(chain)) is SealFault.FOREIGN_SEALER


@pytest.mark.parametrize(
    "seal",
    [
        bytes(65),
        b"\xff" * 64 + b"\0",
        N.to_bytes(32, "big") + b"\1" * 32 + b"\0",
        b"\1" * 32 + N.to_bytes(32, "big") + b"\0",
    ],
    ids=["zero", "ones", "r too large", "s too large"],
)
def test_a_seal_that_no_key_makes(engine, chain, seal):
    header = with_seals(chain.head, *seals_of(chain.head)[:3], seal)
    assert refused(engine, [header], names(chain)) is SealFault.MALFORMED
    with pytest.raises(SealRefused):
        engine.endorsement([header], names(chain))


@pytest.mark.parametrize("shift", [2, 27, 255 - 1])
def test_a_recovery_id_that_besu_does_not_write(engine, chain, shift):
    a, b, c, d = seals_of(chain.head)
    header = with_seals(chain.head, a, b, c, d[:64] + bytes([d[64] + shift]))
    assert refused(engine, [header], names(chain)) is SealFault.MALFORMED


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"difficulty": 0}, SealFault.WRONG_DIFFICULTY),
        ({"difficulty": 2}, SealFault.WRONG_DIFFICULTY),
        ({"nonce": b"\0" * 7 + b"\1"}, SealFault.MALFORMED),
        ({"uncles_hash": bytes(32)}, SealFault.MALFORMED),
        ({"mix_digest": bytes(32)}, SealFault.MALFORMED),
        ({"vanity": b"another network's 32 bytes of tag"[:32]}, SealFault.WRONG_VANITY),
    ],
)
def test_constants_of_another_engine_or_network(engine, chain, change, fault):
    chain.mine(**change)
    assert refused(engine, [chain.head], names(chain)) is fault
    with pytest.raises(SealRefused) as caught:
        engine.sealer(chain.head)
    assert caught.value.fault is fault


def test_headers_that_do_not_follow_each_other(engine, chain):
    a, b, c = chain.blocks[1:4]
    assert refused(engine, [a, c], names(chain)) is SealFault.NOT_LINKED
    assert refused(engine, [b, a], names(chain)) is SealFault.NOT_LINKED
    chain.mine(time=chain.head.time)
    assert refused(engine, chain.blocks[-2:], names(chain)) is SealFault.TIME_NOT_INCREASING


def test_each_engine_refuses_the_others_headers(engine, chain):
    clique = SyntheticChain()
    clique.mine(4)
    judge = CliqueEngine(clique.vanity)
    assert refused(engine, [clique.head], names(chain)) is SealFault.MALFORMED
    assert refused(CliqueEngine(), [chain.head], names(chain)) is SealFault.MALFORMED
    clique.mine(mix_digest=chain.head.mix_digest)  # it would be hashed by QBFT's rule
    assert refused(judge, [clique.head], names(clique)) is SealFault.MALFORMED


# ---- extra data

EXTRA = QbftExtra(bytes(range(32)), (b"\1" * 20, b"\2" * 20), (b"\3" * 20, ADD), 7, (b"\4" * 65, b"\5" * 65))


@pytest.mark.parametrize(
    "parts",
    [
        [bytes(31), [], [], b"", []],
        [[], [], [], b"", []],
        [bytes(32), b"", [], b"", []],
        [bytes(32), [b"\1" * 19], [], b"", []],
        [bytes(32), [[b"\1" * 20]], [], b"", []],
        [bytes(32), [], b"", b"", []],
        [bytes(32), [], [b"\1" * 20], b"", []],
        [bytes(32), [], [b"\1" * 20, b"\1"], b"", []],
        [bytes(32), [], [b"\1" * 19, ADD], b"", []],
        [bytes(32), [], [], b"\0\1", []],
        [bytes(32), [], [], b"\1" * 5, []],
        [bytes(32), [], [], [], []],
        [bytes(32), [], [], b"", b""],
        [bytes(32), [], [], b"", [b"\1" * 64]],
        [bytes(32), [], [], b""],
        [bytes(32), [], [], b"", [], b"hidden from the hash"],
    ],
    ids=range(16),
)
def test_extra_data_that_no_node_writes(engine, chain, parts):
    data = rlp.encode(parts)
    with pytest.raises(ExtraMalformed):
        decode_extra(data)
    header = replace(chain.head, extra_data=data)
    assert header.hash == keccak256(header.rlp)
    assert refused(engine, [header], names(chain)) is SealFault.MALFORMED


@given(st.integers(0, len(EXTRA.encode()) - 1), st.integers(1, 255))
def test_any_changed_byte_of_extra_data_is_seen(position, change):
    data = bytearray(EXTRA.encode())
    data[position] ^= change
    try:
        found = decode_extra(bytes(data))
    except ExtraMalformed:
        return
    assert found != EXTRA
    assert found.encode() == bytes(data)


@given(st.binary(max_size=120))
def test_arbitrary_extra_data_raises_nothing_else(data):
    with pytest.raises(ExtraMalformed):
        decode_extra(data)


def test_the_encoding_is_besus():
    """Built by hand from the decoded form in Besu's QbftExtraDataCodecTest; the digest is of its published bytes."""
    member = [bytes(19) + bytes([i]) for i in (1, 2)]
    one, ten = (value.to_bytes(32, "big") for value in (1, 10))
    extra = QbftExtra(
        bytes(range(1, 33)),
        tuple(member),
        (member[0], ADD),
        0xFEDCBA,
        (one + ten + b"\0", ten + one + b"\0"),
    )
    assert keccak256(extra.encode()).hex() == BESU_CODEC_DIGEST
    assert decode_extra(extra.encode()) == extra
    dropped = replace(extra, vote=(member[0], DROP))
    assert decode_extra(dropped.encode()) == dropped
    assert len(extra.encode()) - len(dropped.encode()) == 1


BESU_CODEC_DIGEST = "ca761588772ba105a0ed20b852198616d6065776c74ad1ce9855e5f3e512302b"


# ---- hashes


def test_the_hash_is_the_same_whoever_sealed_in_whichever_round(chain):
    header = chain.head
    for number in (0, 1, 300):
        moved = with_extra(header, replace(decode_extra(header.extra_data), round=number))
        other = commit(moved, chain.validators[1:])
        assert other.hash == header.hash
        assert other.rlp != header.rlp or number == 0
    bare = with_seals(header)
    assert header.hash == bare.hash == keccak256(bare.rlp)


def test_the_hash_covers_everything_else(chain):
    header, extra = chain.head, decode_extra(chain.head.extra_data)
    parts = [
        replace(extra, vanity=bytes(32)),
        replace(extra, vote=(b"\1" * 20, ADD)),
        replace(extra, validators=(b"\1" * 20,)),
    ]
    changed = [with_extra(header, part) for part in parts]
    changed += [replace(header, state_root=b"\1" * 32), replace(header, time=header.time + 1)]
    assert len({header.hash, *(other.hash for other in changed)}) == 6


def test_the_genesis_block_is_hashed_as_it_is(chain):
    genesis = chain.blocks[0]
    assert genesis.hash == keccak256(genesis.rlp)


def test_through_rlp_json_and_back(chain):
    assert Header.from_rlp(chain.head.rlp) == chain.head
    assert Header.from_rpc(to_rpc(chain.head)).hash == chain.head.hash


def test_fields_of_later_forks_are_sealed_and_hashed(engine, chain):
    chain.mine(withdrawals_root=bytes(32), blob_gas_used=0, excess_blob_gas=0)
    assert engine.finality([chain.head], names(chain)).level is Finality.STRONG
    altered = replace(chain.head, blob_gas_used=1)
    assert refused(engine, [altered], names(chain)) is SealFault.FOREIGN_SEALER


# ---- what counts


@pytest.mark.parametrize("round_number", [0, 1, 70_000])
def test_a_quorum_is_strong_at_once(engine, chain, round_number):
    chain.mine(round=round_number)
    result = engine.finality([chain.head], names(chain))
    assert (result.level, result.distinct, result.weight, result.validators) == (Finality.STRONG, 4, 4, 5)
    assert set(engine.sealers(chain.head)) < set(names(chain))
    assert engine.sealer(chain.head) == engine.sealers(chain.head)[0]
    assert isinstance(engine_for("qbft"), QbftEngine)
    assert engine.proves


def test_the_order_and_the_case_of_names_do_not_matter(engine, chain):
    turned = [name.lower() for name in reversed(names(chain))]
    assert engine.finality([chain.head], turned) == engine.finality([chain.head], names(chain))


@given(st.integers(1, 64))
def test_the_quorum_is_two_thirds_rounded_up(n):
    assert 3 * quorum(n) >= 2 * n > 3 * (quorum(n) - 1)
    byzantine = (n - 1) // 3
    assert 2 * quorum(n) - n > byzantine  # two quorums share an honest member
    assert n - byzantine >= quorum(n)  # and the honest alone are one


@given(st.integers(1, 7), st.integers(0, 2**32), st.integers(0, 3))
def test_strong_exactly_when_enough_distinct_members_sealed(n, seed, strangers):
    chain = QbftChain(n)
    rng = random.Random(seed)
    sealers = rng.sample(chain.validators, rng.randint(0, n)) + [account(f"s{i}") for i in range(strangers)]
    chain.mine(by=chain.validators[:1])
    header = commit(chain.head, rng.sample(sealers, len(sealers)))
    members = sum(key in chain.validators for key in sealers)
    engine = QbftEngine(chain.vanity)
    if strangers:
        assert refused(engine, [header], names(chain)) is SealFault.FOREIGN_SEALER
    elif 3 * members < 2 * n:
        assert refused(engine, [header], names(chain)) is SealFault.TOO_FEW_SEALS
    else:
        assert engine.finality([header], names(chain)).distinct == members
    endorsed = engine.endorsement([header], names(chain))
    assert endorsed.distinct == members
    assert (endorsed.level is Finality.STRONG) == (3 * members >= 2 * n)


# ---- changes of the set


def test_an_earlier_set_endorses_by_the_seals_of_several_headers(engine, chain):
    """5 → 4 with three seals a block: the four that stay sign within two blocks, and a seal commits to ancestors."""
    earlier = names(chain)
    chain.register_change(chain.validators[1:])
    chain.adopt_change()
    start = len(chain.blocks)
    chain.mine(2)
    run = chain.blocks[start:]
    assert engine.finality(run, names(chain)).distinct == 3
    assert engine.endorsement(run[:1], earlier).level is Finality.PENDING
    result = engine.endorsement(run, earlier)
    assert (result.level, result.distinct, result.weight) == (Finality.STRONG, 4, 6)


def test_strangers_seals_say_nothing_to_the_earlier_set(engine, chain):
    earlier = names(chain)
    chain.register_change(chain.keys([5, 6, 7, 8, 9]))
    chain.adopt_change()
    start = len(chain.blocks)
    chain.mine(9)
    result = engine.endorsement(chain.blocks[start:], earlier)
    assert (result.level, result.distinct) == (Finality.PENDING, 1)
