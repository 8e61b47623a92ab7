"""A chain in memory that carries events, and can be forked anywhere: what followers are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from fake_chain import make_header

from chain.client import Log
from chain.contracts.abi import abi_of
from chain.deployment import Deployment
from chain.errors import NodeUnavailable, RangeTooLarge, StateMissing
from chain.headers import Header

ADDRESSES = {
    name: to_checksum_address(bytes([number]) * 20)
    for number, name in enumerate(("InstitutionRegistry", "DocumentRegistry", "TransferLedger"), 0xA1)
}

Emit = tuple[str, str, tuple[Any, ...]]
"""(contract, event, values in the order of the ABI)."""


def encode_log(emit: Emit, index: int) -> Log:
    """The log that the contract would write; block fields are filled in by `FakeEvents`."""
    contract, name, values = emit
    item = next(found for found in abi_of(contract).events.values() if found.name == name)
    topics, plain_kinds, plain_values = [item.id], [], []
    for (_, kind), indexed, value in zip(item.inputs, item.indexed, values, strict=True):
        if indexed:
            topics.append(encode([kind], [value]))
        else:
            plain_kinds.append(kind)
            plain_values.append(value)
    data = encode(plain_kinds, plain_values)
    return Log(ADDRESSES[contract], tuple(topics), data, -1, b"", index.to_bytes(32, "big"), index)


class FakeEvents:
    """The node. Blocks are (header, logs)."""

    def __init__(self) -> None:
        self.salt = 0
        self.blocks: list[tuple[Header, tuple[Log, ...]]] = [(make_header(None, 0), ())]
        self.most_blocks = 10_000
        """`eth_getLogs` refuses longer ranges."""
        self.hide: set[int] = set()
        """Blocks whose logs are left out of ranges, as a lagging index does."""
        self.down = False

    @property
    def deployment(self) -> Deployment:
        return Deployment(
            chain_id=7,
            engine="depth",
            genesis_hash="0x" + self.blocks[0][0].hash.hex(),
            contracts=ADDRESSES,
            deployed_at=1,
        )

    def mine(self, *events: Emit) -> Header:
        self.salt += 1
        logs = [encode_log(emit, index) for index, emit in enumerate(events)]
        header = make_header(self.blocks[-1][0], self.salt, logs=logs)
        placed = tuple(
            Log(
                log.address, log.topics, log.data, header.number, header.hash, log.transaction_hash, log.index
            )
            for log in logs
        )
        self.blocks.append((header, placed))
        return header

    def cut(self, depth: int) -> None:
        """Take away the newest blocks (never the genesis block)."""
        del self.blocks[max(1, len(self.blocks) - depth) :]

    def head(self) -> Header:
        if self.down:
            raise NodeUnavailable("http://fake", "down")
        return self.blocks[-1][0]

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        if any(not 0 <= number < len(self.blocks) for number in numbers):
            raise StateMissing("no such block")
        return [self.blocks[number][0] for number in numbers]

    def logs(self, addresses: Sequence[str], first: int, last: int) -> list[Log]:
        if last - first >= self.most_blocks:
            raise RangeTooLarge("query returned more than 10000 results")
        return [
            log
            for header, logs in self.blocks[first : last + 1]
            for log in logs
            if log.address in addresses and header.number not in self.hide
        ]

    def logs_of(self, addresses: Sequence[str], block: Header) -> list[Log]:
        return [log for log in self.blocks[block.number][1] if log.address in addresses]
