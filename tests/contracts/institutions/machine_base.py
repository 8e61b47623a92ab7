"""The registry and its model side by side: how they are told the same, and what must hold whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from eth_abi import encode
from eth_utils import keccak
from hypothesis.stateful import RuleBasedStateMachine, invariant

from chain.signing import institution_id
from tests.contracts.frame import Refused
from tests.contracts.institutions.driver import Driver
from tests.contracts.institutions.keys import test_key
from tests.contracts.institutions.model import COIN, Model
from tests.contracts.institutions.model_records import NOBODY, Institution, Operator, Stop
from tests.contracts.institutions.world import (
    ADMIN,
    ASSOCIATION,
    FOUNDER_KINDS,
    Standing,
    World,
    fresh_account,
    validator,
)

PEOPLE = tuple(fresh_account(200 + number) for number in range(6))
"""Accounts that may become anybody's admin or operator."""
SILENT = tuple(fresh_account(300 + number).address for number in range(2))
"""Operators that only ever get coins."""
KEYS = tuple(test_key(number) for number in range(4))
RICH = 1000 * COIN
START_RESERVE = 5 * COIN // 2


class SideBySide(RuleBasedStateMachine):
    """Subclassed by the test, which gives `world` and `driver`."""

    world: World
    driver: Driver

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.driver.rpc("evm_snapshot")
        self.signers = {account.address: account for account in PEOPLE}
        for admin in self.world.admins.values():
            self.signers[admin.address] = self.world.signer(admin)
        for address in self.signers:
            self.driver.rpc("anvil_setBalance", address, hex(RICH))
        for address in SILENT:
            self.driver.rpc("anvil_setBalance", address, "0x0")
            self.signers[address] = fresh_account(300 + SILENT.index(address))
        self.driver.rpc("anvil_setBalance", self.driver.registry, hex(START_RESERVE))
        self.driver.rpc("evm_mine")
        self.model = self.first_model()
        self.seen_owner: dict[str, int] = {}
        self.seen_hash: dict[int, bytes] = {}
        self.seen_executed: set[int] = set()

    def teardown(self) -> None:
        self.driver.rpc("evm_revert", self.snapshot)

    def first_model(self) -> Model:
        model = Model(now=self.block_time(), minimum=3, reserve=START_RESERVE)
        model.balances = dict.fromkeys(self.signers, RICH) | dict.fromkeys(SILENT, 0)
        founded = self.driver.read([("institution", 1)])[0][1][5]
        for index, kind in enumerate(FOUNDER_KINDS, start=1):
            admin = self.world.admins[index].address
            model.institutions[index] = Institution(kind, Standing.ACTIVE, True, 0, 0, founded, founded)
            model.ids[institution_id(f"krnpi:1110000{index}")] = index
            model.operators[admin] = Operator(index, 0, ADMIN, founded)
            model.voters.add(index)
            model.validator_of[index] = validator(index)
            model.validator_owner[validator(index)] = index
        model.next_epoch()
        return model

    def block_time(self) -> int:
        return int(self.driver.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    # ---------------------------------------------------------------------------------------------- both sides

    def both(
        self, name: str, sender: str, arguments: tuple[Any, ...], change: Callable[[Model], Any]
    ) -> bool:
        """Do the same to the contract and to the model, one second later; whether it went through."""
        trial = deepcopy(self.model)
        trial.now += 1
        expected: Refused | None = None
        try:
            change(trial)
        except Stop as stop:
            expected = Refused(stop.name, stop.arguments)
        found = self.driver.send(name, *arguments, sender=sender, time=trial.now)
        if expected is not None and expected.name == "BadSignature" and found is not None:
            # Whom a wrong signature leads to is chance.
            assert found.name == "BadSignature", f"{name}: {found}"
        else:
            assert found == expected, f"{name}{arguments}"
        self.model = trial if expected is None else self.model
        self.model.now = trial.now
        return expected is None

    def admin_of(self, index: int, otherwise: str = PEOPLE[0].address) -> str:
        """An account that can act as ADMIN of the institution now, else `otherwise`."""
        for account, found in self.model.operators.items():
            if found.institution == index and account not in SILENT:
                try:
                    self.model.authorize(account, ADMIN)
                except Stop:
                    continue
                return account
        return otherwise

    # ---------------------------------------------------------------------------------------------- invariants

    @invariant()
    def both_say_the_same(self) -> None:
        questions, answers = self.expectations()
        for question, found, expected in zip(questions, self.driver.read(questions), answers, strict=True):
            # The payload, as long as a proposal may be, is compared by test_proposals.py.
            found = found[0] if question[0] == "proposal" else found
            assert found == expected, f"{question}: {found} != {expected}"

    def expectations(self) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """Questions to the contract and the model's answers."""
        model, expected = self.model, []
        expected.append((("institutionCount",), len(model.institutions)))
        for number, index in model.ids.items():
            record = tuple(vars(model.institutions[index]).values())
            expected.append((("institution", index), (number, record)))
            expected.append((("validatorOf", index), model.validator_of.get(index, NOBODY)))
        for account in self.signers:
            expected.append((("operator", account), tuple(vars(model.operator(account)).values())))
            expected.append((("nonces", account), model.nonces.get(account, 0)))
            expected.append((("gasAllowance", account), model.allowance(account)))
        expected += [(("key", kid), tuple(vars(record).values())) for kid, record in model.keys.items()]
        for number, made in list(enumerate(model.proposals, start=1))[-4:]:
            votes = (sum(made.votes.values()), len(made.votes) - sum(made.votes.values()))
            record = (
                made.action,
                made.by,
                made.electorate,
                made.expires,
                made.passed_at,
                *votes,
                made.needed,
            )
            expected.append((("proposal", number), (*record, made.executed, made.vetoed)))
        expected.append(
            (
                ("sponsorAllowance", ASSOCIATION),
                (model.sponsor_left(ASSOCIATION), model.limits.get(ASSOCIATION, 50)),
            )
        )
        expected.append((("electorateEpoch",), model.electorate))
        expected.append((("validatorEpoch",), len(model.epochs)))
        expected.append((("getValidators",), model.epochs[-1]))
        return [question for question, _ in expected], [answer for _, answer in expected]

    @invariant()
    def promises_hold(self) -> None:
        """What must be true whatever the model says, read from the contract alone."""
        epoch, validators, voters = self.driver.read(
            [("validatorEpoch",), ("getValidators",), ("votingMembers",)]
        )
        assert len(voters) == len(set(voters)) == len(validators) >= 3
        hashes = self.driver.read([("validatorSetHash", number) for number in range(1, epoch + 1)])
        assert hashes[-1] == keccak(encode(["address[]"], [validators]))
        for number, found in enumerate(hashes, start=1):
            assert self.seen_hash.setdefault(number, found) == found, "an epoch was written twice"
        for account, (owner, *_) in zip(
            self.signers, self.driver.read([("operator", each) for each in self.signers]), strict=True
        ):
            if owner:
                assert self.seen_owner.setdefault(account, owner) == owner, "an account changed sides"
        count = len(self.model.proposals)
        records = self.driver.read([("proposal", number) for number in range(1, count + 1)])
        executed = {number for number, (record, _) in enumerate(records, start=1) if record[8]}
        assert executed >= self.seen_executed, "what was carried out is open again"
        self.seen_executed = executed
        for address, held in ((self.driver.registry, self.model.reserve), *self.silent_balances()):
            assert int(self.driver.rpc("eth_getBalance", address, "latest"), 16) == held
        assert all(granted <= COIN for granted in self.model.granted.values())

    def silent_balances(self) -> list[tuple[str, int]]:
        return [(address, self.model.balances[address]) for address in SILENT]
