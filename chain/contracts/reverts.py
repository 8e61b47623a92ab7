"""What the contracts refuse with, as typed errors: revert selector → class with the error's own arguments.

Errors that callers act on have classes here; every other error of the ABI is a plain `Reverted` that knows its
name and arguments. Two contracts' `WrongState` have one selector and one class.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import ClassVar

from chain.contracts.abi import CONTRACTS, AbiMismatch, Item, abi_of
from chain.contracts.typed import build
from chain.contracts.vocabulary import Standing
from chain.errors import Reverted

_PANIC = Item("Panic", (("code", "uint256"),), (), (False,))
_ERROR = Item("Error", (("message", "string"),), (), (False,))


class ContractRefusal(Reverted):
    """A refusal of one of our contracts that callers tell apart; its attributes are the error's arguments."""

    code = "contract_refusal"
    known: ClassVar[dict[str, type[ContractRefusal]]] = {}

    def __init_subclass__(cls) -> None:
        cls.name = cls.__name__
        ContractRefusal.known[cls.__name__] = cls


class NotAuthorized(ContractRefusal):
    """The account is no operator, or lacks the role (a Role mask)."""

    code = "not_authorized"
    account: str
    role: int


class InstitutionNotActive(ContractRefusal):
    """The institution would have to be Active."""

    code = "institution_not_active"
    institution: int
    found: Standing


class NotYetActive(ContractRefusal):
    """A sponsored pharmacy acts only from `active_from` on."""

    code = "not_yet_active"
    institution: int
    active_from: datetime


class OperatorEnded(ContractRefusal):
    """The account acted from `since` until `until` and no longer does."""

    code = "operator_ended"
    account: str
    since: datetime
    until: datetime


class AccountCompromised(ContractRefusal):
    """The account was declared compromised; it never acts again."""

    code = "account_compromised"
    account: str
    since: datetime


class UnknownInstitution(ContractRefusal):
    """No institution has this index."""

    code = "unknown_institution"
    institution: int


class UnknownKey(ContractRefusal):
    """No document key has this kid."""

    code = "unknown_key"
    kid: bytes


class KeyTaken(ContractRefusal):
    """The document key is institution `by`'s, for ever."""

    code = "key_taken"
    kid: bytes
    by: int


class AccountTaken(ContractRefusal):
    """The account acts, or seals, for institution `by`, for ever."""

    code = "account_taken"
    account: str
    by: int


class BadSignature(ContractRefusal):
    """The signature is not by the account that was to sign; `recovered` did sign these fields."""

    code = "bad_signature"
    recovered: str


class GasQuotaUsed(ContractRefusal):
    """The operator holds its coin or had its quota; more from `next_day` on."""

    code = "gas_quota_used"
    operator: str
    next_day: datetime


class GasReserveEmpty(ContractRefusal):
    """The registry has no coins left: a member sends some."""

    code = "gas_reserve_empty"


class AlreadyAnchored(ContractRefusal):
    """The issuer anchored this root before, at `time`. For a sender that lost an answer this is success."""

    code = "already_anchored"
    issuer: int
    root: bytes
    time: datetime


class NotAnchored(ContractRefusal):
    """The issuer never anchored this root."""

    code = "not_anchored"
    issuer: int
    root: bytes


class NotInBatch(ContractRefusal):
    """The path does not lead from this leaf to the root."""

    code = "not_in_batch"
    leaf: bytes


class WrongState(ContractRefusal):
    """A document (`found`: DocumentState) or transfer (TransferState) is in a state in which this cannot be done."""

    code = "wrong_state"
    subject: bytes
    found: int


class NotLater(ContractRefusal):
    """A replacement must be anchored strictly after the old document."""

    code = "not_later"
    old_time: datetime
    new_time: datetime


class DailyLimit(ContractRefusal):
    """The issuer has anchored as many batches as one day allows: make larger ones, or wait until 00:00 UTC."""

    code = "daily_limit"
    issuer: int


class NotIssuer(ContractRefusal):
    """The caller is neither the issuer nor the successor of one that ended."""

    code = "not_issuer"
    issuer: int
    caller: int


class AnnulPeriodOver(ContractRefusal):
    """The time to annul the withdrawal ended at `until`."""

    code = "annul_period_over"
    leaf: bytes
    until: datetime


class TransferExists(ContractRefusal):
    """A transfer with this id was sent before."""

    code = "transfer_exists"
    transfer_id: bytes


class NotReceiver(ContractRefusal):
    """Only the receiver of the transfer may answer it."""

    code = "not_receiver"
    transfer_id: bytes
    caller: int


def decode_revert(data: bytes) -> Reverted:
    """The typed error for revert bytes. Unknown or damaged ones give a `Reverted` that keeps the bytes."""
    item = _items().get(data[:4])
    if item is None:
        return Reverted(data)
    try:
        arguments = item.arguments(data[4:])
        kind = ContractRefusal.known.get(item.name)
        if kind is None:
            return Reverted(data, name=item.name, arguments=arguments)
        fields = build(kind, list(arguments.values()))
    except AbiMismatch:
        return Reverted(data)
    refusal = kind(data, arguments=fields)
    refusal.__dict__.update(fields)
    return refusal


@cache
def _items() -> dict[bytes, Item]:
    """Every error by selector, Solidity's own two included."""
    found = {item.id[:4]: item for item in (_PANIC, _ERROR)}
    for contract in CONTRACTS:
        found.update(abi_of(contract).errors)
    return found
