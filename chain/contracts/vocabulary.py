"""The contracts' enums and roles (contracts/interfaces/Common.sol and the interfaces), in Python."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from chain.state import DocumentState, InstitutionKind, KeyPurpose, Standing

__all__ = [
    "AmendReason",
    "DocRef",
    "DocumentState",
    "InstitutionKind",
    "KeyPurpose",
    "ProposalAction",
    "RejectReason",
    "Role",
    "Standing",
    "TransferState",
    "WithdrawReason",
]


class Role(IntFlag):
    """What an operator may do. Each stands alone: ADMIN includes no other."""

    NONE = 0
    ADMIN = 1
    ANCHOR = 2
    STATUS = 4
    TRANSFER = 8
    PRESCRIBE = 16
    DISPENSE = 32
    CONSENT = 64
    REFER = 128


class AmendReason(IntEnum):
    """Why a document was replaced (`IDocumentRegistry.AmendReason`)."""

    NONE = 0
    CORRECTED = 1
    RESETTLED = 2
    FINALISED = 3
    REISSUED = 4
    ORDERED = 5


class WithdrawReason(IntEnum):
    """Why a document was withdrawn (`IDocumentRegistry.WithdrawReason`)."""

    NONE = 0
    CANCELLED = 1
    ISSUED_IN_ERROR = 2
    MISDIRECTED = 3
    DUPLICATE = 4
    KEY_COMPROMISED = 5
    REQUESTED = 6
    ORDERED = 7


class TransferState(IntEnum):
    """Where a transfer stands (`ITransferLedger.State`)."""

    NONE = 0
    SENT = 1
    ACKNOWLEDGED = 2
    DISPUTED = 3
    REJECTED = 4


class RejectReason(IntEnum):
    """Why a receiver rejected a package (`ITransferLedger.RejectReason`)."""

    NONE = 0
    NOT_RECEIVED = 1
    UNDECRYPTABLE = 2
    BAD_SIGNATURE = 3
    MALFORMED = 4
    NOT_FOR_US = 5
    NO_CONSENT = 6
    DUPLICATE = 7


class ProposalAction(IntEnum):
    """What members vote on (`IProposals.Action`)."""

    ADMIT = 0
    SET_STANDING = 1
    SET_VOTING = 2
    SET_VALIDATOR = 3
    SET_SUCCESSOR = 4
    RECOVER_ADMIN = 5
    BACKDATE_COMPROMISE = 6
    SET_CONTRACT = 7
    SET_SPONSOR_LIMIT = 8


@dataclass(frozen=True)
class DocRef:
    """A document as its holder knows it: the batch's root, its leaf, the siblings from the leaf up."""

    root: bytes
    leaf: bytes
    path: tuple[bytes, ...]

    @property
    def abi(self) -> tuple[bytes, bytes, list[bytes]]:
        """As the contract takes it."""
        return self.root, self.leaf, list(self.path)
