"""The contracts' ABI from chain/artifacts: call data, results, events and errors, without a compiler or a node."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from chain.client import Log
from chain.errors import ChainError
from chain.hashing import keccak256

CONTRACTS = ("InstitutionRegistry", "DocumentRegistry", "TransferLedger")


class AbiMismatch(ChainError):
    """Bytes that are not what the ABI of `what` says: another contract stands at that address, or a new version."""

    code = "abi_mismatch"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: the answer is not of this ABI; check the deployment's addresses and version"
        )
        self.what = what


@dataclass(frozen=True)
class Item:
    """One function, event or error of an ABI."""

    name: str
    inputs: tuple[tuple[str, str], ...]
    """(name, canonical type) in order."""
    outputs: tuple[str, ...]
    indexed: tuple[bool, ...]

    @property
    def id(self) -> bytes:
        """Keccak-256 of the signature: topic 0 of an event; the first 4 bytes select functions and errors."""
        return keccak256(f"{self.name}({','.join(kind for _, kind in self.inputs)})".encode())

    def call_data(self, *arguments: Any) -> bytes:
        """Selector and encoded arguments."""
        return self.id[:4] + encode([kind for _, kind in self.inputs], arguments)

    def result(self, data: bytes) -> tuple[Any, ...]:
        """Decoded return values, addresses as checksum text. Raises AbiMismatch."""
        return _decode(self.name, self.outputs, data)

    def arguments(self, data: bytes) -> dict[str, Any]:
        """An error's arguments, from its revert data without the selector. Raises AbiMismatch."""
        values = _decode(self.name, [kind for _, kind in self.inputs], data)
        return {name: value for (name, _), value in zip(self.inputs, values, strict=True)}

    def fields(self, log: Log) -> list[Any]:
        """An event's parameters in order, indexed ones from the topics. Raises AbiMismatch."""
        topics = iter(log.topics[1:])
        if sum(self.indexed) != len(log.topics) - 1:
            raise AbiMismatch(self.name)
        plain = [kind for (_, kind), indexed in zip(self.inputs, self.indexed, strict=True) if not indexed]
        rest = iter(_decode(self.name, plain, log.data))
        return [
            _decode(self.name, [kind], next(topics))[0] if indexed else next(rest)
            for (_, kind), indexed in zip(self.inputs, self.indexed, strict=True)
        ]


@dataclass(frozen=True)
class Abi:
    """One contract's functions by name, events by topic 0, errors by selector."""

    functions: Mapping[str, Item]
    events: Mapping[bytes, Item]
    errors: Mapping[bytes, Item]


@cache
def abi_of(contract: str) -> Abi:
    """The ABI of a contract of this project, by name."""
    text = files("chain").joinpath("artifacts", f"{contract}.json").read_text(encoding="utf-8")
    entries = json.loads(text)["abi"]
    items = [(entry["type"], _item(entry)) for entry in entries if "name" in entry]
    return Abi(
        functions={item.name: item for kind, item in items if kind == "function"},
        events={item.id: item for kind, item in items if kind == "event"},
        errors={item.id[:4]: item for kind, item in items if kind == "error"},
    )


def _item(entry: Mapping[str, Any]) -> Item:
    return Item(
        name=entry["name"],
        inputs=tuple((field["name"], _canonical(field)) for field in entry["inputs"]),
        outputs=tuple(_canonical(field) for field in entry.get("outputs", ())),
        indexed=tuple(bool(field.get("indexed")) for field in entry["inputs"]),
    )


def _canonical(field: Mapping[str, Any]) -> str:
    """The type as signatures spell it: tuples by their components."""
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_canonical(part) for part in field["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _decode(what: str, kinds: Sequence[str], data: bytes) -> tuple[Any, ...]:
    try:
        values = decode(list(kinds), data)
    except (DecodingError, OverflowError) as error:
        raise AbiMismatch(what) from error
    return tuple(_checksummed(kind, value) for kind, value in zip(kinds, values, strict=True))


def _checksummed(kind: str, value: Any) -> Any:
    if kind == "address":
        return to_checksum_address(value)
    if kind == "address[]":
        return tuple(to_checksum_address(item) for item in value)
    return value
