"""Calling contracts by the exported artifacts alone: nothing here needs a compiler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import (
    abi_to_signature,
    collapse_if_tuple,
    function_abi_to_4byte_selector,
    function_signature_to_4byte_selector,
)

from chain.client import ChainClient
from network.errors import DeploymentRefused
from network.geth import ROOT

ARTIFACTS = ROOT / "chain" / "artifacts"
_TEXT_ERROR = function_signature_to_4byte_selector("Error(string)")


class Artifact:
    """One contract's ABI and creation code."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.name = str(data["contractName"])
        self.bytecode = bytes.fromhex(str(data["bytecode"]).removeprefix("0x"))
        self._abi = list(data["abi"])

    @cached_property
    def _functions(self) -> dict[str, Any]:
        return {entry["name"]: entry for entry in self._abi if entry["type"] == "function"}

    @cached_property
    def _errors(self) -> dict[bytes, Any]:
        found = [entry for entry in self._abi if entry["type"] == "error"]
        return {function_signature_to_4byte_selector(abi_to_signature(entry)): entry for entry in found}

    def creation(self, *arguments: Any) -> bytes:
        """Data of the transaction that creates the contract."""
        inputs = [entry["inputs"] for entry in self._abi if entry["type"] == "constructor"]
        return self.bytecode + encode(_types(inputs[0] if inputs else []), arguments)

    def call(self, function: str, *arguments: Any) -> bytes:
        """Data of a call of `function`."""
        entry = self._functions[function]
        return function_abi_to_4byte_selector(entry) + encode(_types(entry["inputs"]), arguments)

    def result(self, function: str, data: bytes) -> Any:
        """What a call returned: one value as itself, several as a tuple."""
        values = decode(_types(self._functions[function]["outputs"]), data)
        return values[0] if len(values) == 1 else values

    def explain(self, data: bytes) -> str:
        """A revert for a person: the custom error's name with its arguments."""
        if data[:4] == _TEXT_ERROR:
            return str(decode(["string"], data[4:])[0])
        entry = self._errors.get(data[:4])
        if entry is None:
            return f"reverted with 0x{data.hex()}" if data else "reverted"
        try:
            values = decode(_types(entry["inputs"]), data[4:])
        except DecodingError:
            return str(entry["name"])
        named = zip((parameter["name"] for parameter in entry["inputs"]), values, strict=True)
        return f"{entry['name']}({', '.join(f'{name}={_shown(value)}' for name, value in named)})"


@dataclass(frozen=True)
class BoundContract:
    """A contract at an address, read through a client."""

    client: ChainClient
    artifact: Artifact
    address: str

    def read(self, function: str, *arguments: Any, block: int | None = None) -> Any:
        """What the contract answers, at a block or at the head. Raises Reverted, NodeError."""
        data = self.artifact.call(function, *arguments)
        answer = self.client.eth_call(self.address, data, block="latest" if block is None else block)
        return self.artifact.result(function, answer)

    def at(self, address: str) -> BoundContract:
        """The same contract elsewhere."""
        return BoundContract(self.client, self.artifact, address)


@cache
def artifact(name: str) -> Artifact:
    """The artifact of a contract. Raises DeploymentRefused if it was not exported."""
    path = ARTIFACTS / f"{name}.json"
    try:
        return Artifact(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DeploymentRefused(
            f"chain/artifacts/{name}.json cannot be read: run `python -m scripts.export_abis`"
        ) from error


def _types(parameters: Any) -> list[str]:
    return [collapse_if_tuple(parameter) for parameter in parameters]


def _shown(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
