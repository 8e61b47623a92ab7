"""Any sequence of acts by anybody: the contract does what the model does, and the invariants hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.contracts.documents.conftest import T0
from tests.contracts.documents.model import ANNUL_PERIOD, TRANSITIONS, Doc, Model, Refusal, State
from tests.contracts.frame import (
    ACTIVE,
    ADMIN,
    ANCHOR,
    EXPELLED,
    RETIRED,
    ROLES,
    STATUS,
    SUSPENDED,
    Refused,
    answer,
    budget,
    look,
    send,
    some_leaves,
    some_tree,
)

SHARED = some_leaves("shared", 3)
"""Documents that stand in every tree."""
TREES = [some_tree(f"tree {number}", *SHARED) for number in range(4)]
ISSUERS = (1, 2)
ITSELF = -1
"""As actor: the operator of the issuer in question, whom nothing but the state of things can refuse."""

issuers = st.sampled_from(ISSUERS)
trees = st.sampled_from(TREES)
sound = st.sampled_from([(True, True)] * 12 + [(True, False), (False, True)])
docs = st.builds(lambda tree, leaf, good: Doc(tree, leaf, good[0]), trees, st.sampled_from(SHARED), sound)
# accounts[1], [2] and [3] do everything for institutions 1, 2 and 3; [4] has few roles; [0] has none.
actors = st.sampled_from([ITSELF] * 15 + [0, 1, 2, 3, 4])
reasons = st.sampled_from([1] * 8 + [2, 3, 4, 5, 8])
pairs = st.sampled_from(
    [(old, new) for old in SHARED for new in SHARED if old != new] * 2 + [(SHARED[0],) * 2]
)
orders = st.sampled_from([(0, 1), (1, 2), (0, 2), (0, 3), (2, 3)] * 2 + [(1, 0), (2, 2)])
standings = st.sampled_from([ACTIVE] * 6 + [SUSPENDED, RETIRED, RETIRED, EXPELLED])


@dataclass(frozen=True)
class World:
    """What a run needs of the chain."""

    documents: Any
    members: Any
    keeper: Any
    accounts: Any
    chain: Any


class DocumentMachine(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.world.chain.snapshot()
        accounts = self.world.accounts
        operators = {accounts[i].address: (i, sum(ROLES)) for i in (1, 2, 3)}
        self.model = Model(T0, dict.fromkeys((1, 2, 3), ACTIVE), {}, operators)
        self.seen: dict[tuple[int, bytes], list[tuple[State, bytes]]] = {}
        self.set_operator(4, 1, ANCHOR)
        for step, tree in enumerate(TREES[:3]):
            for issuer in ISSUERS:
                self.act(ITSELF, issuer, "anchor", (tree, 4), (tree.root, 4))
            self.time_passes(step)

    def teardown(self) -> None:
        for issuer in ISSUERS:
            self.compare(issuer, SHARED, TREES)
        self.world.chain.restore(self.snapshot)

    # ------------------------------------------------------------------------------------------------ the world

    @rule(seconds=st.sampled_from([0, 1, 1, 60, ANNUL_PERIOD, ANNUL_PERIOD + 1]))
    def time_passes(self, seconds: int) -> None:
        self.model.now += seconds
        send(self.world.documents.setTime, self.model.now, sender=self.world.keeper)

    @rule(
        institution=issuers,
        standing=standings,
        successor=st.sampled_from([0, 2, 3]),
    )
    def institution_changes(self, institution: int, standing: int, successor: int) -> None:
        self.model.standings[institution] = standing
        self.model.successors[institution] = successor
        send(self.world.members.setInstitution, institution, standing, successor, 0, sender=self.world.keeper)

    @rule(institution=issuers, roles=st.sampled_from([0, ADMIN, ANCHOR, STATUS, ANCHOR | STATUS]))
    def clerk_changes(self, institution: int, roles: int) -> None:
        self.set_operator(4, institution, roles)

    def set_operator(self, actor: int, institution: int, roles: int) -> None:
        account = self.world.accounts[actor]
        self.model.operators[account.address] = (institution, roles)
        send(self.world.members.setOperator, account.address, institution, roles, sender=self.world.keeper)

    # ----------------------------------------------------------------------------------------------------- acts

    @rule(actor=actors, issuer=issuers, tree=trees, depth=st.sampled_from([4] * 9 + [3, 5, 17]))
    def anchor(self, actor: int, issuer: int, tree: Any, depth: int) -> None:
        self.act(actor, issuer, "anchor", (tree, depth), (tree.root, depth))

    @rule(actor=actors, issuer=issuers, chosen=st.lists(trees, max_size=3))
    def reaffirm(self, actor: int, issuer: int, chosen: list[Any]) -> None:
        self.act(actor, issuer, "reaffirm", (chosen,), ([tree.root for tree in chosen],))

    @rule(actor=actors, issuer=issuers, leaves=pairs, order=orders, sound=sound, reason=reasons)
    def amend(
        self, actor: int, issuer: int, leaves: Any, order: Any, sound: tuple[bool, bool], reason: int
    ) -> None:
        old, new = (Doc(TREES[order[i]], leaves[i], sound[i]) for i in (0, 1))
        self.act(actor, issuer, "amend", (issuer, old, new, reason), (issuer, old.ref, new.ref, reason))

    @rule(actor=actors, issuer=issuers, doc=docs, reason=reasons)
    def withdraw(self, actor: int, issuer: int, doc: Doc, reason: int) -> None:
        self.act(actor, issuer, "withdraw", (issuer, doc, reason), (issuer, doc.ref, reason))

    @rule(actor=actors, issuer=issuers, leaf=st.sampled_from(SHARED))
    def annul(self, actor: int, issuer: int, leaf: bytes) -> None:
        self.act(actor, issuer, "annul", (issuer, leaf), (issuer, leaf))

    def act(
        self, actor: int, issuer: int, name: str, for_model: tuple[Any, ...], for_contract: tuple[Any, ...]
    ) -> None:
        """Do it in both; the contract must refuse with the model's error or log the model's events."""
        account = self.world.accounts[issuer if actor == ITSELF else actor]
        method = getattr(self.world.documents, name)
        expected = self.expect(name, account.address, for_model)
        event(f"{name}: {expected.name if isinstance(expected, Refused) else 'done'}")
        if isinstance(expected, Refused):
            assert answer(method, *for_contract, sender=account) == expected
        else:
            assert send(method, *for_contract, sender=account) == expected

    def expect(self, name: str, account: str, arguments: tuple[Any, ...]) -> Refused | list[tuple[Any, ...]]:
        try:
            return getattr(self.model, name)(account, *arguments)
        except Refusal as refusal:
            return refusal.error

    # ----------------------------------------------------------------------------------------------- invariants

    def compare(self, issuer: int, leaves: list[bytes], batches: list[Any]) -> None:
        documents = self.world.documents
        for leaf in leaves:
            assert look(documents.mark, issuer, leaf) == (self.model.mark(issuer, leaf),)
            assert look(documents.successor, issuer, leaf) == (self.model.successor(issuer, leaf),)
        for tree in batches:
            assert look(documents.batch, issuer, tree.root) == (self.model.batch(issuer, tree.root),)
            doc = Doc(tree, leaves[0])
            assert look(documents.status, issuer, doc.ref)[0] == self.model.state(issuer, doc)

    @invariant()
    def marks_change_only_as_they_may(self) -> None:
        """Read from the contract: allowed transitions only; a successor, once there, stays."""
        for leaf in SHARED[:2]:
            state = State(look(self.world.documents.mark, 1, leaf)[0][0])
            (successor,) = look(self.world.documents.successor, 1, leaf)
            history = self.seen.setdefault((1, leaf), [(State.NONE, bytes(32))])
            if (state, successor) != history[-1]:
                assert (history[-1][0], state) in TRANSITIONS
                assert history[-1][1] == bytes(32)
                history.append((state, successor))
            assert (state == State.SUPERSEDED) == (successor != bytes(32))

    @invariant()
    def chains_end(self) -> None:
        for start in self.model.replaced:
            issuer, leaf = start
            passed = {leaf}
            while (leaf := self.model.successor(issuer, leaf)) != bytes(32):
                assert leaf not in passed, "a chain of successors runs in a circle"
                passed.add(leaf)

    @invariant()
    def nobody_occupies_the_root_of_another(self) -> None:
        """Whatever the other did, an active issuer can anchor a root that it has not anchored itself."""
        root = TREES[3].root
        for issuer in ISSUERS:
            if self.model.standings[issuer] == ACTIVE and (issuer, root) not in self.model.batches:
                account = self.world.accounts[issuer]
                assert answer(self.world.documents.anchor, root, 4, sender=account) is None

    @invariant()
    def times_are_in_order(self) -> None:
        for time, _, reaffirmed_at in self.model.batches.values():
            assert T0 <= time <= self.model.now
            assert reaffirmed_at == 0 or time <= reaffirmed_at <= self.model.now


def test_contract_and_model_agree(
    documents: Any, members: Any, keeper: Any, accounts: Any, chain: Any
) -> None:
    machine = type(
        "Machine", (DocumentMachine,), {"world": World(documents, members, keeper, accounts, chain)}
    )
    run_state_machine_as_test(machine, settings=budget(20, stateful_step_count=40))
