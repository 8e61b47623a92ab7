"""The contracts' Python face: typed reads, call data, events and refusals. Nothing here sends."""

from __future__ import annotations

from chain.contracts.abi import AbiMismatch
from chain.contracts.documents import DocumentRegistry, DocumentStatus
from chain.contracts.events import Event, decode_event
from chain.contracts.institutions import InstitutionRegistry, Operator, registry_validators
from chain.contracts.reverts import ContractRefusal, decode_revert
from chain.contracts.transfers import NewTransfer, Transfer, TransferLedger
from chain.contracts.vocabulary import (
    AmendReason,
    DocRef,
    DocumentState,
    InstitutionKind,
    KeyPurpose,
    ProposalAction,
    RejectReason,
    Role,
    Standing,
    TransferState,
    WithdrawReason,
)

__all__ = [
    "AbiMismatch",
    "AmendReason",
    "ContractRefusal",
    "DocRef",
    "DocumentRegistry",
    "DocumentState",
    "DocumentStatus",
    "Event",
    "InstitutionKind",
    "InstitutionRegistry",
    "KeyPurpose",
    "NewTransfer",
    "Operator",
    "ProposalAction",
    "RejectReason",
    "Role",
    "Standing",
    "Transfer",
    "TransferLedger",
    "TransferState",
    "WithdrawReason",
    "decode_event",
    "decode_revert",
    "registry_validators",
]
