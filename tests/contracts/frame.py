"""What tests of contracts share: the tools they need, calls that must be refused, and Merkle trees."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_abi import decode
from eth_utils import keccak, to_checksum_address
from hypothesis import HealthCheck, settings

from scripts.solidity import use_launcher

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / "hardhat-node" / "node_modules"
ADMIN, ANCHOR, STATUS, TRANSFER, PRESCRIBE, DISPENSE, CONSENT, REFER = (1 << bit for bit in range(8))
ROLES = (ADMIN, ANCHOR, STATUS, TRANSFER, PRESCRIBE, DISPENSE, CONSENT, REFER)
NONE, ACTIVE, SUSPENDED, RETIRED, EXPELLED = range(5)
"""Standings of an institution."""
DAY = 86_400


def prepare_tools() -> list[str]:
    """Make the compiler and the development node findable; names what is missing.

    The native program is put before npm's launcher of the same name: whoever stops the launcher leaves the node
    that it started running for ever.
    """
    native = [str(path.parent) for path in NODE_MODULES.glob("@foundry-rs/anvil-*/bin/anvil")]
    folders = [*native, str(NODE_MODULES / ".bin"), os.environ.get("PATH", "")]
    os.environ["PATH"] = os.pathsep.join(folders)
    use_launcher()
    return [] if shutil.which("anvil") else ["anvil"]


def budget(examples: int, **more: Any) -> settings:
    """Settings of a property: so many examples, three times as many where changes are judged."""
    return settings(
        max_examples=examples * (3 if os.environ.get("CI") else 1),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


# --------------------------------------------------------------------------------------------- calls and refusals


@dataclass(frozen=True)
class Refused:
    """A custom error that a call met: its name and all its arguments, in order."""

    name: str
    arguments: tuple[Any, ...] = ()


@dataclass
class Errors:
    """Decodes revert data by the errors of all contracts of the project."""

    known: dict[bytes, tuple[str, list[str]]] = field(default_factory=dict)

    def learn(self, abi: Iterable[Mapping[str, Any]]) -> None:
        for entry in abi:
            if entry["type"] == "error":
                types = [item["type"] for item in entry["inputs"]]
                selector = keccak(text=f"{entry['name']}({','.join(types)})")[:4]
                self.known[selector] = (entry["name"], types)

    def read(self, data: bytes) -> Refused:
        if data[:4] not in self.known:
            return Refused(f"unknown error {data.hex() or 'without data'}")
        name, types = self.known[data[:4]]
        return Refused(name, plain(types, decode(types, data[4:])))


ERRORS = Errors()


def answer(method: Any, *arguments: Any, sender: Any) -> Refused | None:
    """What the node says to this call on the latest block: the error it is refused with, or None if it passes.

    Asked by `eth_call`, because ape replays and prints a trace of every transaction that fails. A refused transaction
    changes nothing by the rules of the machine, so nothing is lost by not sending it.
    """
    reply = rpc(method, "eth_call", [request(method, arguments, sender), "latest"])
    if "error" not in reply:
        return None
    data = reply["error"].get("data") or "0x"
    return ERRORS.read(bytes.fromhex(data.removeprefix("0x")))


def look(method: Any, *arguments: Any) -> tuple[Any, ...]:
    """The values a view returns. Some five times as quick as ape, for tests that look after every step."""
    reply = rpc(method, "eth_call", [request(method, arguments), "latest"])
    types = [output.canonical_type for output in method.abis[0].outputs]
    return plain(types, decode(types, bytes.fromhex(reply["result"].removeprefix("0x"))))


def send(method: Any, *arguments: Any, sender: Any) -> list[tuple[Any, ...]]:
    """Send a transaction that must succeed; its events as `events` gives them. Quick, like `look`."""
    asked = {**request(method, arguments, sender), "gas": hex(10_000_000)}
    receipt = receipt_of(method, rpc(method, "eth_sendTransaction", [asked])["result"])
    assert receipt["status"] == "0x1", "the transaction was refused"
    kinds = {keccak(text=event.selector): event for event in method.contract.contract_type.events}
    return [read_log(kinds[bytes.fromhex(log["topics"][0][2:])], log) for log in receipt["logs"]]


def receipt_of(method: Any, transaction: str, seconds: float = 10) -> Mapping[str, Any]:
    """The node mines at once, but answers with the hash a moment before the receipt can be read."""
    end = time.monotonic() + seconds
    while (receipt := rpc(method, "eth_getTransactionReceipt", [transaction])["result"]) is None:
        assert time.monotonic() < end, "the transaction is not mined"
        time.sleep(0.001)
    return dict(receipt)


def request(method: Any, arguments: Sequence[Any], sender: Any = None) -> dict[str, str]:
    data = "0x" + bytes(method.encode_input(*arguments)).hex()
    asked = {"to": method.contract.address, "data": data}
    return {**asked, "from": sender.address} if sender else asked


def rpc(method: Any, name: str, parameters: list[Any]) -> Mapping[str, Any]:
    reply: Mapping[str, Any] = method.contract.provider.web3.provider.make_request(name, parameters)
    return reply


def read_log(event: Any, log: Mapping[str, Any]) -> tuple[Any, ...]:
    """One event with its values in the order of the declaration."""
    topics = [bytes.fromhex(topic[2:]) for topic in log["topics"][1:]]
    hidden = [item.type for item in event.inputs if not item.indexed]
    values = iter(decode(hidden, bytes.fromhex(log["data"][2:])))
    read = [decode([i.type], topics.pop(0))[0] if i.indexed else next(values) for i in event.inputs]
    return (event.name, *plain([item.type for item in event.inputs], read))


def plain(types: Sequence[str], values: Sequence[Any]) -> tuple[Any, ...]:
    """Addresses as ape writes them, structs as tuples of the same."""
    return tuple(
        to_checksum_address(value)
        if kind == "address"
        else plain(split_types(kind), value)
        if kind.startswith("(") and not kind.endswith("]")
        else value
        for kind, value in zip(types, values, strict=True)
    )


def split_types(struct: str) -> list[str]:
    """The types of a struct without structs inside."""
    return struct[1:-1].split(",")


def events(receipt: Any) -> list[tuple[Any, ...]]:
    """The events of a transaction in order: (name, its values in the order of the declaration)."""
    return [(log.event_name, *log.event_arguments.values()) for log in receipt.events]


# ------------------------------------------------------------------------------------------------------ documents


@dataclass(frozen=True)
class Tree:
    """OpenZeppelin's standard Merkle tree over given leaves, written the plain way to check the others against."""

    levels: tuple[tuple[bytes, ...], ...] = field(repr=False)

    def __repr__(self) -> str:
        return f"Tree({self.root.hex()[:8]})"

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> Tree:
        """A tree over a power of two of leaves. The standard tree sorts them; their order does not matter here."""
        assert len(leaves) & (len(leaves) - 1) == 0, "a batch is padded to a power of two"
        levels = [tuple(sorted(leaves))]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append(tuple(pair(below[i], below[i + 1]) for i in range(0, len(below), 2)))
        return cls(tuple(levels))

    @property
    def root(self) -> bytes:
        return self.levels[-1][0]

    @property
    def depth(self) -> int:
        return len(self.levels) - 1

    def path(self, leaf: bytes) -> list[bytes]:
        index = self.levels[0].index(leaf)
        return [level[index >> step ^ 1] for step, level in enumerate(self.levels[:-1])]

    def ref(self, leaf: bytes) -> tuple[bytes, bytes, list[bytes]]:
        """The leaf as the contract's `DocRef`."""
        return self.root, leaf, self.path(leaf)


def pair(left: bytes, right: bytes) -> bytes:
    """Parent of two nodes: hash of the sorted pair."""
    return keccak(min(left, right) + max(left, right))


def leaf_of(digest: bytes) -> bytes:
    """Leaf of a document: keccak-256 twice over the ABI-encoded digest."""
    return keccak(keccak(digest))


def some_leaves(name: str, count: int = 16) -> list[bytes]:
    """Leaves that belong to `name` and to no other name."""
    return [leaf_of(keccak(text=f"{name} {number}")) for number in range(count)]


def some_tree(name: str, *leaves: bytes, size: int = 16) -> Tree:
    """A tree with these leaves, padded with leaves of its own."""
    return Tree.of([*leaves, *some_leaves(name, size - len(leaves))])
