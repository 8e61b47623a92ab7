"""What the typed wrappers share: one contract at one address, read through a client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from eth_utils.address import to_checksum_address

from chain.client import BlockTag
from chain.contracts.abi import Abi, abi_of
from chain.contracts.reverts import decode_revert
from chain.errors import Reverted


class Caller(Protocol):
    """What wrappers ask of `ChainClient`."""

    def eth_call(self, to: str, data: bytes, *, block: BlockTag = ..., sender: str | None = ...) -> bytes:
        """The result of a contract call."""

    def eth_calls(self, calls: Sequence[tuple[str, bytes]], *, block: BlockTag = ...) -> list[bytes]:
        """The results of several contract calls."""


class Contract:
    """One deployed contract. Reads take `block` (a number, or "latest"); `encode_…` give call data for a sender."""

    contract_name: ClassVar[str]

    def __init__(self, client: Caller, address: str) -> None:
        self.address = to_checksum_address(address)
        self._client = client
        self._abi: Abi = abi_of(self.contract_name)

    def call(self, function: str, *arguments: Any, block: BlockTag = "latest") -> Any:
        """Call a view by its ABI name; the value, or a tuple if it returns several.

        Raises Reverted (a class of chain/contracts/reverts.py where there is one), AbiMismatch, NodeError.
        """
        item = self._abi.functions[function]
        try:
            data = self._client.eth_call(self.address, item.call_data(*arguments), block=block)
        except Reverted as error:
            raise decode_revert(error.data) from error
        values = item.result(data)
        return values[0] if len(values) == 1 else values

    def call_each(
        self, function: str, rows: Sequence[Sequence[Any]], *, block: BlockTag = "latest"
    ) -> list[Any]:
        """The same view for several rows of arguments, in one batch. For views that do not revert."""
        item = self._abi.functions[function]
        calls = [(self.address, item.call_data(*row)) for row in rows]
        results = (item.result(data) for data in self._client.eth_calls(calls, block=block))
        return [values[0] if len(values) == 1 else values for values in results]

    def encode(self, function: str, *arguments: Any) -> bytes:
        """Call data of any function, by its ABI name."""
        return self._abi.functions[function].call_data(*arguments)
