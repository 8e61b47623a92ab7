"""A fast way to the registry for long runs: plain JSON-RPC, exact times, batches of reads, no traces."""

from __future__ import annotations

from time import sleep
from typing import Any

import requests
from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address

from tests.contracts.frame import ERRORS, Refused
from tests.contracts.institutions.world import World

GAS = 3_000_000
PATIENCE = 2_000


class Driver:
    """Sends transactions of any account and reads many values at once."""

    def __init__(self, world: World) -> None:
        self.registry = world.registry.address
        self._session = requests.Session()
        self._uri = str(world.chain.provider.web3.provider.endpoint_uri)
        self._functions = {
            entry["name"]: entry
            for entry in world.registry.contract_type.model_dump()["abi"]
            if entry["type"] == "function"
        }
        self.rpc("anvil_autoImpersonateAccount", True)

    def rpc(self, method: str, *params: Any) -> Any:
        reply = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in reply, f"{method}: {reply['error']}"
        return reply["result"]

    def send(self, name: str, *arguments: Any, sender: str, time: int) -> Refused | None:
        """Make the next block, at `time`, with this transaction; the error it met, or None."""
        self.rpc("evm_setNextBlockTimestamp", time)
        transaction = {"from": sender, "to": self.registry, "data": self._data(name, arguments)}
        mined = self.rpc("eth_sendTransaction", {**transaction, "gas": hex(GAS)})
        if self._receipt(mined)["status"] == "0x1":
            return None
        # It changed nothing, so the same question at the end of its block meets the same error.
        reply = self._post(
            {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [transaction, "latest"]}
        )
        return ERRORS.read(bytes.fromhex((reply["error"].get("data") or "0x").removeprefix("0x")))

    def read(self, questions: list[tuple[Any, ...]]) -> list[Any]:
        """The answers of view functions: each question is a name and its arguments. One value comes bare."""
        batch = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_call",
                "params": [{"to": self.registry, "data": self._data(name, arguments)}, "latest"],
            }
            for number, (name, *arguments) in enumerate(questions)
        ]
        replies = sorted(self._post(batch) if batch else [], key=lambda reply: reply["id"])
        return [
            self._answer(name, bytes.fromhex(reply["result"].removeprefix("0x")))
            for (name, *_), reply in zip(questions, replies, strict=True)
        ]

    def _receipt(self, transaction: str) -> Any:
        """Of a transaction that the node mines at once, if not before it answers."""
        for _ in range(PATIENCE):
            if receipt := self.rpc("eth_getTransactionReceipt", transaction):
                return receipt
            sleep(0.002)
        raise AssertionError(f"{transaction} was not mined")

    def _post(self, body: Any) -> Any:
        return self._session.post(self._uri, json=body, timeout=30).json()

    def _data(self, name: str, arguments: Any) -> str:
        types = [_type(item) for item in self._functions[name]["inputs"]]
        return "0x" + (keccak(text=f"{name}({','.join(types)})")[:4] + encode(types, list(arguments))).hex()

    def _answer(self, name: str, data: bytes) -> Any:
        types = [_type(item) for item in self._functions[name]["outputs"]]
        values = _checksummed(types, decode(types, data))
        return values[0] if len(values) == 1 else values


def _type(item: Any) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    members = ",".join(_type(member) for member in item["components"])
    return f"({members})" + item["type"].removeprefix("tuple")


def _checksummed(types: list[str], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Top-level addresses and lists of them as checksum addresses; the registry has none inside structs read here."""
    named = []
    for kind, value in zip(types, values, strict=True):
        if kind == "address":
            named.append(to_checksum_address(value))
        elif kind == "address[]":
            named.append(tuple(to_checksum_address(each) for each in value))
        else:
            named.append(value)
    return tuple(named)
