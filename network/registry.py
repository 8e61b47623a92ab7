"""What deployment and enrolment ask the institution registry, typed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eth_utils.address import to_checksum_address

from chain.client import ChainClient
from network.artifact import BoundContract, artifact

ACTIVE = 1
"""The contract's `Standing.Active`."""


class Action(IntEnum):
    """What members vote about; the contract's `Action`."""

    ADMIT = 0
    SET_STANDING = 1
    SET_VOTING = 2
    SET_VALIDATOR = 3


@dataclass(frozen=True)
class Proposal:
    """A proposal and its payload. Times in seconds since 1970."""

    id: int
    action: int
    epoch: int
    expires: int
    yes: int
    needed: int
    executed: bool
    payload: bytes


@dataclass(frozen=True)
class OperatorRecord:
    """An operator account; all zero if it never was one."""

    institution: int
    custodian: int
    roles: int
    until: int
    compromised_since: int


class Registry:
    """The institution registry at `address`. Every question raises NodeError or Reverted."""

    def __init__(self, client: ChainClient, address: str) -> None:
        self.contract = BoundContract(client, artifact("InstitutionRegistry"), address)
        self.address = address
        self.client = client

    def index_of(self, institution_id: bytes) -> int:
        """Index of the institution with this identifier (32 bytes), 0 if there is none."""
        return int(self.contract.read("indexOf", institution_id))

    def standing(self, index: int) -> tuple[int, int]:
        """An institution's standing (the contract's number) and from when it holds, seconds since 1970."""
        _, record = self.contract.read("institution", index)
        return int(record[1]), int(record[6])

    def operator(self, account: str) -> OperatorRecord:
        """The record of an account."""
        institution, custodian, roles, _, until, compromised = self.contract.read("operator", account)
        return OperatorRecord(institution, custodian, roles, until, compromised)

    def key_owner(self, kid: bytes) -> int:
        """Index of the institution that registered a document key, 0 if nobody did."""
        return int(self.contract.read("key", kid)[0])

    def nonce(self, account: str) -> int:
        """What the next acceptance signed by `account` must carry."""
        return int(self.contract.read("nonces", account))

    def gas_allowance(self, account: str) -> int:
        """Wei that `claimGas` would grant."""
        return int(self.contract.read("gasAllowance", account))

    def validators(self, *, block: int | None = None) -> list[str]:
        """The validator set, ascending, checksummed."""
        return [to_checksum_address(one) for one in self.contract.read("getValidators", block=block)]

    def validator_epoch(self, *, block: int | None = None) -> int:
        """Number of the validator set."""
        return int(self.contract.read("validatorEpoch", block=block))

    def validator_of(self, index: int) -> str:
        """Sealing account of a voting member, the zero address for any other institution."""
        return to_checksum_address(self.contract.read("validatorOf", index))

    def voting_members(self) -> list[int]:
        """Indices of the institutions that vote."""
        return sorted(self.contract.read("votingMembers"))

    def electorate_epoch(self) -> int:
        """Number of the present electorate; proposals of another are void."""
        return int(self.contract.read("electorateEpoch"))

    def has_voted(self, proposal: int, index: int) -> bool:
        """Whether a member voted on a proposal."""
        return bool(self.contract.read("hasVoted", proposal, index))

    def proposal(self, proposal: int) -> Proposal:
        """One proposal."""
        record, payload = self.contract.read("proposal", proposal)
        action, _, epoch, expires, _, yes, _, needed, executed, _ = record
        return Proposal(proposal, action, epoch, expires, yes, needed, executed, payload)

    def proposal_count(self) -> int:
        """How many proposals were ever made; they are numbered from 1."""
        return int(self.contract.read("proposalCount"))
