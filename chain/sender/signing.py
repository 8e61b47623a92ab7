"""Type-2 transactions (EIP-1559), signed with libsecp256k1: about 40 µs each, most of it encoding."""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PrivateKey
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from chain.hashing import keccak256
from chain.sender.fees import Fees

_TYPE = b"\x02"
_NOTHING = b"\x80"
_EMPTY_LIST = b"\xc0"
NOOP_GAS = 21_000


@dataclass(frozen=True)
class Signed:
    """Signed bytes as nodes take them, and their hash."""

    raw: bytes
    hash: bytes
    fees: Fees


class Signer:
    """Signs for one account on one chain."""

    def __init__(self, account: LocalAccount, chain_id: int) -> None:
        self.address: str = account.address
        self.chain_id = chain_id
        self._key = PrivateKey(bytes(account.key))

    def sign(self, *, nonce: int, to: str, data: bytes, gas_limit: int, fees: Fees) -> Signed:
        """A transaction without value. The same arguments give the same bytes (RFC 6979)."""
        numbers = (self.chain_id, nonce, fees.tip, fees.max_fee, gas_limit)
        recipient = to_canonical_address(to)
        fields = (
            b"".join(map(_integer, numbers)) + _string(recipient) + _NOTHING + _string(data) + _EMPTY_LIST
        )
        signature = self._key.sign_recoverable(keccak256(_TYPE + _list(fields)), hasher=None)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        raw = _TYPE + _list(fields + b"".join(map(_integer, (signature[64], r, s))))
        return Signed(raw, keccak256(raw), fees)

    def noop(self, nonce: int, fees: Fees) -> Signed:
        """Nothing, to ourselves: takes the nonce and does nothing."""
        return self.sign(nonce=nonce, to=self.address, data=b"", gas_limit=NOOP_GAS, fees=fees)


def payload_hash(to: str, data: bytes) -> bytes:
    """What a transaction is recognised by whatever its nonce and fees: Keccak-256 of recipient and data."""
    return keccak256(to_canonical_address(to) + data)


# RLP (Yellow Paper, appendix B), written out: a general encoder takes longer than the signature.


def _string(item: bytes) -> bytes:
    if len(item) == 1 and item < b"\x80":
        return item
    return _head(0x80, len(item)) + item


def _integer(number: int) -> bytes:
    return _string(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _list(items: bytes) -> bytes:
    return _head(0xC0, len(items)) + items


def _head(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size
