"""A small world for the registry's tests: five founders, people who hold their keys, and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from chain.signing import NO_ACCOUNT, RegistryDomain, institution_id, sign_custodial, sign_message

ADMIN, ANCHOR, STATUS, TRANSFER, PRESCRIBE, DISPENSE, CONSENT, REFER = (1 << bit for bit in range(8))
ALL_ROLES = 255
HOUR, DAY = 3600, 86_400
KOREA = 9 * HOUR
RESERVE = 100 * 10**18
HOSPITAL, ASSOCIATION, INSURER, RECEIVER, CITY = range(1, 6)
"""Indices of the founders: all vote."""


class Kind(IntEnum):
    HOSPITAL = 1
    PHARMACY = 2
    INSURER = 3
    RECEIVER = 4
    ASSOCIATION = 5
    CITY = 6


class Standing(IntEnum):
    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    RETIRED = 3
    EXPELLED = 4


class Action(IntEnum):
    ADMIT = 0
    SET_STANDING = 1
    SET_VOTING = 2
    SET_VALIDATOR = 3
    SET_SUCCESSOR = 4
    RECOVER_ADMIN = 5
    BACKDATE = 6
    SET_CONTRACT = 7
    SET_SPONSOR_LIMIT = 8


PAYLOADS: dict[Action, list[str]] = {
    Action.ADMIT: ["bytes32", "uint8", "bool", "address", "address", "bytes"],
    Action.SET_STANDING: ["uint32", "uint8", "uint40"],
    Action.SET_VOTING: ["uint32", "bool", "address"],
    Action.SET_VALIDATOR: ["uint32", "address"],
    Action.SET_SUCCESSOR: ["uint32", "uint32"],
    Action.RECOVER_ADMIN: ["uint32", "address", "address[]", "bytes"],
    Action.BACKDATE: ["address", "bytes32", "uint40"],
    Action.SET_CONTRACT: ["bytes32", "address"],
    Action.SET_SPONSOR_LIMIT: ["uint32", "uint32"],
}
"""The payload of each action, as contracts/interfaces/institutions/IProposals.sol has it."""

FOUNDER_KINDS = (Kind.HOSPITAL, Kind.ASSOCIATION, Kind.INSURER, Kind.RECEIVER, Kind.CITY)


def payload(action: Action, *values: Any) -> bytes:
    """A payload, ABI-encoded."""
    return encode(PAYLOADS[action], values)


def fresh_account(seed: int) -> LocalAccount:
    """A key that holds no coins; the same for the same seed."""
    return Account.from_key(keccak(text=f"saegim test account {seed}"))


def validator(number: int) -> str:
    """Address of a sealing account."""
    return fresh_account(10_000 + number).address


def name32(text: str) -> bytes:
    """A directory name."""
    return text.encode("ascii").ljust(32, b"\0")


@dataclass
class World:
    """A registry, its founders' admins and what they do together."""

    registry: Any
    chain: Any
    accounts: Any
    admins: dict[int, Any] = field(default_factory=dict)
    """The ape account that is ADMIN of each institution."""

    @property
    def domain(self) -> RegistryDomain:
        return RegistryDomain(self.chain.chain_id, self.registry.address)

    @property
    def now(self) -> int:
        """Time of the latest block."""
        return int(self.chain.blocks.head.timestamp)

    def at(self, time: int) -> None:
        """The next block is made at `time`."""
        self.chain.pending_timestamp = time

    def pass_time(self, seconds: int) -> int:
        """Let time pass, with a block, so that views see it too; the new time."""
        time = self.now + seconds
        self.chain.mine(timestamp=time)
        return time

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is done inside is undone after. (ape's own `isolate` also swallows what fails inside.)"""
        snapshot = self.chain.snapshot()
        try:
            yield
        finally:
            self.chain.restore(snapshot)

    def signer(self, account: Any) -> LocalAccount:
        """The key of an ape test account, to sign EIP-712 messages with."""
        return account if isinstance(account, LocalAccount) else Account.from_key(account.private_key)

    def nonce(self, account: Any) -> int:
        return int(self.registry.nonces(account.address))

    def accept_operator(self, account: Any, index: int, roles: int, custodian: int = 0) -> bytes:
        """The account's acceptance, with the consent of the custodian's ADMIN if there is one."""
        message = self.domain.operator_acceptance(
            institution=index,
            account=account.address,
            roles=roles,
            nonce=self.nonce(account),
            custodian=custodian,
        )
        if custodian:
            return sign_custodial(self.signer(account), self.signer(self.admins[custodian]), message)
        return sign_message(self.signer(account), message)

    def accept_institution(self, admin: Any, number: str, kind: Kind, **fields: Any) -> bytes:
        """The first admin's acceptance of a new institution."""
        message = self.domain.institution_acceptance(
            institution_id=institution_id(number),
            kind=kind,
            admin=admin.address,
            nonce=self.nonce(admin),
            **fields,
        )
        return sign_message(self.signer(admin), message)

    def add_operator(self, index: int, account: Any, roles: int, custodian: int = 0) -> Any:
        acceptance = self.accept_operator(account, index, roles, custodian)
        return self.registry.addOperator(
            account.address, roles, custodian, acceptance, sender=self.admins[index]
        )

    def propose(self, action: Action, *values: Any, by: int = HOSPITAL) -> int:
        """A proposal's id."""
        receipt = self.registry.propose(action, payload(action, *values), sender=self.admins[by])
        return int(receipt.events.filter(self.registry.Proposed)[0].proposalId)

    def vote(self, proposal: int, *voters: int, yes: bool = True) -> None:
        for voter in voters:
            self.registry.vote(proposal, yes, sender=self.admins[voter])

    def passed(self, action: Action, *values: Any) -> int:
        """A proposal that has just passed, with the fewest votes of those that vote now."""
        voters = list(self.registry.votingMembers())
        proposal = self.propose(action, *values, by=voters[0])
        self.vote(proposal, *voters[: len(voters) // 2 + 1])
        return proposal

    def decide(self, action: Action, *values: Any) -> Any:
        """Pass a proposal and carry it out; the receipt of the execution."""
        proposal = self.passed(action, *values)
        return self.registry.execute(proposal, sender=self.admins[HOSPITAL])

    def admit(
        self, admin: Any, number: str, kind: Kind, *, voting: bool = False, seals: str = NO_ACCOUNT
    ) -> int:
        """Admit an institution by vote; its index."""
        acceptance = self.accept_institution(admin, number, kind, voting=voting, validator=seals)
        self.decide(Action.ADMIT, institution_id(number), kind, voting, admin.address, seals, acceptance)
        index = int(self.registry.institutionCount())
        self.admins[index] = admin
        return index

    def sponsor(self, admin: Any, number: str, *, custodial: bool = False, by: int = ASSOCIATION) -> int:
        """Admit a pharmacy by its association; its index. It still waits for 24 hours."""
        acceptance = self.accept_institution(admin, number, Kind.PHARMACY, sponsor=by, custodial=custodial)
        self.registry.admitSponsored(
            institution_id(number), admin.address, custodial, acceptance, sender=self.admins[by]
        )
        index = int(self.registry.institutionCount())
        self.admins[index] = admin
        return index

    def standing(self, index: int) -> Standing:
        return Standing(self.registry.institution(index)[1].standing)
