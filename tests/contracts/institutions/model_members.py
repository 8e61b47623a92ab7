"""The first half of the model: institutions, who votes and seals, who may act."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contracts.institutions.model_records import NO_KEY, NOBODY, Institution, Operator, Stop
from tests.contracts.institutions.world import ADMIN, ALL_ROLES, DAY, KOREA, Kind, Standing

WINDOW = 30 * DAY


@dataclass
class Members:
    """Institutions, voters, validators and operators at the time of the latest block."""

    now: int
    minimum: int
    institutions: dict[int, Institution] = field(default_factory=dict)
    ids: dict[bytes, int] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    voters: set[int] = field(default_factory=set)
    validator_of: dict[int, str] = field(default_factory=dict)
    validator_owner: dict[str, int] = field(default_factory=dict)
    epochs: list[tuple[str, ...]] = field(default_factory=list)
    electorate: int = 1

    # ------------------------------------------------------------------------------------------ questions

    @property
    def day(self) -> int:
        return (self.now + KOREA) // DAY

    @property
    def next_day(self) -> int:
        return (self.day + 1) * DAY - KOREA

    def operator(self, account: str) -> Operator:
        return self.operators.get(account, Operator())

    def known(self, index: int) -> Institution:
        if index not in self.institutions:
            raise Stop("UnknownInstitution", index)
        return self.institutions[index]

    def require_active(self, index: int) -> None:
        found = self.institutions[index]
        if found.standing is not Standing.ACTIVE:
            raise Stop("InstitutionNotActive", index, found.standing)
        if found.standing_since > self.now:
            raise Stop("NotYetActive", index, found.standing_since)

    def ended(self, operator: Operator) -> bool:
        return 0 < operator.until <= self.now

    def in_force(self, account: str, role: int) -> Operator:
        found = self.operator(account)
        if not role or found.roles & role != role:
            raise Stop("NotAuthorized", account, role)
        if found.compromised_since:
            raise Stop("AccountCompromised", account, found.compromised_since)
        if self.ended(found):
            raise Stop("OperatorEnded", account, found.since, found.until)
        return found

    def authorize(self, account: str, role: int) -> int:
        found = self.in_force(account, role)
        self.require_active(found.institution)
        if found.custodian:
            self.require_active(found.custodian)
        return found.institution

    def voter(self, account: str) -> int:
        index = self.authorize(account, ADMIN)
        if index not in self.voters:
            raise Stop("NotVoting", index)
        return index

    # ------------------------------------------------------------------------------------------- institutions

    def admit(self, number: bytes, kind: int, voting: bool, admin: str, seals: str, **how: int) -> int:
        """A new institution; `how`: sponsor, custodian, active_from."""
        if number == NO_KEY:
            raise Stop("EmptyId")
        if number in self.ids:
            raise Stop("IdTaken", number, self.ids[number])
        index = len(self.institutions) + 1
        starts = how.get("active_from", self.now)
        self.institutions[index] = Institution(
            kind, sponsor=how.get("sponsor", 0), admitted_at=self.now, standing_since=starts
        )
        self.ids[number] = index
        self.set_operator(admin, index, ADMIN, how.get("custodian", 0))
        if voting:
            self.join(index, seals)
        elif seals != NOBODY:
            raise Stop("ValidatorMismatch", False, seals)
        return index

    def use_nonce(self, account: str, nonce: int) -> None:
        if self.nonces.get(account, 0) != nonce:
            raise Stop("BadSignature")
        self.nonces[account] = nonce + 1

    def set_standing(self, index: int, standing: Standing, doubt: int) -> None:
        member = self.known(index)
        steps = {Standing.ACTIVE: (2, 3, 4), Standing.SUSPENDED: (1, 3, 4)}
        if standing not in steps.get(member.standing, (4,)):
            raise Stop("WrongStanding", index, member.standing)
        if standing is Standing.EXPELLED:
            again = member.standing is Standing.EXPELLED
            if not 0 < doubt <= self.now or (again and doubt >= member.doubt_since):
                raise Stop("InvalidDoubt", doubt)
        elif doubt:
            raise Stop("InvalidDoubt", doubt)
        left = member.voting
        if left:
            self.leave(index)
        if member.standing is not standing:
            member.standing_since = self.now
        member.standing, member.doubt_since = standing, doubt
        if left:
            self.electorate_changed()

    def set_successor(self, index: int, successor: int) -> None:
        member = self.known(index)
        if member.standing not in (Standing.RETIRED, Standing.EXPELLED):
            raise Stop("WrongStanding", index, member.standing)
        self.known(successor)
        self.require_active(successor)
        member.successor = successor

    # ----------------------------------------------------------------------------------- votes and validators

    def join(self, index: int, seals: str) -> None:
        member = self.known(index)
        if member.sponsor:
            raise Stop("SponsoredNeverVotes", index)
        if member.voting:
            raise Stop("AlreadyVoting", index)
        member.voting = True
        self.voters.add(index)
        self.give_validator(index, seals)

    def leave(self, index: int) -> None:
        member = self.known(index)
        if not member.voting:
            raise Stop("NotVoting", index)
        if len(self.voters) - 1 < self.minimum:
            raise Stop("TooFewValidators", len(self.voters) - 1)
        member.voting = False
        self.voters.remove(index)
        del self.validator_of[index]

    def give_validator(self, index: int, seals: str) -> None:
        if seals in (NOBODY, self.validator_of.get(index)):
            raise Stop("ValidatorMismatch", True, seals)
        if self.operator(seals).institution:
            raise Stop("AccountTaken", seals, self.operator(seals).institution)
        if self.validator_owner.get(seals, index) != index:
            raise Stop("AccountTaken", seals, self.validator_owner[seals])
        self.validator_owner[seals] = index
        self.validator_of[index] = seals

    def next_epoch(self) -> None:
        self.epochs.append(tuple(sorted(self.validator_of.values(), key=lambda each: int(each, 16))))

    def electorate_changed(self) -> None:
        self.electorate += 1
        self.next_epoch()

    def set_voting(self, index: int, voting: bool, seals: str) -> None:
        if voting:
            self.known(index)
            self.require_active(index)
            self.join(index, seals)
        else:
            if seals != NOBODY:
                raise Stop("ValidatorMismatch", False, seals)
            self.leave(index)
        self.electorate_changed()

    def set_validator(self, index: int, seals: str) -> None:
        if not self.known(index).voting:
            raise Stop("NotVoting", index)
        self.give_validator(index, seals)
        self.next_epoch()

    # ---------------------------------------------------------------------------------------------- operators

    def set_operator(self, account: str, index: int, roles: int, custodian: int) -> None:
        if not 0 < roles <= ALL_ROLES:
            raise Stop("InvalidRoles", roles)
        found = self.operator(account)
        by = self.validator_owner.get(account, 0) or (found.institution if found.institution != index else 0)
        if by:
            raise Stop("AccountTaken", account, by)
        if found.compromised_since:
            raise Stop("AccountCompromised", account, found.compromised_since)
        self.operators[account] = Operator(index, custodian, roles, self.now)

    def add_operator(
        self, caller: str, account: str, roles: int, custodian: int, nonce: int, consent: str
    ) -> None:
        """`consent`: the account that signs for the custodian, if there is one."""
        index = self.authorize(caller, ADMIN)
        if custodian:
            if custodian == index or self.known(custodian).kind != Kind.ASSOCIATION:
                raise Stop("InvalidCustodian", custodian)
            self.require_active(custodian)
        self.use_nonce(account, nonce)
        if custodian:
            if self.operator(consent).institution != custodian:
                raise Stop("BadSignature")
            self.authorize(consent, ADMIN)
        self.set_operator(account, index, roles, custodian)

    def own_operator(self, caller: str, account: str) -> Operator:
        if self.in_force(caller, ADMIN).institution != self.operator(account).institution:
            raise Stop("NotAuthorized", caller, ADMIN)
        return self.operators[account]

    def end_now(self, account: str) -> None:
        if not self.ended(self.operators[account]):
            self.operators[account].until = self.now

    def end_operator(self, caller: str, account: str, until: int) -> None:
        found = self.own_operator(caller, account)
        if self.ended(found):
            raise Stop("OperatorEnded", account, found.since, found.until)
        if until <= self.now or (found.until and until >= found.until):
            raise Stop("InvalidEnd", until)
        found.until = until

    def revoke_operator(self, caller: str, account: str, since: int) -> None:
        found = self.own_operator(caller, account)
        if since:
            self.require_recent(since, found.compromised_since)
        elif self.ended(found):
            raise Stop("OperatorEnded", account, found.since, found.until)
        self.end_now(account)
        found.compromised_since = found.compromised_since or since

    def require_recent(self, since: int, declared: int) -> None:
        if declared:
            raise Stop("CompromiseDeclared", declared)
        if since > self.now:
            raise Stop("CompromiseInFuture", since)
        if since < self.now - WINDOW:
            raise Stop("CompromiseTooEarly", since, self.now - WINDOW)
