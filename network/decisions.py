"""Carrying a decision of the voting members through: proposal, votes, execution.

Only the members whose admin key is at hand take part; the others vote with their own tools. Run again, it goes on
where it stopped: an open proposal with the same content is found, and nobody votes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from network.errors import TransactionFailed
from network.registry import Action, Proposal, Registry
from network.transact import Pending, Transactor
from network.waiting import wait_for

_LOOK_BACK = 50
"""Proposals looked through for one with the same content."""


@dataclass(frozen=True)
class Outcome:
    """How far a decision came. `missing`: yes votes still needed, 0 once it is carried out."""

    proposal: int
    executed: bool
    missing: int


class Decisions:
    """Decides with the admin accounts in `admins` (institution index → account)."""

    def __init__(
        self,
        registry: Registry,
        transactor: Transactor,
        admins: Mapping[int, LocalAccount],
        *,
        say: Callable[[str], None] = print,
    ) -> None:
        self._registry = registry
        self._transactor = transactor
        self._admins = admins
        self._say = say

    def carry(self, action: Action, payload: bytes, what: str) -> Outcome:
        """Propose `what` unless it is proposed, vote with every key at hand, execute if it passed.

        Raises TransactionFailed when the contract refuses, ChainError.
        """
        voters = [index for index in self._registry.voting_members() if index in self._admins]
        if not voters:
            raise TransactionFailed(what, "none of the voting members' admin keys is at hand")
        number = self._open_proposal(action, payload) or self._propose(voters[0], action, payload, what)
        self._vote(number, voters, what)
        proposal = self._registry.proposal(number)
        missing = max(0, proposal.needed - proposal.yes)
        if missing:
            self._say(f"{what}: proposal {number} waits for {missing} more votes")
            return Outcome(number, False, missing)
        self._run(voters[0], "execute", number, what=f"{what}: carrying out proposal {number}")
        return Outcome(number, True, 0)

    def _open_proposal(self, action: Action, payload: bytes) -> int | None:
        now = self._registry.client.head().time
        epoch = self._registry.electorate_epoch()
        newest = self._registry.proposal_count()
        for number in range(newest, max(0, newest - _LOOK_BACK), -1):
            if _is_open(self._registry.proposal(number), action, payload, epoch, now):
                return number
        return None

    def _propose(self, proposer: int, action: Action, payload: bytes, what: str) -> int:
        self._run(proposer, "propose", int(action), payload, what=f"{what}: proposing")
        return wait_for(f"{what}: the proposal", lambda: self._open_proposal(action, payload))

    def _vote(self, number: int, voters: list[int], what: str) -> None:
        """As many votes as are lacking, side by side."""
        proposal = self._registry.proposal(number)
        lacking = max(0, proposal.needed - proposal.yes)
        undecided = [index for index in voters if not self._registry.has_voted(number, index)]
        sent = [
            self._send(index, "vote", number, True, what=f"{what}: vote of institution {index}")
            for index in undecided[:lacking]
        ]
        self._transactor.wait(sent)

    def _run(self, index: int, function: str, *arguments: object, what: str) -> None:
        self._transactor.wait([self._send(index, function, *arguments, what=what)])

    def _send(self, index: int, function: str, *arguments: object, what: str) -> Pending:
        account = self._admins[index]
        return self._transactor.send(account, self._registry.contract, function, *arguments, what=what)


def _is_open(proposal: Proposal, action: Action, payload: bytes, epoch: int, now: int) -> bool:
    return (
        proposal.action == action
        and proposal.payload == payload
        and not proposal.executed
        and proposal.epoch == epoch
        and proposal.expires >= now
    )
