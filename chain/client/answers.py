"""Parts of a node's answers as typed values. Anything of another shape raises `AnswerShape`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_utils.address import to_checksum_address

from chain.headers import Header, HeaderMalformed

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class AnswerShape(ValueError):
    """A part of an answer has the wrong type, length or value; the message says which."""


@dataclass(frozen=True)
class AccountView:
    """An account at the head: `nonce` = transactions mined so far, `balance` in wei."""

    nonce: int
    balance: int


@dataclass(frozen=True)
class Log:
    """One event as the node reports it. `address` is a checksum address."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    index: int
    """Place among all logs of its block."""


@dataclass(frozen=True)
class Receipt:
    """What became of a mined transaction. `success` False: it reverted and changed nothing.

    Its events are not read here: thousands of receipts are, for their outcome alone (see `ChainClient.logs`).
    """

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    success: bool
    gas_used: int


@dataclass(frozen=True)
class Transaction:
    """A mined transaction. `to` is None for a contract creation."""

    hash: bytes
    sender: str
    to: str | None
    nonce: int
    data: bytes
    value: int
    gas: int
    block_number: int
    block_hash: bytes


@dataclass(frozen=True)
class Block:
    """A block with its transactions, in order."""

    header: Header
    transactions: tuple[Transaction, ...]


def quantity(value: Any) -> int:
    """A JSON-RPC quantity ("0x1f") of at most 256 bits."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise AnswerShape("a number is missing or no quantity")
    return int(value, 16)


def data(value: Any, length: int | None = None) -> bytes:
    """JSON-RPC bytes ("0xab…"), of exactly `length` if given."""
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        raise AnswerShape("bytes are missing or not hexadecimal")
    found = bytes.fromhex(value[2:])
    if length is not None and len(found) != length:
        raise AnswerShape(f"{len(found)} bytes instead of {length}")
    return found


def address(value: Any) -> str:
    """A checksum address."""
    return _checksummed(data(value, 20))


@lru_cache(maxsize=4096)
def _checksummed(raw: bytes) -> str:
    """Remembered: thousands of answers name the same few contracts and accounts."""
    return to_checksum_address(raw)


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise AnswerShape("an object is missing")
    return value


def sequence(value: Any) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise AnswerShape("an array is missing")
    return value


def header(value: Any, *, number: int | None = None, block_hash: bytes | None = None) -> Header:
    """A block's header. Its hash is computed; the node's own, and what was asked for, must agree."""
    block = mapping(value)
    try:
        found = Header.from_rpc(block)
    except HeaderMalformed as error:
        raise AnswerShape(str(error)) from error
    if data(block.get("hash"), 32) != found.hash:
        raise AnswerShape(f"block {found.number} does not have the hash it is given with")
    if number is not None and found.number != number:
        raise AnswerShape(f"block {found.number} instead of {number}")
    if block_hash is not None and found.hash != block_hash:
        raise AnswerShape(f"block 0x{found.hash.hex()} instead of 0x{block_hash.hex()}")
    return found


def log(value: Any) -> Log:
    """One element of `eth_getLogs` or of a receipt. Logs that a reorganisation removed are refused."""
    entry = mapping(value)
    if entry.get("removed") is True:
        raise AnswerShape("a removed log")
    return Log(
        address=address(entry.get("address")),
        topics=tuple(data(topic, 32) for topic in sequence(entry.get("topics"))),
        data=data(entry.get("data")),
        block_number=quantity(entry.get("blockNumber")),
        block_hash=data(entry.get("blockHash"), 32),
        transaction_hash=data(entry.get("transactionHash"), 32),
        index=quantity(entry.get("logIndex")),
    )


def receipt(value: Any, transaction_hash: bytes) -> Receipt | None:
    """The receipt of `transaction_hash`, or None if it is not mined."""
    if value is None:
        return None
    entry = mapping(value)
    if data(entry.get("transactionHash"), 32) != transaction_hash:
        raise AnswerShape("the receipt of another transaction")
    if entry.get("blockHash") is None:  # some clients answer so for a pending transaction
        return None
    return Receipt(
        transaction_hash=transaction_hash,
        block_number=quantity(entry.get("blockNumber")),
        block_hash=data(entry["blockHash"], 32),
        success=quantity(entry.get("status")) == 1,
        gas_used=quantity(entry.get("gasUsed")),
    )


def block_receipts(value: Any) -> list[Receipt]:
    """All receipts of one block."""
    found: list[Receipt] = []
    for item in sequence(value):
        one = receipt(item, data(mapping(item).get("transactionHash"), 32))
        if one is None:
            raise AnswerShape("a pending transaction among a block's receipts")
        found.append(one)
    return found


def block(value: Any, number: int) -> Block:
    """The block `number`, asked for with its transactions in full."""
    found = header(value, number=number)
    held = tuple(transaction(item) for item in sequence(mapping(value).get("transactions")))
    if any(item.block_hash != found.hash for item in held):
        raise AnswerShape(f"block {number} holds a transaction of another block")
    return Block(found, held)


def transaction(value: Any) -> Transaction:
    """A mined transaction."""
    entry = mapping(value)
    return Transaction(
        hash=data(entry.get("hash"), 32),
        sender=address(entry.get("from")),
        to=None if entry.get("to") is None else address(entry["to"]),
        nonce=quantity(entry.get("nonce")),
        data=data(entry.get("input")),
        value=quantity(entry.get("value")),
        gas=quantity(entry.get("gas")),
        block_number=quantity(entry.get("blockNumber")),
        block_hash=data(entry.get("blockHash"), 32),
    )
