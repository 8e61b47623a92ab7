"""What the contracts' storage says, read slot by slot: the records that light proofs prove.

Field names and meanings are those of contracts/interfaces (Batch, Mark, DocKey, Institution). A reader of
slots is all that is needed: proven ones (chain/trie_proof.py) or, on a development node, just its word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import TypeVar

from eth_utils.address import to_checksum_address

from chain.hashing import keccak256
from chain.layout import Key, layout_of
from chain.trust import Contracts

E = TypeVar("E", bound=IntEnum)

ReadSlot = Callable[[bytes, bytes], int]
"""(account: 20 bytes, slot: 32 bytes) → value."""

REGISTRY = "InstitutionRegistry"
DOCUMENTS = "DocumentRegistry"

_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1


class InstitutionKind(IntEnum):
    """`Kind` of Common.sol."""

    NONE = 0
    HOSPITAL = 1
    PHARMACY = 2
    INSURER = 3
    CERTIFICATE_RECEIVER = 4
    ASSOCIATION = 5
    CITY = 6


class Standing(IntEnum):
    """`Standing` of Common.sol."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    RETIRED = 3
    EXPELLED = 4


class KeyPurpose(IntEnum):
    """`KeyPurpose` of Common.sol."""

    NONE = 0
    SIGN = 1
    ENCRYPT = 2


class DocumentState(IntEnum):
    """`IDocumentRegistry.State`; NONE in a mark means that nothing happened since the anchor."""

    NONE = 0
    ACTIVE = 1
    SUPERSEDED = 2
    WITHDRAWN = 3


@dataclass(frozen=True)
class Batch:
    """One anchored batch."""

    time: datetime
    depth: int
    reaffirmed_at: datetime | None


@dataclass(frozen=True)
class Mark:
    """What happened to a document since it was anchored."""

    state: DocumentState
    reason: int
    """AmendReason if superseded, WithdrawReason if withdrawn."""
    time: datetime | None
    by: str


@dataclass(frozen=True)
class DocKey:
    """A document key (P-256) by its kid."""

    institution: int
    purpose: KeyPurpose
    valid_from: datetime
    valid_until: datetime
    compromised_since: datetime | None
    declared_at: datetime | None


@dataclass(frozen=True)
class Institution:
    """An institution and its standing. `id` is its public identifier."""

    id: str
    kind: InstitutionKind
    standing: Standing
    voting: bool
    sponsor: int
    successor: int
    admitted_at: datetime
    standing_since: datetime
    doubt_since: datetime | None


class StateMalformed(ValueError):
    """A slot holds what the contract never writes. `label` is the variable's name."""

    code = "state_malformed"

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} holds what no contract of this version writes")
        self.label = label


@dataclass(frozen=True)
class ContractState:
    """The two registries of one network at one block. Records that were never written read as None."""

    contracts: Contracts
    read: ReadSlot

    def batch(self, issuer: int, root: bytes) -> Batch | None:
        """`_batches[issuer][root]`."""
        fields = self._documents("_batches", issuer, root)
        time = _moment(fields["time"])
        return None if time is None else Batch(time, fields["depth"], _moment(fields["reaffirmedAt"]))

    def mark(self, issuer: int, leaf: bytes) -> Mark | None:
        """`_marks[issuer][leaf]`."""
        fields = self._documents("_marks", issuer, leaf)
        if not fields["state"]:
            return None
        state = _member(DocumentState, fields["state"], "_marks")
        by = to_checksum_address(fields["by"].to_bytes(20, "big"))
        return Mark(state, fields["reason"], _moment(fields["time"]), by)

    def successor(self, issuer: int, leaf: bytes) -> bytes | None:
        """`_successors[issuer][leaf]`."""
        slot = layout_of(DOCUMENTS).slot("_successors", issuer, leaf)
        value = self.read(_account(self.contracts.document_registry), slot)
        return value.to_bytes(32, "big") if value else None

    def key(self, kid: bytes) -> DocKey | None:
        """`_keys[kid]`."""
        fields = self._registry("_keys", kid)
        if not fields["institution"]:
            return None
        return DocKey(
            fields["institution"],
            _member(KeyPurpose, fields["purpose"], "_keys"),
            _certain(fields["validFrom"]),
            _certain(fields["validUntil"]),
            _moment(fields["compromisedSince"]),
            _moment(fields["declaredAt"]),
        )

    def institution(self, index: int) -> Institution | None:
        """`_institutions[index]` and `_institutionIds[index]`."""
        fields = self._registry("_institutions", index)
        name = self._registry_slot("_institutionIds", index)
        if not fields["standing"]:
            return None
        return Institution(
            name.to_bytes(32, "big").rstrip(b"\0").decode("ascii", "replace"),
            _member(InstitutionKind, fields["kind"], "_institutions"),
            _member(Standing, fields["standing"], "_institutions"),
            bool(fields["voting"]),
            fields["sponsor"],
            fields["successor"],
            _certain(fields["admittedAt"]),
            _certain(fields["standingSince"]),
            _moment(fields["doubtSince"]),
        )

    def validator_set_hash(self, epoch: int) -> bytes:
        """`_validatorSetHash[epoch]`, zeros for an epoch not reached."""
        return self._registry_slot("_validatorSetHash", epoch).to_bytes(32, "big")

    def validator_epoch(self) -> int:
        """`_validatorEpoch`, which may share its slot with other variables."""
        layout = layout_of(REGISTRY)
        value = self.read(_account(self.contracts.institution_registry), layout.slot("_validatorEpoch"))
        return layout.value_in("_validatorEpoch", value)

    def _documents(self, label: str, *keys: Key) -> dict[str, int]:
        layout = layout_of(DOCUMENTS)
        value = self.read(_account(self.contracts.document_registry), layout.slot(label, *keys))
        return layout.unpack(label, value)

    def _registry(self, label: str, *keys: Key) -> dict[str, int]:
        return layout_of(REGISTRY).unpack(label, self._registry_slot(label, *keys))

    def _registry_slot(self, label: str, *keys: Key) -> int:
        slot = layout_of(REGISTRY).slot(label, *keys)
        return self.read(_account(self.contracts.institution_registry), slot)


def validator_set_hash(validators: Sequence[str]) -> bytes:
    """keccak256(abi.encode(address[])) of a set, in ascending order."""
    words = sorted(_account(validator).rjust(32, b"\0") for validator in validators)
    return keccak256((32).to_bytes(32, "big") + len(words).to_bytes(32, "big") + b"".join(words))


def _account(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def _certain(seconds: int) -> datetime:
    """A block time as a datetime; one beyond the year 9999 (a key without an end) as the last there is."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC)


def _moment(seconds: int) -> datetime | None:
    """A block time as a datetime, None for zero (never)."""
    return _certain(seconds) if seconds else None


def _member(kind: type[E], value: int, label: str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise StateMalformed(label) from error
