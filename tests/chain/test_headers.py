"""Headers: malformed ones refused, hashes right on real blocks, JSON and RLP two ways to the same thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from synthetic import SyntheticChain, to_rpc

from chain.headers import MAX_HEADER_BYTES, Header, HeaderMalformed

REAL = json.loads((Path(__file__).parents[1] / "vectors" / "headers" / "real.json").read_text())
CHAIN = SyntheticChain()
HEADER = CHAIN.mine()


@pytest.mark.parametrize("vector", REAL, ids=lambda v: v["name"])
def test_hash_of_a_real_block_is_computed(vector):
    header = Header.from_rpc(vector["block"])
    assert header.hash.hex() == vector["block"]["hash"][2:]
    assert Header.from_rlp(header.rlp) == header


def test_the_nodes_own_hash_is_not_believed():
    block = {**to_rpc(HEADER), "hash": "0x" + "00" * 32}
    assert Header.from_rpc(block).hash == HEADER.hash


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parentHash", None),
        ("parentHash", "0x12"),
        ("parentHash", 7),
        ("stateRoot", "0x" + "zz" * 32),
        ("number", "12"),
        ("number", "0x-5"),
        ("number", "0x1_0"),
        ("number", "0x" + "f" * 65),
        ("logsBloom", "0x"),
        ("extraData", "0x123"),
        ("extraData", "0x" + "00" * 2 * MAX_HEADER_BYTES),
        ("timestamp", {"a": 1}),
    ],
)
def test_malformed_json_is_refused_with_the_field(field, value):
    with pytest.raises(HeaderMalformed) as caught:
        Header.from_rpc({**to_rpc(HEADER), field: value})
    assert caught.value.field in {"parent_hash", "state_root", "number", "bloom", "extra_data", "time"}


def test_a_later_forks_field_without_the_earlier_is_refused():
    block = {**to_rpc(HEADER), "blobGasUsed": "0x0"}
    with pytest.raises(HeaderMalformed, match="missing before"):
        Header.from_rpc(block)


def test_later_forks_fields_count_in_the_hash():
    block = {
        **to_rpc(HEADER),
        "withdrawalsRoot": "0x" + "11" * 32,
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x1",
    }
    header = Header.from_rpc(block)
    assert header.hash != HEADER.hash
    assert Header.from_rlp(header.rlp) == header
    assert len(rlp.decode(header.rlp)) == 19


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\xc0",
        HEADER.rlp[:-1],
        HEADER.rlp + b"\0",
        rlp.encode(HEADER.items[:14]),
        rlp.encode([*HEADER.items, b"", b"", b"", b"", b"", b""]),
        rlp.encode([b"\0\1" if i == 8 else item for i, item in enumerate(HEADER.items)]),
        rlp.encode([[] if i == 8 else item for i, item in enumerate(HEADER.items)]),
        rlp.encode([b"\1" * 33 if i == 8 else item for i, item in enumerate(HEADER.items)]),
        b"\xc1" * (MAX_HEADER_BYTES - 1) + b"\xc0",
        b"\0" * (MAX_HEADER_BYTES + 1),
    ],
    ids=range(12),
)
def test_bytes_that_are_no_header_are_refused(data):
    with pytest.raises(HeaderMalformed):
        Header.from_rlp(data)


@given(st.integers(0, len(HEADER.rlp) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused_or_changes_the_hash(position, change):
    data = bytearray(HEADER.rlp)
    data[position] ^= change
    try:
        changed = Header.from_rlp(bytes(data))
    except HeaderMalformed:
        return
    assert changed.rlp == bytes(data)
    assert changed.hash != HEADER.hash


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_else(data):
    with pytest.raises(HeaderMalformed):
        Header.from_rlp(data)
