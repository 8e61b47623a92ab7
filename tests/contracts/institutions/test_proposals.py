"""Votes: who may propose and vote, what passes, for how long, once."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from eth_abi import encode

from chain.signing import NO_ACCOUNT
from tests.contracts.institutions.world import (
    ADMIN,
    ASSOCIATION,
    CITY,
    DAY,
    HOSPITAL,
    INSURER,
    PAYLOADS,
    RECEIVER,
    Action,
    Kind,
    World,
    name32,
    payload,
    validator,
)

LIMIT = (ASSOCIATION, 7)
"""Payload of a SetSponsorLimit that any registry can carry out."""

WELL_FORMED: dict[Action, tuple[Any, ...]] = {
    Action.ADMIT: (b"x" * 32, Kind.PHARMACY, False, validator(1), NO_ACCOUNT, b"signature"),
    Action.SET_STANDING: (1, 2, 0),
    Action.SET_VOTING: (1, True, validator(1)),
    Action.SET_VALIDATOR: (1, validator(1)),
    Action.SET_SUCCESSOR: (1, 2),
    Action.RECOVER_ADMIN: (1, validator(1), [validator(2)], b"signature"),
    Action.BACKDATE: (validator(1), b"\0" * 32, 1),
    Action.SET_CONTRACT: (name32("X"), validator(1)),
    Action.SET_SPONSOR_LIMIT: (2, 7),
}


def test_a_stranger_cannot_propose(world: World, registry: Any, stranger: Any) -> None:
    with ape.reverts(registry.NotAuthorized, account=stranger.address, role=ADMIN):
        registry.propose(Action.SET_SPONSOR_LIMIT, payload(Action.SET_SPONSOR_LIMIT, *LIMIT), sender=stranger)


def test_a_member_without_a_vote_can_neither_propose_nor_vote(world: World, registry: Any, free: Any) -> None:
    index = world.admit(free(0), "krnpi:21100001", Kind.INSURER)
    with ape.reverts(registry.NotVoting, institution=index):
        world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT, by=index)
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    with ape.reverts(registry.NotVoting, institution=index):
        world.vote(proposal, index)


@pytest.mark.parametrize("action", list(Action), ids=lambda action: action.name)
def test_every_well_formed_payload_is_taken_and_kept(world: World, registry: Any, action: Action) -> None:
    proposal = world.propose(action, *WELL_FORMED[action])
    made, kept = registry.proposal(proposal)
    assert (made.action, made.by, kept) == (action, HOSPITAL, payload(action, *WELL_FORMED[action]))


@pytest.mark.parametrize("action", list(Action), ids=lambda action: action.name)
def test_a_payload_that_is_cut_short_is_refused(world: World, registry: Any, action: Action) -> None:
    whole = payload(action, *WELL_FORMED[action])
    with ape.reverts(registry.MalformedPayload, action=action):
        registry.propose(action, whole[: 32 * len(PAYLOADS[action]) - 1], sender=world.admins[HOSPITAL])


@pytest.mark.parametrize(
    ("action", "types", "values"),
    [
        (Action.SET_STANDING, ["uint32", "uint256", "uint40"], (1, 5, 0)),
        (Action.SET_STANDING, ["uint256", "uint8", "uint40"], (2**32, 2, 0)),
        (Action.SET_STANDING, ["uint32", "uint8", "uint256"], (1, 4, 2**40)),
        (Action.SET_VOTING, ["uint32", "uint256", "address"], (1, 2, NO_ACCOUNT)),
        (Action.SET_CONTRACT, ["bytes32", "uint256"], (name32("X"), 2**160)),
        (Action.RECOVER_ADMIN, ["uint32", "address", "uint256", "uint256"], (1, NO_ACCOUNT, 2**64, 128)),
    ],
)
def test_a_payload_with_a_value_out_of_range_is_refused(
    world: World, registry: Any, action: Action, types: list[str], values: tuple[Any, ...]
) -> None:
    with ape.reverts(registry.MalformedPayload, action=action):
        registry.propose(action, encode(types, values), sender=world.admins[HOSPITAL])


def test_a_proposal_is_logged_with_its_terms(world: World, registry: Any) -> None:
    content = payload(Action.SET_SPONSOR_LIMIT, *LIMIT)
    receipt = registry.propose(Action.SET_SPONSOR_LIMIT, content, sender=world.admins[CITY])
    (event,) = receipt.events.filter(registry.Proposed)
    assert (event.proposalId, event.action, event.by) == (1, Action.SET_SPONSOR_LIMIT, CITY)
    assert (event.electorateEpoch, event.expires, event.payload) == (1, receipt.timestamp + 7 * DAY, content)
    made, _ = registry.proposal(1)
    assert (made.needed, made.yes, made.no, made.passedAt) == (3, 0, 0, 0)
    assert (made.executed, made.vetoed, registry.proposalCount()) == (False, False, 1)


@pytest.mark.parametrize("unknown", [0, 2, 2**256 - 1])
def test_what_was_never_proposed_is_unknown(world: World, registry: Any, unknown: int) -> None:
    world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    for attempt in (
        lambda: registry.proposal(unknown),
        lambda: registry.vote(unknown, True, sender=world.admins[HOSPITAL]),
        lambda: registry.execute(unknown, sender=world.admins[HOSPITAL]),
        lambda: registry.vetoRecovery(unknown, sender=world.admins[HOSPITAL]),
    ):
        with ape.reverts(registry.UnknownProposal, id=unknown):
            attempt()


def test_the_proposer_votes_like_everybody(world: World, registry: Any) -> None:
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    world.vote(proposal, INSURER, RECEIVER)
    with ape.reverts(registry.NotPassed, id=proposal, yes=2, needed=3):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    world.vote(proposal, HOSPITAL)
    registry.execute(proposal, sender=world.admins[HOSPITAL])
    assert registry.sponsorAllowance(ASSOCIATION).perDay == 7


def test_no_votes_do_not_carry(world: World, registry: Any) -> None:
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    world.vote(proposal, HOSPITAL, INSURER)
    world.vote(proposal, ASSOCIATION, RECEIVER, CITY, yes=False)
    made, _ = registry.proposal(proposal)
    assert (made.yes, made.no) == (2, 3)
    with ape.reverts(registry.NotPassed, id=proposal, yes=2, needed=3):
        registry.execute(proposal, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_a_voter_votes_once_and_does_not_change_it(
    world: World, registry: Any, first: bool, second: bool
) -> None:
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    assert not registry.hasVoted(proposal, CITY)
    world.vote(proposal, CITY, yes=first)
    assert registry.hasVoted(proposal, CITY)
    with ape.reverts(registry.AlreadyVoted, id=proposal, by=CITY):
        world.vote(proposal, CITY, yes=second)


def test_a_second_admin_is_no_second_vote(world: World, registry: Any, free: Any) -> None:
    world.add_operator(CITY, free(0), ADMIN)
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    world.vote(proposal, CITY)
    with ape.reverts(registry.AlreadyVoted, id=proposal, by=CITY):
        registry.vote(proposal, True, sender=free(0))


def test_a_vote_and_an_execution_are_logged(world: World, registry: Any, stranger: Any) -> None:
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    receipt = registry.vote(proposal, False, sender=world.admins[CITY])
    (voted,) = receipt.events.filter(registry.Voted)
    assert (voted.proposalId, voted.by, voted.yes) == (proposal, CITY, False)
    world.vote(proposal, HOSPITAL, INSURER, RECEIVER)
    receipt = registry.execute(proposal, sender=stranger)
    (executed,) = receipt.events.filter(registry.Executed)
    assert executed.proposalId == proposal


def test_the_last_second_counts_and_the_next_does_not(world: World, registry: Any) -> None:
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    expires = registry.proposal(proposal)[0].expires
    world.vote(proposal, HOSPITAL, INSURER)
    with world.aside():
        world.at(expires)
        world.vote(proposal, CITY)
        assert registry.proposal(proposal)[0].passedAt == expires
    world.at(expires + 1)
    with ape.reverts(registry.DeadlinePassed, deadline=expires):
        world.vote(proposal, CITY)


def test_what_passed_is_carried_out_until_the_last_second(world: World, registry: Any, stranger: Any) -> None:
    proposal = world.passed(Action.SET_SPONSOR_LIMIT, *LIMIT)
    expires = registry.proposal(proposal)[0].expires
    with world.aside():
        world.at(expires)
        registry.execute(proposal, sender=stranger)
        assert registry.proposal(proposal)[0].executed
    world.at(expires + 1)
    with ape.reverts(registry.DeadlinePassed, deadline=expires):
        registry.execute(proposal, sender=stranger)


def test_a_proposal_is_carried_out_once(world: World, registry: Any, stranger: Any) -> None:
    proposal = world.passed(Action.SET_SPONSOR_LIMIT, *LIMIT)
    registry.execute(proposal, sender=stranger)
    with ape.reverts(registry.AlreadyExecuted, id=proposal):
        registry.execute(proposal, sender=stranger)
    with ape.reverts(registry.AlreadyExecuted, id=proposal):
        world.vote(proposal, CITY)


def test_an_execution_that_fails_changes_nothing_and_may_succeed_later(world: World, registry: Any) -> None:
    early = world.passed(Action.SET_SUCCESSOR, CITY, HOSPITAL)
    with ape.reverts(registry.WrongStanding, institution=CITY, found=1):
        registry.execute(early, sender=world.admins[HOSPITAL])
    assert not registry.proposal(early)[0].executed


def test_a_new_electorate_voids_what_the_old_one_was_asked(world: World, registry: Any) -> None:
    asked = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    passed = world.passed(Action.SET_SPONSOR_LIMIT, *LIMIT)
    world.decide(Action.SET_VOTING, CITY, False, NO_ACCOUNT)
    with ape.reverts(registry.ProposalVoid, id=asked, epochThen=1, epochNow=2):
        world.vote(asked, HOSPITAL)
    with ape.reverts(registry.ProposalVoid, id=passed, epochThen=1, epochNow=2):
        registry.execute(passed, sender=world.admins[HOSPITAL])


def test_what_leaves_the_electorate_alone_voids_nothing(world: World, registry: Any, free: Any) -> None:
    asked = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    world.decide(Action.SET_VALIDATOR, CITY, validator(50))
    world.admit(free(0), "krnpi:21100001", Kind.INSURER)
    world.add_operator(CITY, free(1), ADMIN)
    world.vote(asked, HOSPITAL, INSURER, CITY)
    registry.execute(asked, sender=world.admins[HOSPITAL])


@pytest.mark.parametrize(("voters", "needed"), [(5, 3), (4, 3), (3, 2)])
def test_more_than_half_of_the_voters_are_needed(
    world: World, registry: Any, voters: int, needed: int
) -> None:
    for leaving in (CITY, RECEIVER)[: 5 - voters]:
        world.decide(Action.SET_VOTING, leaving, False, NO_ACCOUNT)
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    assert registry.proposal(proposal)[0].needed == needed
    world.vote(proposal, *range(1, needed))
    with ape.reverts(registry.NotPassed, id=proposal, yes=needed - 1, needed=needed):
        registry.execute(proposal, sender=world.admins[HOSPITAL])
    world.vote(proposal, needed)
    registry.execute(proposal, sender=world.admins[HOSPITAL])


def test_a_member_that_is_suspended_votes_no_more(world: World, registry: Any) -> None:
    world.decide(Action.SET_STANDING, CITY, 2, 0)
    proposal = world.propose(Action.SET_SPONSOR_LIMIT, *LIMIT)
    with ape.reverts(registry.InstitutionNotActive, institution=CITY, found=2):
        world.vote(proposal, CITY)


def test_payload_check_is_open_to_tools(registry: Any) -> None:
    registry.checkPayload(Action.SET_SPONSOR_LIMIT, payload(Action.SET_SPONSOR_LIMIT, *LIMIT))
    with ape.reverts():
        registry.checkPayload(Action.SET_SPONSOR_LIMIT, b"")
