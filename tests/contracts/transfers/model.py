"""What the transfer ledger does, in plain Python: the specification its state machine test compares it with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum

from eth_utils import keccak

from tests.contracts.frame import ACTIVE, TRANSFER, Refused

MAX_BATCH = 256
LAST_REASON = 7
EMPTY = bytes(32)


class State(IntEnum):
    NONE = 0
    SENT = 1
    ACKNOWLEDGED = 2
    DISPUTED = 3
    REJECTED = 4


class Refusal(Exception):
    """The model refuses an act. `error`: the error that the contract must give."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.error = Refused(name, arguments)
        super().__init__(str(self.error))


@dataclass(frozen=True)
class Transfer:
    """A row of the ledger, in the contract's order."""

    state: State = State.NONE
    sender: int = 0
    receiver: int = 0
    sent_at: int = 0
    answered_at: int = 0
    reason: int = 0
    mac_commit: bytes = EMPTY
    cipher_hash: bytes = EMPTY

    @property
    def row(self) -> tuple[object, ...]:
        return tuple(self.__dict__.values())


Event = tuple[object, ...]


@dataclass
class Model:
    """Members and transfers."""

    now: int
    standings: dict[int, int]
    operators: dict[str, tuple[int, int]]
    """Account → institution and roles."""
    transfers: dict[bytes, Transfer] = field(default_factory=dict)

    def send(self, account: str, id_: bytes, receiver: int, commit: bytes, cipher: bytes) -> list[Event]:
        return self._send(self._authorize(account), id_, receiver, commit, cipher)

    def sendMany(
        self, account: str, ids: list[bytes], receivers: list[int], commits: list[bytes], ciphers: list[bytes]
    ) -> list[Event]:
        sender = self._authorize(account)
        lengths = (len(ids), len(receivers), len(commits), len(ciphers))
        if len(set(lengths)) > 1:
            raise Refusal("ListsDiffer", *lengths)
        if not 1 <= len(ids) <= MAX_BATCH:
            raise Refusal("ListLength", len(ids), MAX_BATCH)
        before = dict(self.transfers)
        try:
            rows = zip(ids, receivers, commits, ciphers, strict=True)
            return [event for row in rows for event in self._send(sender, *row)]
        except Refusal:
            self.transfers = before
            raise

    def acknowledge(self, account: str, id_: bytes, mac: bytes) -> list[Event]:
        found = self._answerable(account, id_)
        same = keccak(mac) == found.mac_commit
        state = State.ACKNOWLEDGED if same else State.DISPUTED
        self.transfers[id_] = replace(found, state=state, answered_at=self.now)
        return [("Acknowledged", id_)] if same else [("Disputed", id_, mac)]

    def reject(self, account: str, id_: bytes, reason: int) -> list[Event]:
        found = self._answerable(account, id_)
        if not 1 <= reason <= LAST_REASON:
            raise Refusal("UnknownReason", reason)
        self.transfers[id_] = replace(found, state=State.REJECTED, answered_at=self.now, reason=reason)
        return [("Rejected", id_, reason)]

    def transfer(self, id_: bytes) -> Transfer:
        return self.transfers.get(id_, Transfer())

    def _authorize(self, account: str) -> int:
        institution, roles = self.operators.get(account, (0, 0))
        if not roles & TRANSFER:
            raise Refusal("NotAuthorized", account, TRANSFER)
        if self.standings[institution] != ACTIVE:
            raise Refusal("InstitutionNotActive", institution, self.standings[institution])
        return institution

    def _send(self, sender: int, id_: bytes, receiver: int, commit: bytes, cipher: bytes) -> list[Event]:
        if EMPTY in (id_, commit, cipher):
            raise Refusal("EmptyCommitment", id_)
        if id_ in self.transfers:
            raise Refusal("TransferExists", id_)
        if receiver not in self.standings:
            raise Refusal("UnknownInstitution", receiver)
        if self.standings[receiver] != ACTIVE:
            raise Refusal("InstitutionNotActive", receiver, self.standings[receiver])
        self.transfers[id_] = Transfer(State.SENT, sender, receiver, self.now, 0, 0, commit, cipher)
        return [("Sent", id_, sender, receiver, commit, cipher)]

    def _answerable(self, account: str, id_: bytes) -> Transfer:
        caller = self._authorize(account)
        found = self.transfer(id_)
        if found.state == State.NONE:
            raise Refusal("WrongState", id_, State.NONE)
        if found.receiver != caller:
            raise Refusal("NotReceiver", id_, caller)
        if found.state != State.SENT:
            raise Refusal("WrongState", id_, found.state)
        return found
