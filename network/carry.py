"""Carrying a chain's whole state into the first block of another: the way off Clique that loses no date.

Which accounts and slots there are is learnt by tracing every block with transactions (geth's prestateTracer; the node
must keep its history, as ours do). Nothing is taken on trust: the trie made of what was found must have the state root
that the validators sealed. So one block's hash is all that the members compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address

from chain.hashing import keccak256
from chain.headers import Header
from network.errors import NetworkError
from network.genesis import state_root
from network.ipc import Rpc

TRACER = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}

GET_VALIDATORS = "0x" + keccak256(b"getValidators()")[:4].hex()

Accounts = dict[str, dict[str, Any]]
"""By address as a genesis file has them: balance, nonce, code, storage; hexadecimal."""


@dataclass(frozen=True)
class Carried:
    """A chain's state after one block."""

    number: int
    time: int
    """The block's, in seconds since 1970."""
    validators: frozenset[str]
    """The registry's set there."""
    accounts: Accounts


class CarryIncomplete(NetworkError):
    """What was found is not the whole state of block `number`: its root is another than the sealed one."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the state found at block {number} is not the one that was sealed: use a node that kept its whole history"
        )
        self.number = number


def carry_state(rpc: Rpc, genesis: Mapping[str, Any], registry: str, number: int) -> Carried:
    """The whole state after block `number`, ready for another genesis file, checked against the sealed state root.

    `rpc`: an archive node's administrative socket; `genesis`: the file that its chain began with; `registry`: address
    of the InstitutionRegistry. Raises CarryIncomplete, IpcUnavailable, RpcRefused.
    """
    header = Header.from_rpc(rpc.call("eth_getBlockByNumber", hex(number), False))
    slots: dict[str, set[str]] = {to_checksum_address(address): set() for address in genesis["alloc"]}
    for traced in _traces(rpc, number):
        _note(slots, traced)
    found = {address: _account(rpc, address, slots[address], hex(number)) for address in sorted(slots)}
    accounts = {address: account for address, account in found.items() if _exists(account)}
    if state_root(accounts) != header.state_root:
        raise CarryIncomplete(number)
    answer = rpc.call("eth_call", {"to": registry, "data": GET_VALIDATORS}, hex(number))
    validators = decode(["address[]"], bytes.fromhex(answer[2:]))[0]
    return Carried(number, header.time, frozenset(map(to_checksum_address, validators)), accounts)


def _traces(rpc: Rpc, last: int) -> Iterator[Mapping[str, Any]]:
    """What each transaction up to block `last` changed: {"pre": accounts, "post": accounts}."""
    for number in range(1, last + 1):
        block = rpc.call("eth_getBlockByNumber", hex(number), False)
        if block["transactions"]:
            for traced in rpc.call("debug_traceBlockByNumber", hex(number), TRACER):
                yield traced["result"]


def _note(slots: dict[str, set[str]], traced: Mapping[str, Any]) -> None:
    """Add the accounts and slots of one transaction. Fees make the sealer's account, which the tracer shows too."""
    for side in ("pre", "post"):
        for address, account in traced[side].items():
            slots.setdefault(to_checksum_address(address), set()).update(account.get("storage", {}))


def _account(rpc: Rpc, address: str, slots: Iterable[str], at: str) -> dict[str, Any]:
    values = {slot: str(rpc.call("eth_getStorageAt", address, slot, at)) for slot in sorted(slots)}
    return {
        "balance": rpc.call("eth_getBalance", address, at),
        "nonce": rpc.call("eth_getTransactionCount", address, at),
        "code": rpc.call("eth_getCode", address, at),
        "storage": {slot: value for slot, value in values.items() if int(value, 16)},
    }


def _exists(account: Mapping[str, Any]) -> bool:
    """EIP-161: an account without balance, nonce and code is none."""
    return bool(int(account["balance"], 16) or int(account["nonce"], 16) or account["code"] != "0x")
