"""The registry in plain Python: the same rules, told once more, to compare the contract with.

Every method that changes something takes the caller first and raises `Stop` where the contract reverts.
Signatures are told by the nonce they were made for: a right one carries the account's present nonce.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.contracts.institutions.model_members import Members
from tests.contracts.institutions.model_records import NOBODY, Key, Proposal, Stop
from tests.contracts.institutions.world import ADMIN, DAY, HOUR, Action, Kind, Standing

COIN = 10**18


@dataclass
class Model(Members):
    """All that the registry knows."""

    reserve: int = 0
    proposals: list[Proposal] = field(default_factory=list)
    keys: dict[bytes, Key] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)
    sponsored: dict[tuple[int, int], int] = field(default_factory=dict)
    granted: dict[tuple[str, int], int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)

    def allowance(self, account: str) -> int:
        left = COIN - self.granted.get((account, self.day), 0)
        return min(left, max(COIN - self.balances.get(account, 0), 0))

    def sponsor_left(self, sponsor: int) -> int:
        return max(self.limits.get(sponsor, 50) - self.sponsored.get((sponsor, self.day), 0), 0)

    # --------------------------------------------------------------------------------------------- proposals

    def propose(self, caller: str, action: Action, values: tuple[Any, ...]) -> None:
        by = self.voter(caller)
        needed = len(self.voters) // 2 + 1
        made = Proposal(action, by, self.electorate, self.now + 7 * DAY, needed, values)
        self.proposals.append(made)

    def open(self, number: int) -> Proposal:
        found = self.found(number)
        if found.executed:
            raise Stop("AlreadyExecuted", number)
        if found.vetoed:
            raise Stop("Vetoed", number)
        if found.electorate != self.electorate:
            raise Stop("ProposalVoid", number, found.electorate, self.electorate)
        return found

    def found(self, number: int) -> Proposal:
        if not 1 <= number <= len(self.proposals):
            raise Stop("UnknownProposal", number)
        return self.proposals[number - 1]

    def vote(self, caller: str, number: int, yes: bool) -> None:
        found = self.open(number)
        if self.now > found.expires:
            raise Stop("DeadlinePassed", found.expires)
        by = self.voter(caller)
        if by in found.votes:
            raise Stop("AlreadyVoted", number, by)
        found.votes[by] = yes
        if yes and sum(found.votes.values()) == found.needed:
            found.passed_at = self.now

    def execute(self, number: int) -> None:
        found = self.open(number)
        if not found.passed_at:
            raise Stop("NotPassed", number, sum(found.votes.values()), found.needed)
        delay = 2 * DAY if found.action is Action.RECOVER_ADMIN else 0
        if self.now < found.passed_at + delay:
            raise Stop("RecoveryNotDue", number, found.passed_at + delay)
        if self.now > found.expires + delay:
            raise Stop("DeadlinePassed", found.expires + delay)
        found.executed = True
        self.perform(found.action, found.payload)

    def veto(self, caller: str, number: int) -> None:
        found = self.found(number)
        if found.action is not Action.RECOVER_ADMIN:
            raise Stop("NotRecovery", number, found.action)
        if found.executed:
            raise Stop("AlreadyExecuted", number)
        if self.authorize(caller, ADMIN) != found.payload[0]:
            raise Stop("NotAuthorized", caller, ADMIN)
        found.vetoed = True

    def perform(self, action: Action, values: tuple[Any, ...]) -> None:
        if action is Action.ADMIT:
            number, kind, voting, admin, seals, nonce = values
            self.use_nonce(admin, nonce)
            self.admit(number, kind, voting, admin, seals)
            if voting:
                self.electorate_changed()
        elif action is Action.RECOVER_ADMIN:
            self.recover(*values)
        elif action is Action.BACKDATE:
            self.backdate(*values)
        elif action is Action.SET_SPONSOR_LIMIT:
            sponsor, limit = values
            if self.known(sponsor).kind != Kind.ASSOCIATION:
                raise Stop("NotSponsor", 0, sponsor)
            self.limits[sponsor] = limit
        else:
            {
                Action.SET_STANDING: self.set_standing,
                Action.SET_VOTING: self.set_voting,
                Action.SET_VALIDATOR: self.set_validator,
                Action.SET_SUCCESSOR: self.set_successor,
            }[action](*values)

    def recover(self, index: int, admin: str, revoked: list[str], nonce: int) -> None:
        if self.known(index).standing is Standing.EXPELLED:
            raise Stop("WrongStanding", index, Standing.EXPELLED)
        for account in revoked:
            if self.operator(account).institution != index:
                raise Stop("NotAuthorized", account, ADMIN)
            self.end_now(account)
        self.use_nonce(admin, nonce)
        self.set_operator(admin, index, ADMIN, 0)

    def backdate(self, account: str, kid: bytes, since: int) -> None:
        if account == NOBODY:
            found: Any = self.keys.get(kid)
            if found is None:
                raise Stop("UnknownKey", kid)
        else:
            found = self.operators.get(account)
            if found is None:
                raise Stop("NotAuthorized", account, 0)
        if since > self.now:
            raise Stop("CompromiseInFuture", since)
        if found.compromised_since and since >= found.compromised_since:
            raise Stop("CompromiseDeclared", found.compromised_since)
        if account == NOBODY:
            self.declare_key(kid, since)
        else:
            self.end_now(account)
            found.compromised_since = since

    # ------------------------------------------------------------------------------------ sponsored pharmacies

    def admit_sponsored(self, caller: str, number: bytes, admin: str, custodial: bool, nonce: int) -> None:
        sponsor = self.authorize(caller, ADMIN)
        if self.institutions[sponsor].kind != Kind.ASSOCIATION:
            raise Stop("NotSponsor", 0, sponsor)
        if not self.sponsor_left(sponsor):
            raise Stop("SponsorLimit", sponsor)
        today = (sponsor, self.day)
        self.sponsored[today] = self.sponsored.get(today, 0) + 1
        self.use_nonce(admin, nonce)
        self.admit(
            number,
            Kind.PHARMACY,
            False,
            admin,
            NOBODY,
            sponsor=sponsor,
            custodian=sponsor if custodial else 0,
            active_from=self.now + 24 * HOUR,
        )

    def suspend(self, index: int) -> None:
        member = self.institutions[index]
        if member.standing is not Standing.ACTIVE:
            raise Stop("WrongStanding", index, member.standing)
        member.standing, member.standing_since = Standing.SUSPENDED, self.now

    def suspend_sponsored(self, caller: str, index: int) -> None:
        sponsor = self.authorize(caller, ADMIN)
        if self.known(index).sponsor != sponsor:
            raise Stop("NotSponsor", index, sponsor)
        self.suspend(index)

    def contest_sponsored(self, caller: str, index: int) -> None:
        self.voter(caller)
        if not self.known(index).sponsor:
            raise Stop("NotSponsored", index)
        self.suspend(index)

    # --------------------------------------------------------------------------------------------------- keys

    def add_key(self, caller: str, kid: bytes, purpose: int, begins: int, ends: int) -> None:
        index = self.authorize(caller, ADMIN)
        if kid in self.keys:
            raise Stop("KeyTaken", kid, self.keys[kid].institution)
        begins = max(begins, self.now)
        if ends <= begins:
            raise Stop("InvalidPeriod", begins, ends)
        self.keys[kid] = Key(index, purpose, begins, ends)

    def own_key(self, caller: str, kid: bytes) -> Key:
        if kid not in self.keys:
            raise Stop("UnknownKey", kid)
        index = self.in_force(caller, ADMIN).institution
        if self.keys[kid].institution != index:
            raise Stop("NotKeyOwner", kid, self.keys[kid].institution, index)
        return self.keys[kid]

    def end_key(self, caller: str, kid: bytes, until: int) -> None:
        found = self.own_key(caller, kid)
        until = max(until, self.now)
        if not found.valid_from < until < found.valid_until:
            raise Stop("InvalidPeriod", found.valid_from, until)
        found.valid_until = until

    def compromise_key(self, caller: str, kid: bytes, since: int) -> None:
        self.require_recent(since, self.own_key(caller, kid).compromised_since)
        self.declare_key(kid, since)

    def declare_key(self, kid: bytes, since: int) -> None:
        self.keys[kid].compromised_since, self.keys[kid].declared_at = since, self.now

    # ---------------------------------------------------------------------------------------------------- gas

    def claim_gas(self, account: str) -> None:
        self.authorize(account, self.operator(account).roles)
        amount = self.allowance(account)
        if not amount:
            raise Stop("GasQuotaUsed", account, self.next_day)
        if not self.reserve:
            raise Stop("GasReserveEmpty")
        amount = min(amount, self.reserve)
        today = (account, self.day)
        self.granted[today] = self.granted.get(today, 0) + amount
        self.balances[account] = self.balances.get(account, 0) + amount
        self.reserve -= amount
