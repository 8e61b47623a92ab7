"""Where the contracts keep what light proofs prove: storage slots from the compiler's `storageLayout`.

Reads `chain/artifacts/<Contract>.json`. Rules of the layout: Solidity documentation, "Layout of State
Variables in Storage": a mapping's value lies at keccak256(key ‖ slot), members of a one-slot struct are packed
from the right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chain.hashing import keccak256

ARTIFACTS = Path(__file__).parent / "artifacts"

Key = int | bytes
"""A mapping key: an integer, or bytes of at most 32 (bytes32, or an address's 20, which goes to the right)."""


class LayoutError(LookupError):
    """An artifact lacks what is looked for. `contract` and `label` say what; run scripts.export_abis."""

    code = "layout_missing"

    def __init__(self, contract: str, label: str, problem: str) -> None:
        super().__init__(f"{contract}.{label}: {problem}; export the artifacts anew (scripts.export_abis)")
        self.contract = contract
        self.label = label


@dataclass(frozen=True)
class Member:
    """One member of a packed struct: bits `shift` to `shift + 8 * size` of the slot's value."""

    name: str
    shift: int
    size: int


@dataclass(frozen=True)
class Layout:
    """The storage of one contract."""

    contract: str
    storage: Mapping[str, Mapping[str, Any]]
    """Label → its entry of storageLayout.storage."""
    types: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, contract: str, layout: Mapping[str, Any]) -> Layout:
        """From the JSON that solc gives as `storageLayout`."""
        return cls(contract, {entry["label"]: entry for entry in layout["storage"]}, layout["types"] or {})

    def slot(self, label: str, *keys: Key) -> bytes:
        """The slot (32 bytes) of a variable or, with keys from the outermost inward, of a mapping's value."""
        position = int(self._entry(label)["slot"]).to_bytes(32, "big")
        type_name = self._entry(label)["type"]
        for key in keys:
            type_name = self._value_type(label, type_name)
            position = keccak256(_word(key) + position)
        if self.types[type_name]["encoding"] != "inplace":
            raise LayoutError(self.contract, label, "needs more keys")
        return position

    def members(self, label: str) -> tuple[Member, ...]:
        """The members of the struct in which a (nested) mapping or variable ends; it must fit one slot."""
        type_name = self._entry(label)["type"]
        while self.types[type_name]["encoding"] == "mapping":
            type_name = self.types[type_name]["value"]
        described = self.types[type_name]
        if "members" not in described or int(described["numberOfBytes"]) != 32:
            raise LayoutError(self.contract, label, "is no struct of one slot")
        return tuple(
            Member(member["label"], 8 * int(member["offset"]), self._size(member["type"]))
            for member in described["members"]
        )

    def value_in(self, label: str, value: int) -> int:
        """A plain variable's own bits of its slot's value, which it may share with its neighbours."""
        entry = self._entry(label)
        return value >> 8 * int(entry["offset"]) & (1 << 8 * self._size(entry["type"])) - 1

    def unpack(self, label: str, value: int) -> dict[str, int]:
        """The members of a packed struct, by Solidity name, as unsigned integers."""
        return {
            member.name: value >> member.shift & (1 << 8 * member.size) - 1 for member in self.members(label)
        }

    def pack(self, label: str, **values: int) -> int:
        """The reverse of `unpack`; members not given are zero. Raises LayoutError for an unknown name."""
        members = {member.name: member for member in self.members(label)}
        packed = 0
        for name, value in values.items():
            if name not in members or value >> 8 * members[name].size:
                raise LayoutError(self.contract, label, f"has no member {name} that holds {value}")
            packed |= value << members[name].shift
        return packed

    def _entry(self, label: str) -> Mapping[str, Any]:
        if label not in self.storage:
            raise LayoutError(self.contract, label, "no such state variable")
        return self.storage[label]

    def _value_type(self, label: str, type_name: str) -> str:
        described = self.types[type_name]
        if described["encoding"] != "mapping":
            raise LayoutError(self.contract, label, "takes fewer keys")
        return str(described["value"])

    def _size(self, type_name: str) -> int:
        return int(self.types[type_name]["numberOfBytes"])


@cache
def layout_of(contract: str) -> Layout:
    """The layout of a contract by name. Raises LayoutError if there is no artifact or it has no layout."""
    try:
        artifact = json.loads((ARTIFACTS / f"{contract}.json").read_text(encoding="utf-8"))
        return Layout.of(contract, artifact["storageLayout"])
    except (OSError, ValueError, KeyError) as error:
        raise LayoutError(contract, "storageLayout", "no readable artifact") from error


def _word(key: Key) -> bytes:
    """A mapping key as the 32 bytes that are hashed."""
    if isinstance(key, int):
        return key.to_bytes(32, "big")
    return key.rjust(32, b"\0") if len(key) == 20 else key.ljust(32, b"\0")
