"""Block headers, from a node's JSON or from RLP. The hash is always computed here, never taken from a node.

Fields and their order are those of the execution specification up to London; what later forks append
(EIP-4895, 4844, 4788, 7685) is kept when a node sends it, so that the hash stays right on any engine.

A header tells by its mix digest how it is hashed (docs/adr/0008): that of the Istanbul family stands for QBFT,
whose hash leaves the committed seals out. Each engine refuses headers with another engine's digest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import rlp

from chain.encoding import RlpMalformed, decode_rlp
from chain.hashing import keccak256
from chain.qbft_extra import BFT_DIGEST, ExtraMalformed, decode_extra

MAX_HEADER_BYTES = 4096
"""A Clique header has about 603 bytes; one of QBFT about 630 and 67 for each seal, so that 50 fit."""

EXTRA_DATA = 12
"""Place of extraData among a header's RLP items."""

_HEX = re.compile(r"0x[0-9a-fA-F]*")

_FIXED: tuple[tuple[str, str, int | None], ...] = (
    # (attribute, JSON name, length in bytes: None = canonical integer, 0 = any length)
    ("parent_hash", "parentHash", 32),
    ("uncles_hash", "sha3Uncles", 32),
    ("beneficiary", "miner", 20),
    ("state_root", "stateRoot", 32),
    ("transactions_root", "transactionsRoot", 32),
    ("receipts_root", "receiptsRoot", 32),
    ("bloom", "logsBloom", 256),
    ("difficulty", "difficulty", None),
    ("number", "number", None),
    ("gas_limit", "gasLimit", None),
    ("gas_used", "gasUsed", None),
    ("time", "timestamp", None),
    ("extra_data", "extraData", 0),
    ("mix_digest", "mixHash", 32),
    ("nonce", "nonce", 8),
)
_OPTIONAL: tuple[tuple[str, str, int | None], ...] = (
    ("base_fee", "baseFeePerGas", None),
    ("withdrawals_root", "withdrawalsRoot", 32),
    ("blob_gas_used", "blobGasUsed", None),
    ("excess_blob_gas", "excessBlobGas", None),
    ("parent_beacon_root", "parentBeaconBlockRoot", 32),
    ("requests_hash", "requestsHash", 32),
)
_ALL = _FIXED + _OPTIONAL


class HeaderMalformed(ValueError):
    """Bytes or JSON that are no block header. `field` is the attribute at fault, or "rlp" for the whole."""

    code = "header_malformed"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"block header: {field}: {problem}")
        self.field = field
        self.problem = problem


@dataclass(frozen=True)
class Header:
    """One block header. Integers are plain, everything else raw bytes; `time` is in seconds since 1970."""

    parent_hash: bytes
    uncles_hash: bytes
    beneficiary: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    time: int
    extra_data: bytes
    mix_digest: bytes
    nonce: bytes
    base_fee: int | None = None
    withdrawals_root: bytes | None = None
    blob_gas_used: int | None = None
    excess_blob_gas: int | None = None
    parent_beacon_root: bytes | None = None
    requests_hash: bytes | None = None

    @classmethod
    def from_rpc(cls, block: Mapping[str, Any]) -> Header:
        """A header from the JSON of `eth_getBlockByNumber`/`ByHash` or a `newHeads` notice.

        Raises HeaderMalformed. The node's own `hash` is not looked at; compare it with `.hash` if it matters.
        """
        values: dict[str, Any] = {}
        for attribute, name, length in _FIXED:
            values[attribute] = _from_hex(attribute, block.get(name), length)
        for attribute, name, length in _OPTIONAL:
            if block.get(name) is not None:
                values[attribute] = _from_hex(attribute, block[name], length)
        header = cls(**values)
        header._check_tail()
        return header

    @classmethod
    def from_rlp(cls, data: bytes) -> Header:
        """A header from its RLP. Raises HeaderMalformed for any encoding but the canonical one."""
        if len(data) > MAX_HEADER_BYTES:
            raise HeaderMalformed("rlp", f"longer than {MAX_HEADER_BYTES} bytes")
        try:
            items = decode_rlp(data)
        except RlpMalformed as error:
            raise HeaderMalformed("rlp", "cannot be decoded") from error
        if not isinstance(items, list) or not len(_FIXED) <= len(items) <= len(_ALL):
            raise HeaderMalformed("rlp", "is not a list of 15 to 21 fields")
        values: dict[str, Any] = {
            attribute: _from_item(attribute, item, length)
            for (attribute, _, length), item in zip(_ALL, items, strict=False)
        }
        return cls(**values)

    @cached_property
    def items(self) -> list[bytes]:
        """The fields as RLP items, in order, optional ones as far as present."""
        values = (getattr(self, attribute) for attribute, _, _ in _ALL)
        return [_item(value) for value in values if value is not None]

    @cached_property
    def rlp(self) -> bytes:
        """The canonical encoding."""
        encoded: bytes = rlp.encode(self.items)
        return encoded

    @cached_property
    def hash(self) -> bytes:
        """The block hash (32 bytes), computed from the fields: Keccak-256 of the encoding; of a QBFT block,
        of the encoding without committed seals and with round 0."""
        if self.mix_digest != BFT_DIGEST or self.number == 0:
            return keccak256(self.rlp)
        items = list(self.items)
        try:
            items[EXTRA_DATA] = decode_extra(self.extra_data).hashed()
        except ExtraMalformed:  # no block of any network: the engine refuses it, whatever its hash
            return keccak256(self.rlp)
        return keccak256(rlp.encode(items))

    def _check_tail(self) -> None:
        """Optional fields come in order: a later one without the earlier ones has no encoding."""
        present = [getattr(self, attribute) is not None for attribute, _, _ in _OPTIONAL]
        if present != sorted(present, reverse=True):
            raise HeaderMalformed(_OPTIONAL[present.index(False)][0], "missing before a later fork's field")


def _item(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _from_item(field: str, item: Any, length: int | None) -> int | bytes:
    """One decoded RLP item as its field's type, refusing wrong lengths and integers with leading zeros."""
    if not isinstance(item, bytes):
        raise HeaderMalformed(field, "is a list")
    if length is None:
        if len(item) > 32 or item[:1] == b"\0":
            raise HeaderMalformed(field, "is not a canonical integer")
        return int.from_bytes(item, "big")
    if length and len(item) != length:
        raise HeaderMalformed(field, f"has {len(item)} bytes instead of {length}")
    return item


def _from_hex(field: str, text: Any, length: int | None) -> int | bytes:
    """One JSON value ("0x…") as its field's type."""
    if not isinstance(text, str) or len(text) > 2 * MAX_HEADER_BYTES or not _HEX.fullmatch(text):
        raise HeaderMalformed(field, "is missing or no hexadecimal string")
    if length is not None:
        if len(text) % 2:
            raise HeaderMalformed(field, "has half a byte")
        return _from_item(field, bytes.fromhex(text[2:]), length)
    number = int(text, 16) if len(text) > 2 else 0
    if number.bit_length() > 256:
        raise HeaderMalformed(field, "is larger than 256 bits")
    return number
