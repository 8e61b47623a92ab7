"""The contracts' events as frozen dataclasses; fields in the order of the ABI, times as moments, enums as such.

Block, transaction and place of an event are in its `Log`; this is what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from chain.client import Log
from chain.contracts.abi import CONTRACTS, abi_of
from chain.contracts.typed import build
from chain.contracts.vocabulary import InstitutionKind, KeyPurpose, ProposalAction, Role, Standing


class Event:
    """Root of all events."""

    known: ClassVar[dict[str, type[Event]]] = {}
    """Event classes by name."""

    def __init_subclass__(cls) -> None:
        Event.known[cls.__name__] = cls


@dataclass(frozen=True)
class Anchored(Event):
    """`issuer` anchored a batch; its time is the block's."""

    issuer: int
    root: bytes
    depth: int


@dataclass(frozen=True)
class Reaffirmed(Event):
    """`issuer` vouched again for a batch; its time is the block's."""

    issuer: int
    root: bytes


@dataclass(frozen=True)
class Amended(Event):
    """A document was replaced by another of the same issuer. `reason`: an AmendReason."""

    issuer: int
    leaf: bytes
    successor_leaf: bytes
    reason: int


@dataclass(frozen=True)
class Withdrawn(Event):
    """A document was withdrawn. `reason`: a WithdrawReason."""

    issuer: int
    leaf: bytes
    reason: int


@dataclass(frozen=True)
class Annulled(Event):
    """A withdrawal was annulled: the document is active again."""

    issuer: int
    leaf: bytes


@dataclass(frozen=True)
class Sent(Event):
    """A transfer was sent."""

    transfer_id: bytes
    sender: int
    receiver: int
    mac_commit: bytes
    cipher_hash: bytes


@dataclass(frozen=True)
class Acknowledged(Event):
    """The receiver opened the package."""

    transfer_id: bytes


@dataclass(frozen=True)
class Disputed(Event):
    """The receiver revealed a MAC that is not the sender's."""

    transfer_id: bytes
    mac_received: bytes


@dataclass(frozen=True)
class Rejected(Event):
    """The receiver rejected the package. `reason`: a RejectReason."""

    transfer_id: bytes
    reason: int


@dataclass(frozen=True)
class Admitted(Event):
    """A new institution. `active_from` is later than the block for a sponsored pharmacy."""

    index: int
    id: bytes
    kind: InstitutionKind
    voting: bool
    sponsor: int
    admin: str
    active_from: datetime


@dataclass(frozen=True)
class StandingChanged(Event):
    """The institution's standing is now `standing`."""

    institution: int
    standing: Standing
    doubt_since: datetime | None


@dataclass(frozen=True)
class SuccessorSet(Event):
    """`successor` may mark the documents of `institution`."""

    institution: int
    successor: int


@dataclass(frozen=True)
class OperatorSet(Event):
    """An account acts for an institution with these roles until `until` (None: open)."""

    institution: int
    account: str
    roles: Role
    custodian: int
    until: datetime | None


@dataclass(frozen=True)
class OperatorCompromised(Event):
    """Acts of the account from `since` on may be another's."""

    institution: int
    account: str
    since: datetime


@dataclass(frozen=True)
class KeySet(Event):
    """A document key as it now stands."""

    institution: int
    kid: bytes
    purpose: KeyPurpose
    x: bytes
    y: bytes
    valid_from: datetime
    valid_until: datetime
    compromised_since: datetime | None


@dataclass(frozen=True)
class KeyCompromised(Event):
    """The key may be in other hands since `since`. `reason`: a code of the operations handbook."""

    institution: int
    kid: bytes
    since: datetime
    reason: int


@dataclass(frozen=True)
class ValidatorSetChanged(Event):
    """From this block on the validators are these, ascending."""

    epoch: int
    set_hash: bytes
    validators: tuple[str, ...]


@dataclass(frozen=True)
class VotingChanged(Event):
    """The institution votes, or no longer votes."""

    institution: int
    voting: bool
    electorate_epoch: int


@dataclass(frozen=True)
class Proposed(Event):
    """A proposal is open for votes until `expires`."""

    proposal_id: int
    action: ProposalAction
    by: int
    electorate_epoch: int
    expires: datetime
    payload: bytes


@dataclass(frozen=True)
class Voted(Event):
    """An institution voted."""

    proposal_id: int
    by: int
    yes: bool


@dataclass(frozen=True)
class Executed(Event):
    """A proposal was carried out."""

    proposal_id: int


@dataclass(frozen=True)
class RecoveryVetoed(Event):
    """A recovery was stopped for good."""

    proposal_id: int
    by: int


@dataclass(frozen=True)
class SponsoredSuspended(Event):
    """A sponsor suspended its pharmacy."""

    institution: int
    by: int
    reason: int


@dataclass(frozen=True)
class SponsoredContested(Event):
    """A voting member contested a sponsored admission."""

    institution: int
    by: int


@dataclass(frozen=True)
class SponsorLimitSet(Event):
    """The members voted a daily limit for a sponsor."""

    sponsor: int
    per_day: int


@dataclass(frozen=True)
class ContractSet(Event):
    """From this block on `location` does the job `name`."""

    name: bytes
    location: str
    since: datetime


@dataclass(frozen=True)
class GasGranted(Event):
    """An operator was given `amount` wei."""

    operator: str
    amount: int


def decode_event(log: Log) -> Event | None:
    """What a log of one of our contracts says; None for an event this version does not know.

    Raises AbiMismatch for a known event whose bytes are not its ABI's.
    """
    if not log.topics:
        return None
    for contract in CONTRACTS:
        item = abi_of(contract).events.get(log.topics[0])
        if item is not None and (kind := Event.known.get(item.name)) is not None:
            return kind(**build(kind, item.fields(log)))
    return None
