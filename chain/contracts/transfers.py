"""TransferLedger: who sent a package to whom, and whether it was opened. See ITransferLedger.sol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chain.client import BlockTag
from chain.contracts.base import Contract
from chain.contracts.typed import moment, moment_or_none
from chain.contracts.vocabulary import RejectReason, TransferState


@dataclass(frozen=True)
class Transfer:
    """One transfer. `answered_at` None: the receiver has not answered."""

    state: TransferState
    sender: int
    receiver: int
    sent_at: datetime
    answered_at: datetime | None
    reason: RejectReason
    mac_commit: bytes
    cipher_hash: bytes


@dataclass(frozen=True)
class NewTransfer:
    """What a sender commits to: keccak256(mac) and sha256(ciphertext)."""

    transfer_id: bytes
    receiver: int
    mac_commit: bytes
    cipher_hash: bytes


class TransferLedger(Contract):
    """Transfers by their random ids."""

    contract_name = "TransferLedger"

    def transfer(self, transfer_id: bytes, *, block: BlockTag = "latest") -> Transfer | None:
        """A transfer; None if there is none."""
        state, sender, receiver, sent, answered, reason, mac_commit, cipher_hash = self.call(
            "transfer", transfer_id, block=block
        )
        if not state:
            return None
        return Transfer(
            TransferState(state),
            sender,
            receiver,
            moment(sent),
            moment_or_none(answered),
            RejectReason(reason),
            mac_commit,
            cipher_hash,
        )

    def max_batch(self) -> int:
        """Most transfers in one `send_many`."""
        return int(self.call("maxBatch"))

    def encode_send(self, new: NewTransfer) -> bytes:
        """Call data: send one package."""
        return self.encode("send", new.transfer_id, new.receiver, new.mac_commit, new.cipher_hash)

    def encode_send_many(self, new: Sequence[NewTransfer]) -> bytes:
        """Call data: send several packages."""
        columns = (
            [item.transfer_id for item in new],
            [item.receiver for item in new],
            [item.mac_commit for item in new],
            [item.cipher_hash for item in new],
        )
        return self.encode("sendMany", *columns)

    def encode_acknowledge(self, transfer_id: bytes, mac: bytes) -> bytes:
        """Call data: reveal the MAC found in the package."""
        return self.encode("acknowledge", transfer_id, mac)

    def encode_reject(self, transfer_id: bytes, reason: RejectReason) -> bytes:
        """Call data: reject a package."""
        return self.encode("reject", transfer_id, int(reason))
