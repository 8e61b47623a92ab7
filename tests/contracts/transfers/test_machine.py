"""Any sequence of acts by anybody: the ledger does what the model does, and the invariants hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_utils import keccak
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.contracts.frame import (
    ACTIVE,
    EXPELLED,
    RETIRED,
    ROLES,
    SUSPENDED,
    TRANSFER,
    Refused,
    answer,
    budget,
    look,
    send,
)
from tests.contracts.transfers.conftest import CIPHER, T0
from tests.contracts.transfers.model import Model, Refusal, State

INSTITUTIONS = (1, 2, 3)
IDS = [keccak(text=f"transfer {number}") for number in range(8)]
MACS = {own: keccak(own + b"mac") for own in IDS}
COMMITS = {own: keccak(mac) for own, mac in MACS.items()}

institutions = st.sampled_from(INSTITUTIONS)
ids = st.sampled_from(IDS)
# accounts[1], [2] and [3] act for institutions 1, 2 and 3; [4] changes; [0] acts for nobody.
actors = st.sampled_from([1, 2, 3] * 5 + [0, 4])
receivers = st.sampled_from([1, 2, 3] * 5 + [0, 9])
standings = st.sampled_from([ACTIVE] * 5 + [SUSPENDED, RETIRED, EXPELLED])


@dataclass(frozen=True)
class World:
    """What a run needs of the chain."""

    ledger: Any
    members: Any
    keeper: Any
    accounts: Any
    chain: Any


class LedgerMachine(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.world.chain.snapshot()
        operators = {self.world.accounts[i].address: (i, sum(ROLES)) for i in INSTITUTIONS}
        self.model = Model(T0, dict.fromkeys(INSTITUTIONS, ACTIVE), operators)
        self.seen: dict[bytes, list[tuple[Any, ...]]] = {own: [] for own in IDS}
        for own, receiver in zip(IDS[:4], (1, 2, 3, 2), strict=True):
            self.send(1, own, receiver, False)

    def teardown(self) -> None:
        self.world.chain.restore(self.snapshot)

    # ------------------------------------------------------------------------------------------------ the world

    @rule(seconds=st.sampled_from([0, 1, 60]))
    def time_passes(self, seconds: int) -> None:
        self.model.now += seconds
        send(self.world.ledger.setTime, self.model.now, sender=self.world.keeper)

    @rule(institution=institutions, standing=standings)
    def institution_changes(self, institution: int, standing: int) -> None:
        self.model.standings[institution] = standing
        send(self.world.members.setInstitution, institution, standing, 0, 0, sender=self.world.keeper)

    @rule(institution=institutions, roles=st.sampled_from([0, TRANSFER, sum(ROLES) - TRANSFER]))
    def clerk_changes(self, institution: int, roles: int) -> None:
        account = self.world.accounts[4]
        self.model.operators[account.address] = (institution, roles)
        send(self.world.members.setOperator, account.address, institution, roles, sender=self.world.keeper)

    # ----------------------------------------------------------------------------------------------------- acts

    @rule(actor=actors, own=ids, receiver=receivers, empty=st.sampled_from([False] * 9 + [True]))
    def send(self, actor: int, own: bytes, receiver: int, empty: bool) -> None:
        self.act(actor, "send", own, receiver, bytes(32) if empty else COMMITS[own], CIPHER)

    @rule(actor=actors, chosen=st.lists(ids, max_size=3), receiver=receivers, less=st.booleans())
    def send_many(self, actor: int, chosen: list[bytes], receiver: int, less: bool) -> None:
        count = len(chosen)
        ciphers = [CIPHER] * (count - 1 if less and count > 2 else count)
        self.act(actor, "sendMany", chosen, [receiver] * count, [COMMITS[own] for own in chosen], ciphers)

    @rule(actor=actors, own=ids, right=st.sampled_from([True, True, False]))
    def acknowledge(self, actor: int, own: bytes, right: bool) -> None:
        self.act(actor, "acknowledge", own, MACS[own] if right else COMMITS[own])

    @rule(actor=actors, own=ids, reason=st.sampled_from([1, 2, 3, 4, 5, 6, 7, 0, 8]))
    def reject(self, actor: int, own: bytes, reason: int) -> None:
        self.act(actor, "reject", own, reason)

    def act(self, actor: int, name: str, *arguments: Any) -> None:
        """Do it in both; the contract must refuse with the model's error or log the model's events."""
        account = self.world.accounts[actor]
        method = getattr(self.world.ledger, name)
        expected = self.expect(name, account.address, arguments)
        event(f"{name}: {expected.name if isinstance(expected, Refused) else 'done'}")
        if isinstance(expected, Refused):
            assert answer(method, *arguments, sender=account) == expected
        else:
            assert send(method, *arguments, sender=account) == expected

    def expect(self, name: str, account: str, arguments: tuple[Any, ...]) -> Refused | list[tuple[Any, ...]]:
        try:
            return getattr(self.model, name)(account, *arguments)
        except Refusal as refusal:
            return refusal.error

    # ----------------------------------------------------------------------------------------------- invariants

    @invariant()
    def the_ledger_equals_the_model_and_only_grows(self) -> None:
        for own in IDS:
            (row,) = look(self.world.ledger.transfer, own)
            assert row == self.model.transfer(own).row
            if row[0] != State.NONE and (not self.seen[own] or self.seen[own][-1] != row):
                self.seen[own].append(row)

    @invariant()
    def a_transfer_is_sent_once_and_answered_once(self) -> None:
        for rows in self.seen.values():
            states = [row[0] for row in rows]
            assert states in (
                [],
                [State.SENT],
                *([State.SENT, final] for final in State if final > State.SENT),
            )
            for row in rows[1:]:
                assert row[1:4] == rows[0][1:4], "sender, receiver and time of sending stay"
                assert row[6:] == rows[0][6:], "commitments stay"
                assert row[3] <= row[4] <= self.model.now

    @invariant()
    def an_acknowledged_transfer_had_its_mac_revealed(self) -> None:
        for own, rows in self.seen.items():
            if rows and rows[-1][0] == State.ACKNOWLEDGED:
                assert keccak(MACS[own]) == rows[-1][6]


def test_contract_and_model_agree(ledger: Any, members: Any, keeper: Any, accounts: Any, chain: Any) -> None:
    machine = type("Machine", (LedgerMachine,), {"world": World(ledger, members, keeper, accounts, chain)})
    run_state_machine_as_test(machine, settings=budget(20, stateful_step_count=40))
