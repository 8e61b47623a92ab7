"""Sending the few transactions of deployment and enrolment, and waiting for each.

The long-running programs use `chain.sender`, which survives crashes; a deployment that is interrupted is simply
run again, because every step looks first whether it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount

from chain.client import ChainClient, Receipt
from chain.errors import ChainError, Reverted
from network.artifact import Artifact, BoundContract
from network.errors import TransactionFailed
from network.waiting import wait_for

GWEI = 10**9
TIP = 1
"""Wei per gas. A node does not take remote transactions below its price limit, which is at least 1."""
CREATION_GAS = 9_000_000
_HEADROOM = 1.3
"""Over the estimate: the state may have changed when the transaction is mined."""


@dataclass(frozen=True)
class Pending:
    """A transaction on its way."""

    what: str
    hash: bytes


class Transactor:
    """Sends transactions for several accounts. One program at a time may use an account.

    `client` should be of one node: several may differ by a block, and what was just written would not be read.
    `broadcaster` may have more. `confirmations`: blocks to wait for above the one that mined a transaction.
    """

    def __init__(
        self,
        client: ChainClient,
        chain_id: int,
        *,
        broadcaster: ChainClient | None = None,
        confirmations: int = 0,
        patience: float = 60.0,
    ) -> None:
        self.client = client
        self.chain_id = chain_id
        self._broadcaster = broadcaster or client
        self._confirmations = confirmations
        self._patience = patience
        self._nonces: dict[str, int] = {}

    def create(self, account: LocalAccount, artifact: Artifact, data: bytes, *, value: int = 0) -> Pending:
        """Send the creation of a contract. Raises TransactionFailed, NodeError."""
        return self._send(account, None, data, CREATION_GAS, value, f"creating {artifact.name}")

    def send(
        self, account: LocalAccount, contract: BoundContract, function: str, *arguments: object, what: str
    ) -> Pending:
        """Send a call. Raises TransactionFailed with the contract's error if it would revert, NodeError."""
        data = contract.artifact.call(function, *arguments)
        try:
            gas = self.client.estimate_gas(contract.address, data, sender=account.address)
        except Reverted as error:
            raise TransactionFailed(what, contract.artifact.explain(error.data)) from error
        return self._send(account, contract.address, data, int(gas * _HEADROOM), 0, what)

    def wait(self, pending: Sequence[Pending]) -> list[Receipt]:
        """Wait until all are mined. Raises TransactionFailed for one that reverted, ConditionNotMet."""
        if not pending:
            return []
        receipts = wait_for(
            f"mining: {', '.join(one.what for one in pending)}",
            lambda: self._receipts(pending),
            seconds=self._patience,
        )
        for one, receipt in zip(pending, receipts, strict=True):
            if not receipt.success:
                raise TransactionFailed(one.what, f"reverted in block {receipt.block_number}; run it again")
        return receipts

    def _receipts(self, pending: Sequence[Pending]) -> list[Receipt] | None:
        """All receipts, None while one is missing or too fresh."""
        found = self.client.receipts([one.hash for one in pending])
        receipts = [receipt for receipt in found if receipt is not None]
        if len(receipts) < len(pending):
            return None
        deepest = max((receipt.block_number for receipt in receipts), default=0)
        return receipts if self.client.head().number >= deepest + self._confirmations else None

    def _send(
        self, account: LocalAccount, to: str | None, data: bytes, gas: int, value: int, what: str
    ) -> Pending:
        base_fee = self.client.head().base_fee or 0
        nonce = self._nonces.get(account.address)
        if nonce is None:
            nonce = self.client.account(account.address).nonce
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self.chain_id,
            "nonce": nonce,
            "to": to if to is not None else b"",
            "value": value,
            "data": data,
            "gas": gas,
            "maxFeePerGas": max(GWEI, 2 * base_fee),
            "maxPriorityFeePerGas": TIP,
        }
        signed = account.sign_transaction(transaction)
        result = self._broadcaster.broadcast(bytes(signed.raw_transaction))
        if not result.accepted:
            raise TransactionFailed(what, _reason(result.errors))
        self._nonces[account.address] = nonce + 1
        return Pending(what, result.hash)


def _reason(errors: Sequence[ChainError]) -> str:
    return "; ".join(dict.fromkeys(str(error) for error in errors)) or "no node took it"
