"""Records of the contracts as read from slots: what no contract writes is refused, the rest has its meaning."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st
from synthetic import CONTRACTS, account, address

from chain.hashing import keccak256
from chain.layout import layout_of
from chain.state import ContractState, StateMalformed, validator_set_hash
from chain.trust import Contracts

REGISTRY, DOCUMENTS = layout_of("InstitutionRegistry"), layout_of("DocumentRegistry")
KID = b"\5" * 32


def state(label: str, *keys, layout=REGISTRY, **fields: int) -> ContractState:
    slots = {layout.slot(label, *keys): layout.pack(label, **fields)}
    return ContractState(Contracts.model_validate(CONTRACTS), lambda _, slot: slots.get(slot, 0))


@pytest.mark.parametrize(
    ("label", "field", "value", "read"),
    [
        ("_institutions", "standing", 5, lambda s: s.institution(1)),
        ("_institutions", "kind", 7, lambda s: s.institution(1)),
        ("_keys", "purpose", 3, lambda s: s.key(KID)),
        ("_marks", "state", 4, lambda s: s.mark(1, KID)),
    ],
)
def test_a_member_that_no_contract_writes_is_refused(label, field, value, read):
    keys = {"_institutions": (1,), "_keys": (KID,), "_marks": (1, KID)}[label]
    layout = DOCUMENTS if label == "_marks" else REGISTRY
    others = {"_institutions": {"standing": 1}, "_keys": {"institution": 1}, "_marks": {}}[label]
    with pytest.raises(StateMalformed) as caught:
        read(state(label, *keys, layout=layout, **{**others, field: value}))
    assert caught.value.label == label


def test_what_was_never_written_is_nothing():
    empty = ContractState(Contracts.model_validate(CONTRACTS), lambda *_: 0)
    assert [
        empty.batch(1, KID),
        empty.mark(1, KID),
        empty.successor(1, KID),
        empty.key(KID),
        empty.institution(1),
    ] == [None] * 5
    assert empty.validator_set_hash(1) == b"\0" * 32
    assert empty.validator_epoch() == 0


def test_the_epoch_is_read_apart_from_its_neighbour_in_the_slot():
    slot = REGISTRY.slot("_validatorEpoch")
    shift = 8 * int(REGISTRY.storage["_validatorEpoch"]["offset"])
    read = {slot: (0xABCD << 32 | 7) << shift if shift == 0 else 7 << shift | 0xABCD}
    contracts = Contracts.model_validate(CONTRACTS)
    assert ContractState(contracts, lambda _, asked: read.get(asked, 0)).validator_epoch() == 7


def test_each_registry_is_read_at_its_own_address():
    asked = []
    reader = ContractState(Contracts.model_validate(CONTRACTS), lambda who, slot: asked.append(who) or 0)
    reader.key(KID)
    reader.batch(1, KID)
    assert ["0x" + who.hex() for who in asked] == [
        CONTRACTS["InstitutionRegistry"],
        CONTRACTS["DocumentRegistry"],
    ]


@given(st.integers(1, 2**40 - 1))
def test_any_block_time_can_be_read(seconds):
    key = state("_keys", KID, institution=1, purpose=1, validFrom=1, validUntil=seconds).key(KID)
    assert key.valid_until.year <= 9999
    if seconds < 253_402_300_799:
        assert key.valid_until.timestamp() == seconds


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12, unique=True))
def test_the_hash_of_a_validator_set_is_that_of_its_abi_encoding_in_order(numbers):
    addresses = [address(account(f"validator-{n}")) for n in numbers]
    ascending = sorted(addresses, key=str.lower)
    assert validator_set_hash(addresses) == keccak256(encode(["address[]"], [ascending]))
