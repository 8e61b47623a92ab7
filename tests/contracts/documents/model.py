"""What the document registry does, in plain Python: the specification its state machine test compares it with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from tests.contracts.frame import ACTIVE, ADMIN, ANCHOR, DAY, EXPELLED, RETIRED, STATUS, Refused, Tree

MIN_DEPTH, MAX_DEPTH, MAX_ROOTS = 4, 16, 256
ANNUL_PERIOD = 30 * DAY
LAST_AMEND_REASON, LAST_WITHDRAW_REASON = 5, 7
NOBODY = "0x" + "0" * 40


class State(IntEnum):
    NONE = 0
    ACTIVE = 1
    SUPERSEDED = 2
    WITHDRAWN = 3


TRANSITIONS = {
    (State.NONE, State.SUPERSEDED),
    (State.NONE, State.WITHDRAWN),
    (State.WITHDRAWN, State.ACTIVE),
    (State.ACTIVE, State.SUPERSEDED),
    (State.ACTIVE, State.WITHDRAWN),
}
"""How a mark may change; everything else is forbidden."""

Batch = tuple[int, int, int]
"""Time, depth, time of the latest reaffirmation."""
Mark = tuple[State, int, int, str]
"""State, reason, time, operator."""
Event = tuple[object, ...]


class Refusal(Exception):
    """The model refuses an act. `error`: the error that the contract must give."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.error = Refused(name, arguments)
        super().__init__(str(self.error))


@dataclass(frozen=True)
class Doc:
    """A document in a tree it claims to stand in; `sound`: whether it does."""

    tree: Tree
    leaf: bytes
    sound: bool = True

    @property
    def ref(self) -> tuple[bytes, bytes, list[bytes]]:
        path = self.tree.path(self.leaf)
        return self.tree.root, self.leaf, path if self.sound else [*path[1:], path[0]]


@dataclass
class Model:
    """Members, batches and marks."""

    now: int
    standings: dict[int, int]
    successors: dict[int, int]
    """Institution → the institution that succeeds it."""
    operators: dict[str, tuple[int, int]]
    """Account → institution and roles."""
    batches: dict[tuple[int, bytes], Batch] = field(default_factory=dict)
    marks: dict[tuple[int, bytes], Mark] = field(default_factory=dict)
    replaced: dict[tuple[int, bytes], bytes] = field(default_factory=dict)

    # ---------------------------------------------------------------------------------------------------- acts

    def anchor(self, account: str, tree: Tree, depth: int) -> list[Event]:
        issuer = self._authorize(account, ANCHOR)
        if not MIN_DEPTH <= depth <= MAX_DEPTH:
            raise Refusal("DepthOutOfRange", depth, MIN_DEPTH, MAX_DEPTH)
        if (issuer, tree.root) in self.batches:
            raise Refusal("AlreadyAnchored", issuer, tree.root, self.batches[issuer, tree.root][0])
        self.batches[issuer, tree.root] = (self.now, depth, 0)
        return [("Anchored", issuer, tree.root, depth)]

    def reaffirm(self, account: str, trees: list[Tree]) -> list[Event]:
        issuer = self._authorize(account, STATUS)
        if not 1 <= len(trees) <= MAX_ROOTS:
            raise Refusal("ListLength", len(trees), MAX_ROOTS)
        for tree in trees:
            if (issuer, tree.root) not in self.batches:
                raise Refusal("NotAnchored", issuer, tree.root)
        for tree in trees:
            time, depth, _ = self.batches[issuer, tree.root]
            self.batches[issuer, tree.root] = (time, depth, self.now)
        return [("Reaffirmed", issuer, tree.root) for tree in trees]

    def amend(self, account: str, issuer: int, old: Doc, new: Doc, reason: int) -> list[Event]:
        self._acts_for(account, issuer, STATUS)
        if not 1 <= reason <= LAST_AMEND_REASON:
            raise Refusal("UnknownReason", reason)
        if old.leaf == new.leaf:
            raise Refusal("OwnSuccessor", old.leaf)
        old_time, new_time = self._active(issuer, old), self._active(issuer, new)
        if new_time <= old_time:
            raise Refusal("NotLater", old_time, new_time)
        self.marks[issuer, old.leaf] = (State.SUPERSEDED, reason, self.now, account)
        self.replaced[issuer, old.leaf] = new.leaf
        return [("Amended", issuer, old.leaf, new.leaf, reason)]

    def withdraw(self, account: str, issuer: int, doc: Doc, reason: int) -> list[Event]:
        self._acts_for(account, issuer, STATUS)
        if not 1 <= reason <= LAST_WITHDRAW_REASON:
            raise Refusal("UnknownReason", reason)
        self._active(issuer, doc)
        self.marks[issuer, doc.leaf] = (State.WITHDRAWN, reason, self.now, account)
        return [("Withdrawn", issuer, doc.leaf, reason)]

    def annul(self, account: str, issuer: int, leaf: bytes) -> list[Event]:
        self._acts_for(account, issuer, ADMIN)
        state, _, time, _ = self.mark(issuer, leaf)
        if state != State.WITHDRAWN:
            raise Refusal("WrongState", leaf, state)
        if self.now > time + ANNUL_PERIOD:
            raise Refusal("AnnulPeriodOver", leaf, time + ANNUL_PERIOD)
        self.marks[issuer, leaf] = (State.ACTIVE, 0, self.now, account)
        return [("Annulled", issuer, leaf)]

    # --------------------------------------------------------------------------------------------------- views

    def batch(self, issuer: int, root: bytes) -> Batch:
        return self.batches.get((issuer, root), (0, 0, 0))

    def mark(self, issuer: int, leaf: bytes) -> Mark:
        return self.marks.get((issuer, leaf), (State.NONE, 0, 0, NOBODY))

    def successor(self, issuer: int, leaf: bytes) -> bytes:
        return self.replaced.get((issuer, leaf), bytes(32))

    def state(self, issuer: int, doc: Doc) -> State:
        if not self._holds(issuer, doc):
            return State.NONE
        return self.mark(issuer, doc.leaf)[0] or State.ACTIVE

    # --------------------------------------------------------------------------------------------------- rules

    def _authorize(self, account: str, role: int) -> int:
        institution, roles = self.operators.get(account, (0, 0))
        if not roles & role:
            raise Refusal("NotAuthorized", account, role)
        if self.standings[institution] != ACTIVE:
            raise Refusal("InstitutionNotActive", institution, self.standings[institution])
        return institution

    def _acts_for(self, account: str, issuer: int, role: int) -> None:
        caller = self._authorize(account, role)
        succeeds = self.standings[issuer] in {RETIRED, EXPELLED} and self.successors.get(issuer) == caller
        if caller != issuer and not succeeds:
            raise Refusal("NotIssuer", issuer, caller)

    def _holds(self, issuer: int, doc: Doc) -> bool:
        return doc.sound and self.batch(issuer, doc.tree.root)[1] == doc.tree.depth

    def _active(self, issuer: int, doc: Doc) -> int:
        """When the document was anchored under the root it names; it must stand there and be active."""
        if (issuer, doc.tree.root) not in self.batches:
            raise Refusal("NotAnchored", issuer, doc.tree.root)
        if not self._holds(issuer, doc):
            raise Refusal("NotInBatch", doc.leaf)
        state = self.state(issuer, doc)
        if state != State.ACTIVE:
            raise Refusal("WrongState", doc.leaf, state)
        return self.batches[issuer, doc.tree.root][0]
