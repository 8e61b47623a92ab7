"""InstitutionRegistry: members, operators, document keys, validators. See contracts/interfaces/institutions/.

Votes and enrolment (propose, admitSponsored, addOperator …) are an ADMIN's work; their call data is made with
`encode(name, …)` from the messages of chain/signing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from eth_utils.address import to_checksum_address

from chain.client import BlockTag
from chain.contracts.base import Contract
from chain.contracts.typed import moment, moment_or_none
from chain.contracts.vocabulary import InstitutionKind, KeyPurpose, Role, Standing
from chain.state import DocKey, Institution


@dataclass(frozen=True)
class Operator:
    """An account that acts, or acted, for an institution. `custodian` 0: the institution keeps its key itself."""

    institution: int
    custodian: int
    roles: Role
    since: datetime
    until: datetime | None
    compromised_since: datetime | None


class InstitutionRegistry(Contract):
    """The registry of institutions."""

    contract_name = "InstitutionRegistry"

    def institution(self, index: int, *, block: BlockTag = "latest") -> Institution:
        """An institution and its standing. Raises UnknownInstitution."""
        name, (kind, standing, voting, sponsor, successor, admitted, since, doubt) = self.call(
            "institution", index, block=block
        )
        return Institution(
            name.rstrip(b"\0").decode("ascii", "replace"),
            InstitutionKind(kind),
            Standing(standing),
            voting,
            sponsor,
            successor,
            moment(admitted),
            moment(since),
            moment_or_none(doubt),
        )

    def institution_count(self) -> int:
        """How many were ever admitted; indices run from 1."""
        return int(self.call("institutionCount"))

    def index_of(self, public_id: str) -> int | None:
        """The index of the institution with this public identifier."""
        return int(self.call("indexOf", public_id.encode("ascii").ljust(32, b"\0"))) or None

    def operator(self, account: str, *, block: BlockTag = "latest") -> Operator | None:
        """An account's record; None if it never was an operator."""
        institution, custodian, roles, since, until, compromised = self.call("operator", account, block=block)
        if not institution:
            return None
        return Operator(
            institution,
            custodian,
            Role(roles),
            moment(since),
            moment_or_none(until),
            moment_or_none(compromised),
        )

    def authorize(self, account: str, role: Role, *, block: BlockTag = "latest") -> int:
        """The institution an account acts for with these roles. Raises NotAuthorized and its like."""
        return int(self.call("authorize", account, int(role), block=block))

    def key(self, kid: bytes, *, block: BlockTag = "latest") -> DocKey | None:
        """A document key; None if it was never registered."""
        institution, purpose, valid_from, valid_until, compromised, declared = self.call(
            "key", kid, block=block
        )
        if not institution:
            return None
        return DocKey(
            institution,
            KeyPurpose(purpose),
            moment(valid_from),
            moment(valid_until),
            moment_or_none(compromised),
            moment_or_none(declared),
        )

    def public_key(self, kid: bytes) -> tuple[bytes, bytes] | None:
        """The P-256 point (x, y) of a document key; None if it was never registered."""
        x, y = self.call("publicKey", kid)
        return (x, y) if any(x) or any(y) else None

    def keys_of(self, index: int) -> tuple[bytes, ...]:
        """Every kid the institution ever registered, oldest first."""
        return tuple(self.call("keysOf", index))

    def operators_of(self, index: int) -> tuple[str, ...]:
        """Every account that ever was an operator of the institution, oldest first."""
        return tuple(self.call("operatorsOf", index))

    def validators(self, *, block: BlockTag = "latest") -> tuple[str, ...]:
        """The present validators, ascending."""
        return tuple(self.call("getValidators", block=block))

    def validator_epoch(self, *, block: BlockTag = "latest") -> int:
        """Number of the present validator set; the founders' is 1."""
        return int(self.call("validatorEpoch", block=block))

    def validator_set_hash(self, epoch: int) -> bytes:
        """keccak256(abi.encode(validators)) of an epoch; zeros for one not reached."""
        return bytes(self.call("validatorSetHash", epoch))

    def voting_members(self) -> tuple[int, ...]:
        """The institutions that vote now."""
        return tuple(self.call("votingMembers"))

    def contract_at(self, name: str, time: int) -> str | None:
        """The contract that did the job `name` at `time` (seconds); None where there was none."""
        found = self.call("contractAt", name.encode("ascii").ljust(32, b"\0"), time)
        return to_checksum_address(found) if int(found, 16) else None

    def gas_allowance(self, account: str) -> int:
        """What `claimGas` would grant an operator now, in wei."""
        return int(self.call("gasAllowance", account))

    def nonces(self, accounts: Sequence[str]) -> list[int]:
        """The number each account's next acceptance must carry."""
        return [int(found) for found in self.call_each("nonces", [(account,) for account in accounts])]

    def encode_claim_gas(self, account: str) -> bytes:
        """Call data: top an operator up."""
        return self.encode("claimGas", account)


def registry_validators(registry: InstitutionRegistry) -> Callable[[], Sequence[Sequence[str]]]:
    """Asks the registry at each call; remembers the set before, which seals on until the engine follows.

    The word of one's own node. A follower's `validator_sets` needs no such trust.
    """
    seen: list[tuple[str, ...]] = []

    def sets() -> Sequence[Sequence[str]]:
        current = registry.validators()
        if not seen or seen[0] != current:
            seen.insert(0, current)
            del seen[2:]
        return tuple(seen)

    return sets
