"""Bringing a network's members to what the reviewed file says, step by step, each step only once.

Nobody has all keys of a real network. So every member runs this with its own key ring: what its keys can do is
done, what is done already is left alone, and what waits for others is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount

from chain.clock import from_block_time
from chain.signing import NO_ACCOUNT
from network.acceptances import Acceptances
from network.decisions import Decisions
from network.keys import KeyRing
from network.plan import DocumentKeyPlan, EnrolmentPlan, InstitutionPlan, OperatorPlan
from network.registry import ACTIVE, Action, Registry
from network.transact import Pending, Transactor

Say = Callable[[str], None]

_LOW_COINS = 10**17
"""Wei below which an operator gets its quota."""
_ADMIT_TYPES = ("bytes32", "uint8", "bool", "address", "address", "bytes")


@dataclass(frozen=True)
class Step:
    """One thing still to be done. `blocked`: why it cannot be done with the keys at hand, "" if it can."""

    what: str
    blocked: str
    run: Callable[[], list[Pending]]


class Enrolment:
    """Compares `plan` with the registry and does what is missing. `payer`: an account with coins."""

    def __init__(
        self,
        plan: EnrolmentPlan,
        registry: Registry,
        ring: KeyRing,
        transactor: Transactor,
        *,
        payer: LocalAccount | None = None,
        say: Say = print,
    ) -> None:
        self._plan = plan
        self._registry = registry
        self._ring = ring
        self._transactor = transactor
        self._payer = payer
        self._say = say
        self._accept = Acceptances(registry, plan.chain_id, ring)

    def steps(self) -> list[Step]:
        """What is missing now. Steps of an institution that is not admitted yet appear once it is."""
        return [step for institution in self._plan.institutions for step in self._missing(institution)]

    def run(self) -> list[Step]:
        """Do all that can be done; what is left, with the reason. Raises TransactionFailed, ChainError."""
        done: set[str] = set()
        while True:
            ready = [step for step in self.steps() if not step.blocked and step.what not in done]
            if not ready:
                return self.steps()
            pending: list[Pending] = []
            for step in ready:
                self._say(f"  {step.what}")
                pending += step.run()
                done.add(step.what)
            self._transactor.wait(pending)

    # --- What is missing -----------------------------------------------------------------------------

    def _missing(self, institution: InstitutionPlan) -> Iterator[Step]:
        index = self._registry.index_of(institution.chain_id_bytes)
        if index == 0:
            yield self._admission(institution)
            return
        waits = self._not_active(index)
        if waits:
            yield Step(f"{institution.name}: operators and keys", waits, list)
            return
        admin = self._accept.address(institution.admin)
        coins = list(self._coins(admin, f"{institution.name}: coins for its admin"))
        if coins:
            yield from coins  # its other steps need them, and come in the next round
            return
        for operator in institution.operators:
            yield from self._operator(institution, index, operator)
        for key in institution.document_keys:
            yield from self._document_key(institution, index, key)

    def _not_active(self, index: int) -> str:
        """Why the institution cannot act yet, "" if it can."""
        standing, since = self._registry.standing(index)
        if standing != ACTIVE:
            return f"its standing is {standing}: the members vote (SetStanding)"
        if since > self._registry.client.head().time:
            return f"it acts from {from_block_time(since).isoformat()} on (sponsored institutions wait a day)"
        return ""

    def _operator(self, institution: InstitutionPlan, index: int, plan: OperatorPlan) -> Iterator[Step]:
        account = self._accept.address(plan)
        custodian = 0
        custodian_admin = None
        if plan.custodian is not None:
            keeper = self._plan.institution(plan.custodian)
            custodian = self._registry.index_of(keeper.chain_id_bytes)
            custodian_admin = keeper.admin.key
        record = self._registry.operator(account)
        if (record.institution, record.roles, record.custodian) == (index, plan.mask, custodian):
            yield from self._coins(account, f"{institution.name}: coins for {plan.key}")
            return
        roles = "+".join(role.name or "" for role in sorted(set(plan.roles)))
        what = f"{institution.name}: operator {plan.key} ({account}) with {roles}"
        acceptance = self._accept.operator(plan, index, custodian, custodian_admin)
        blocked = self._blocked(institution, "" if acceptance else f"the acceptance of {plan.key} is missing")
        yield Step(
            what,
            blocked,
            lambda: self._send(
                institution, "addOperator", account, plan.mask, custodian, acceptance, what=what
            ),
        )

    def _document_key(
        self, institution: InstitutionPlan, index: int, plan: DocumentKeyPlan
    ) -> Iterator[Step]:
        key = self._accept.document_key(plan)
        if self._registry.key_owner(key.kid) == index:
            return
        what = (
            f"{institution.name}: document key {plan.key} ({plan.purpose.name.lower()}, kid {key.kid.hex()})"
        )
        proof = self._accept.possession(plan, index)
        blocked = self._blocked(institution, "" if proof else f"the proof of {plan.key} is missing")
        values = (key.kid, key.x, key.y, plan.purpose.value, *plan.period, *(proof or (b"", b"")))
        yield Step(what, blocked, lambda: self._send(institution, "addKey", *values, what=what))

    def _coins(self, account: str, what: str) -> Iterator[Step]:
        """The day's quota for an account in force that has next to nothing; somebody with coins asks for it."""
        if self._payer is None or self._registry.client.account(account).balance >= _LOW_COINS:
            return
        if self._registry.gas_allowance(account) == 0:
            return
        payer, registry = self._payer, self._registry
        yield Step(
            what,
            "",
            lambda: [self._transactor.send(payer, registry.contract, "claimGas", account, what=what)],
        )

    # --- Admission -----------------------------------------------------------------------------------

    def _admission(self, institution: InstitutionPlan) -> Step:
        if institution.sponsor is not None:
            return self._sponsored(institution, self._plan.institution(institution.sponsor))
        what = f"{institution.name}: admission by vote"
        acceptance = self._accept.institution(institution)
        admins = self._voting_admins()
        blocked = "" if acceptance else f"the acceptance of {institution.admin.key} is missing"
        if not admins:
            blocked = "none of the voting members' admin keys is at hand"
        return Step(what, blocked, lambda: self._admit(institution, acceptance or b"", admins, what))

    def _admit(
        self, institution: InstitutionPlan, acceptance: bytes, admins: dict[int, LocalAccount], what: str
    ) -> list[Pending]:
        validator = institution.validator
        payload = encode(
            _ADMIT_TYPES,
            (
                institution.chain_id_bytes,
                institution.kind.number,
                institution.voting,
                self._accept.address(institution.admin),
                NO_ACCOUNT if validator is None else self._accept.address(validator),
                acceptance,
            ),
        )
        Decisions(self._registry, self._transactor, admins, say=self._say).carry(Action.ADMIT, payload, what)
        return []

    def _sponsored(self, institution: InstitutionPlan, sponsor: InstitutionPlan) -> Step:
        what = f"{institution.name}: admission by {sponsor.name}"
        index = self._registry.index_of(sponsor.chain_id_bytes)
        acceptance = self._accept.institution(institution, sponsor=index)
        blocked = self._blocked(
            sponsor, "" if acceptance else f"the acceptance of {institution.admin.key} is missing"
        )
        values = (
            institution.chain_id_bytes,
            self._accept.address(institution.admin),
            institution.custodial,
            acceptance,
        )
        return Step(what, blocked, lambda: self._send(sponsor, "admitSponsored", *values, what=what))

    def _voting_admins(self) -> dict[int, LocalAccount]:
        """Admin accounts at hand, by institution index."""
        return voting_admins(self._plan, self._registry, self._ring)

    # --- Sending -------------------------------------------------------------------------------------

    def _blocked(self, institution: InstitutionPlan, reason: str) -> str:
        if institution.admin.key not in self._ring:
            return f"{institution.admin.key} is not in this key ring: {institution.name} does this itself"
        return reason

    def _send(
        self, institution: InstitutionPlan, function: str, *arguments: object, what: str
    ) -> list[Pending]:
        admin = self._ring.account(institution.admin.key)
        return [self._transactor.send(admin, self._registry.contract, function, *arguments, what=what)]


def voting_admins(plan: EnrolmentPlan, registry: Registry, ring: KeyRing) -> dict[int, LocalAccount]:
    """Admin accounts of the plan's institutions whose keys are at hand, by institution index."""
    found = {
        registry.index_of(institution.chain_id_bytes): ring.account(institution.admin.key)
        for institution in plan.institutions
        if institution.admin.key in ring
    }
    found.pop(0, None)
    return found
