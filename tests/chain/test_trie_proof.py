"""Trie proofs: the same answers as the `trie` package, and a typed refusal for whatever is no proof."""

from __future__ import annotations

import sys

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from chain.encoding import RlpMalformed, decode_rlp
from chain.hashing import keccak256
from chain.trie_proof import EMPTY_ROOT, MAX_NODE_BYTES, MAX_NODES, NodeBag, StateReader, StateUnreadable

WHO = b"\7" * 20
slots = st.dictionaries(st.integers(0, 2**16), st.integers(1, 2**256 - 1), min_size=1, max_size=40)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def state_of(values: dict[int, int]) -> tuple[bytes, HexaryTrie, HexaryTrie]:
    db: dict[bytes, bytes] = {}
    storage = HexaryTrie(db)
    for slot, value in values.items():
        storage[keccak256(word(slot))] = rlp.encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
    accounts = HexaryTrie(db)
    accounts[keccak256(WHO)] = rlp.encode([b"\1", b"", storage.root_hash, b"\3" * 32])
    for i in range(20):
        accounts[keccak256(b"other%d" % i)] = rlp.encode([b"", b"\1", EMPTY_ROOT, b"\3" * 32])
    return accounts.root_hash, accounts, storage


def proof_of(accounts: HexaryTrie, storage: HexaryTrie, wanted: list[int]) -> list[bytes]:
    nodes = list(accounts.get_proof(keccak256(WHO)))
    for slot in wanted:
        nodes += storage.get_proof(keccak256(word(slot)))
    return list(dict.fromkeys(rlp.encode(node) for node in nodes))


@given(slots, st.lists(st.integers(0, 2**16), max_size=5))
def test_shows_every_slot_and_every_absence(values, others):
    root, accounts, storage = state_of(values)
    wanted = [*values, *others]
    reader = StateReader(root, NodeBag(proof_of(accounts, storage, wanted)))
    for slot in wanted:
        assert reader.slot(WHO, word(slot)) == values.get(slot, 0)


@given(st.integers(0, 2**16))
def test_an_absence_is_shown_by_its_own_nodes_alone(other):
    """Also where the trie ends in an extension that leads elsewhere: nothing below it is needed."""
    near = [slot for slot in range(3000) if keccak256(word(slot)).hex().startswith("00")][:2]
    root, accounts, storage = state_of(dict.fromkeys(near, 1))
    bag = NodeBag(proof_of(accounts, storage, [other]))
    assert StateReader(root, bag).slot(WHO, word(other)) == (1 if other in near else 0)


@given(slots, st.data())
def test_a_missing_or_changed_node_is_noticed(values, data):
    root, accounts, storage = state_of(values)
    slot = data.draw(st.sampled_from(sorted(values)))
    nodes = proof_of(accounts, storage, [slot])
    bag = NodeBag(nodes)
    StateReader(root, bag).slot(WHO, word(slot))
    needed = bag.used()
    victim = data.draw(st.integers(0, len(needed) - 1))
    position = data.draw(st.integers(0, len(needed[victim]) - 1))
    changed = bytearray(needed[victim])
    changed[position] ^= data.draw(st.integers(1, 255))
    for rest in ([], [bytes(changed)]):
        broken = [*needed[:victim], *rest, *needed[victim + 1 :]]
        with pytest.raises(StateUnreadable) as caught:
            StateReader(root, NodeBag(broken)).slot(WHO, word(slot))
        assert caught.value.code == "node_missing"


def test_an_account_that_is_not_there_and_one_without_storage():
    root, accounts, _ = state_of({1: 1})
    nodes = [rlp.encode(n) for who in (b"\1" * 20,) for n in accounts.get_proof(keccak256(who))]
    with pytest.raises(StateUnreadable) as caught:
        StateReader(root, NodeBag(nodes)).slot(b"\1" * 20, word(1))
    assert caught.value.code == "account_absent"
    empty = HexaryTrie({})
    empty[keccak256(WHO)] = rlp.encode([b"", b"", EMPTY_ROOT, b"\3" * 32])
    bag = NodeBag([rlp.encode(n) for n in empty.get_proof(keccak256(WHO))])
    assert StateReader(empty.root_hash, bag).slot(WHO, word(1)) == 0


def test_bags_have_limits():
    with pytest.raises(StateUnreadable, match="bag_too_large"):
        NodeBag([b"\0" * (MAX_NODE_BYTES + 1)])
    with pytest.raises(StateUnreadable, match="bag_too_large"):
        NodeBag(word(i) for i in range(MAX_NODES + 1))


def test_only_what_was_needed_counts_as_used():
    root, accounts, storage = state_of({i: i + 1 for i in range(50)})
    bag = NodeBag([b"stray", *proof_of(accounts, storage, [3])])
    StateReader(root, bag).slot(WHO, word(3))
    assert b"stray" not in bag.used()
    assert 0 < len(bag.used()) < len(bag)


HOSTILE = {
    "not rlp": b"\xff\xff",
    "a string": rlp.encode(b"x" * 40),
    "an empty list": b"\xc0",
    "three items": rlp.encode([b"a", b"b", b"c"]),
    "a branch of lists that lead nowhere": rlp.encode([[b"x"]] * 17),
    "a branch with references of 31 bytes": rlp.encode([b"r" * 31] * 17),
    "an empty path": rlp.encode([b"", b"v" * 32]),
    "a path flag that does not exist": rlp.encode([b"\x50", b"v" * 32]),
    "an even path with rubbish in its padding": rlp.encode([b"\x05", b"v" * 32]),
    "an extension that leads to itself": rlp.encode([b"\x00", [b"\x00", b"v" * 32]]),
    "a leaf of a list": rlp.encode([b"\x20", [b"v"]]),
    "lists within lists": b"".join(bytes([0xC0 + n]) for n in range(55, -1, -1)),
}


@pytest.mark.parametrize("node", HOSTILE.values(), ids=HOSTILE)
def test_a_node_of_any_other_shape_is_malformed(node):
    with pytest.raises(StateUnreadable) as caught:
        StateReader(keccak256(node), NodeBag([node])).slot(WHO, word(1))
    assert caught.value.code == "node_malformed"


ACCOUNTS = {
    "no list": (b"\x83abc", "account_malformed"),
    "three fields": (rlp.encode([b"", b"", EMPTY_ROOT]), "account_malformed"),
    "a short root": (rlp.encode([b"", b"", b"r" * 31, b""]), "account_malformed"),
    "a list for a root": (rlp.encode([b"", b"", [b"r" * 32], b""]), "account_malformed"),
    "an unknown root": (rlp.encode([b"", b"", b"r" * 32, b""]), "node_missing"),
}


@pytest.mark.parametrize(("item", "code"), ACCOUNTS.values(), ids=ACCOUNTS)
def test_an_account_of_any_other_shape_is_malformed(item, code):
    trie = HexaryTrie({})
    trie[keccak256(WHO)] = item
    bag = NodeBag([rlp.encode(n) for n in trie.get_proof(keccak256(WHO))])
    with pytest.raises(StateUnreadable) as caught:
        StateReader(trie.root_hash, bag).slot(WHO, word(1))
    assert caught.value.code == code


def read_slot_holding(item):
    """What a reader sees where the trie holds `item` for a slot."""
    storage, accounts = HexaryTrie({}), HexaryTrie({})
    storage[keccak256(word(1))] = item
    accounts[keccak256(WHO)] = rlp.encode([b"", b"", storage.root_hash, b""])
    nodes = [*accounts.get_proof(keccak256(WHO)), *storage.get_proof(keccak256(word(1)))]
    bag = NodeBag([rlp.encode(n) for n in nodes])
    return StateReader(accounts.root_hash, bag).slot(WHO, word(1))


@pytest.mark.parametrize("item", [rlp.encode(b"v" * 33), rlp.encode([b"v"]), b"\xb8"])
def test_a_slot_that_holds_no_word_is_malformed(item):
    with pytest.raises(StateUnreadable) as caught:
        read_slot_holding(item)
    assert caught.value.code == "slot_malformed"


def test_a_zero_that_a_development_node_wrote_down_is_a_zero():
    assert read_slot_holding(b"\x80") == 0


def test_nesting_without_end_is_an_error_like_any_other():
    deep = b"\xc0"
    for _ in range(3000):
        size = len(deep)
        length = size.to_bytes((size.bit_length() + 7) // 8, "big")
        deep = (bytes([0xC0 + size]) if size < 56 else bytes([0xF7 + len(length)]) + length) + deep
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1500)  # hypothesis may have raised it
    try:
        with pytest.raises(RlpMalformed):
            decode_rlp(deep)
    finally:
        sys.setrecursionlimit(limit)
