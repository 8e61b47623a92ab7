"""Random steps of everybody on the registry, most of them sensible, told to the contract and to the model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from chain.signing import institution_id, sign_message
from tests.contracts.institutions.keys import Purpose, TestKey, prove
from tests.contracts.institutions.machine_base import KEYS, PEOPLE, SILENT
from tests.contracts.institutions.machine_terms import NUMBERS, VOTABLE, Terms, backs, people
from tests.contracts.institutions.world import ADMIN, ANCHOR, ASSOCIATION, DAY, HOUR, Action, Kind

Data = st.DataObject
pauses = st.sampled_from([1, 60, 12 * HOUR, DAY - 1, DAY, 2 * DAY, 7 * DAY - 2, 31 * DAY])
aheads = st.sampled_from([1, 2, DAY, 2 * DAY, -5])


class RegistryMachine(Terms):
    """Every function that changes the registry is a rule."""

    @initialize()
    def begin(self) -> None:
        """An operator that gets coins, an operator of the association, a key."""
        self.add(SILENT[0], 1, ANCHOR, 0, stale=False)
        self.add(PEOPLE[0].address, ASSOCIATION, ADMIN, 0, stale=False)
        self.register(KEYS[0], 1, 0, 400 * DAY)

    # ----------------------------------------------------------------------------------------------- proposals

    @rule(data=st.data(), action=st.sampled_from(VOTABLE))
    def propose(self, data: Data, action: Action) -> None:
        values, encoded = self.terms(data, action)
        caller = self.admin_of(self.some_index(data))
        self.both("propose", caller, (action, encoded), lambda model: model.propose(caller, action, values))

    @rule(data=st.data(), yes=st.sampled_from([True, True, False]))
    def vote(self, data: Data, yes: bool) -> None:
        self.vote_as(self.admin_of(self.some_index(data)), self.some_proposal(data), yes)

    @rule(data=st.data(), caller=people)
    def execute(self, data: Data, caller: str) -> None:
        number = self.some_proposal(data)
        self.both("execute", caller, (number,), lambda model: model.execute(number))

    @rule(data=st.data(), sensible=st.booleans())
    def veto(self, data: Data, sensible: bool) -> None:
        number, index = self.some_proposal(data), self.some_index(data)
        recoveries = self.open_recoveries()
        if sensible and recoveries:
            number = data.draw(st.sampled_from(recoveries))
            index = self.model.found(number).payload[0]
        caller = self.admin_of(index)
        self.both("vetoRecovery", caller, (number,), lambda model: model.veto(caller, number))

    @rule(data=st.data(), action=st.sampled_from(VOTABLE), pause=st.booleans(), stay_away=st.integers(0, 2))
    def decide(self, data: Data, action: Action, pause: bool, stay_away: int) -> None:
        """A proposal on which most voters agree, carried out at once, or two days later."""
        voters = sorted(self.model.voters)
        values, encoded = self.terms(data, action)
        first = self.admin_of(voters[0])
        if not self.both(
            "propose", first, (action, encoded), lambda model: model.propose(first, action, values)
        ):
            return
        number = len(self.model.proposals)
        for index in voters[stay_away:]:
            self.vote_as(self.admin_of(index), number, True)
        if pause or action is Action.RECOVER_ADMIN:
            self.wait(2 * DAY)
        self.both("execute", first, (number,), lambda model: model.execute(number))

    def vote_as(self, caller: str, number: int, yes: bool) -> None:
        self.both("vote", caller, (number, yes), lambda model: model.vote(caller, number, yes))

    # ------------------------------------------------------------------------------------ sponsored pharmacies

    @rule(
        number=st.sampled_from(NUMBERS),
        admin=people,
        custodial=st.booleans(),
        by=st.sampled_from([ASSOCIATION, ASSOCIATION, ASSOCIATION, 1]),
    )
    def sponsor(self, number: str, admin: str, custodial: bool, by: int) -> None:
        caller, nonce = self.admin_of(by), self.model.nonces.get(admin, 0)
        message = self.world.domain.institution_acceptance(
            institution_id=institution_id(number),
            kind=Kind.PHARMACY,
            admin=admin,
            nonce=nonce,
            sponsor=self.model.operator(caller).institution,
            custodial=custodial,
        )
        common = (institution_id(number), admin, custodial)
        acceptance = sign_message(self.signers[admin], message)
        self.both(
            "admitSponsored",
            caller,
            (*common, acceptance),
            lambda model: model.admit_sponsored(caller, *common, nonce),
        )

    @rule(data=st.data(), by=st.sampled_from([ASSOCIATION, ASSOCIATION, 1]))
    def suspend_sponsored(self, data: Data, by: int) -> None:
        caller, index = self.admin_of(by), self.some_pharmacy(data)
        self.both(
            "suspendSponsored", caller, (index, 1), lambda model: model.suspend_sponsored(caller, index)
        )

    @rule(data=st.data())
    def contest_sponsored(self, data: Data) -> None:
        caller, index = self.admin_of(self.some_index(data)), self.some_pharmacy(data)
        self.both("contestSponsored", caller, (index,), lambda model: model.contest_sponsored(caller, index))

    # ----------------------------------------------------------------------------------------------- operators

    @rule(
        data=st.data(),
        account=st.sampled_from([*(account.address for account in PEOPLE), *SILENT]),
        roles=st.sampled_from([ADMIN, ANCHOR, ADMIN | ANCHOR, 0]),
        custodian=st.sampled_from([0, 0, ASSOCIATION, 1]),
        stale=st.sampled_from([False, False, False, False, True]),
    )
    def add_operator(self, data: Data, account: str, roles: int, custodian: int, stale: bool) -> None:
        index = self.model.operator(account).institution or self.some_index(data)
        if data.draw(st.integers(0, 9)) == 9:
            index = self.some_index(data)
        self.add(account, index, roles, custodian, stale)

    def add(self, account: str, index: int, roles: int, custodian: int, stale: bool) -> None:
        caller, consent = self.admin_of(index), self.admin_of(custodian)
        nonce = self.model.nonces.get(account, 0) + stale
        message = self.world.domain.operator_acceptance(
            institution=self.model.operator(caller).institution,
            account=account,
            roles=roles,
            nonce=nonce,
            custodian=custodian,
        )
        acceptance = sign_message(self.signers[account], message)
        if custodian:
            acceptance += sign_message(self.signers[consent], message)
        self.both(
            "addOperator",
            caller,
            (account, roles, custodian, acceptance),
            lambda model: model.add_operator(caller, account, roles, custodian, nonce, consent),
        )

    @rule(data=st.data(), ahead=aheads)
    def end_operator(self, data: Data, ahead: int) -> None:
        caller, account = self.somebodys_operator(data)
        until = self.model.now + ahead
        self.both(
            "endOperator", caller, (account, until), lambda model: model.end_operator(caller, account, until)
        )

    @rule(data=st.data(), back=backs, compromised=st.booleans())
    def revoke_operator(self, data: Data, back: int, compromised: bool) -> None:
        caller, account = self.somebodys_operator(data)
        since = self.model.now - back if compromised else 0
        self.both(
            "revokeOperator",
            caller,
            (account, since),
            lambda model: model.revoke_operator(caller, account, since),
        )

    # ---------------------------------------------------------------------------------------------------- keys

    @rule(data=st.data(), key=st.sampled_from(KEYS), begins=backs, lasts=st.sampled_from([400 * DAY, DAY, 0]))
    def add_key(self, data: Data, key: TestKey, begins: int, lasts: int) -> None:
        self.register(key, self.some_index(data), begins, lasts)

    def register(self, key: TestKey, by: int, begins: int, lasts: int) -> None:
        caller = self.admin_of(by)
        index, times = (
            self.model.operator(caller).institution,
            (self.model.now - begins, self.model.now + lasts),
        )
        terms = {
            "institution": index,
            "purpose": Purpose.SIGN,
            "valid_from": times[0],
            "valid_until": times[1],
        }
        self.both(
            "addKey",
            caller,
            (key.kid, *key.point, Purpose.SIGN, *times, *prove(self.world, key, **terms)),
            lambda model: model.add_key(caller, key.kid, Purpose.SIGN, *times),
        )

    @rule(data=st.data(), ahead=st.sampled_from([DAY, 1, -5, 500 * DAY]))
    def end_key(self, data: Data, ahead: int) -> None:
        caller, kid = self.somebodys_key(data)
        until = self.model.now + ahead
        self.both("endKey", caller, (kid, until), lambda model: model.end_key(caller, kid, until))

    @rule(data=st.data(), back=backs)
    def compromise_key(self, data: Data, back: int) -> None:
        caller, kid = self.somebodys_key(data)
        since = self.model.now - back
        self.both(
            "compromiseKey", caller, (kid, since, 1), lambda model: model.compromise_key(caller, kid, since)
        )

    # ------------------------------------------------------------------------------------------ coins and time

    @rule(account=st.sampled_from([*SILENT, PEOPLE[0].address]), caller=people)
    def claim_gas(self, account: str, caller: str) -> None:
        self.both("claimGas", caller, (account,), lambda model: model.claim_gas(account))

    @rule(account=st.sampled_from(SILENT), left=st.integers(0, 3))
    def spend(self, account: str, left: int) -> None:
        held = self.model.balances[account] * left // 4
        self.driver.rpc("anvil_setBalance", account, hex(held))
        self.model.balances[account] = held

    @rule(pause=pauses)
    def wait(self, pause: int) -> Any:
        self.model.now += pause
        self.driver.rpc("evm_setNextBlockTimestamp", self.model.now)
        self.driver.rpc("evm_mine")
