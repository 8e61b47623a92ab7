"""Every function against everybody who might call it. Each call would succeed for the association's own ADMIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chain.signing import NO_ACCOUNT, institution_id
from tests.contracts.frame import Refused, answer
from tests.contracts.institutions.keys import Purpose, add_key, prove, test_key
from tests.contracts.institutions.world import (
    ADMIN,
    ANCHOR,
    ASSOCIATION,
    CONSENT,
    DAY,
    DISPENSE,
    HOSPITAL,
    PRESCRIBE,
    REFER,
    STATUS,
    TRANSFER,
    Action,
    Kind,
    World,
    fresh_account,
    payload,
)

OTHER_ROLES = (ANCHOR, STATUS, TRANSFER, PRESCRIBE, DISPENSE, CONSENT, REFER)
CALLS = (
    "propose",
    "vote",
    "execute",
    "vetoRecovery",
    "admitSponsored",
    "suspendSponsored",
    "contestSponsored",
    "addOperator",
    "endOperator",
    "revokeOperator",
    "addKey",
    "endKey",
    "compromiseKey",
    "claimGas",
)
OPEN_TO_ALL = {"execute", "claimGas"}
"""Their authority is the votes, and the quota."""
TAKES_AWAY = {"endOperator", "revokeOperator", "endKey", "compromiseKey"}
"""Open to ADMINs of institutions in any standing, for their own."""
MINE, ELSE, PLAIN, WAITING, SUSPENDED = (
    "admin",
    "voting admin",
    "plain admin",
    "waiting admin",
    "suspended admin",
)
OK = None


@dataclass
class Cast:
    """Everybody, and a call of each function as the association's ADMIN would make it."""

    actors: dict[str, Any]
    calls: dict[str, tuple[Any, ...]]
    index: dict[str, int]
    pharmacy: int
    kid: bytes


@pytest.fixture
def cast(world: World, registry: Any, free: Any, stranger: Any) -> Cast:
    actors = {"nobody": stranger, MINE: world.admins[ASSOCIATION], ELSE: world.admins[HOSPITAL]}
    for number, role in enumerate(OTHER_ROLES):
        world.add_operator(ASSOCIATION, free(number), role)
        actors[f"role {role}"] = free(number)
    index = {ELSE: HOSPITAL}
    for name, number, kind in ((PLAIN, 7, Kind.HOSPITAL), (SUSPENDED, 8, Kind.ASSOCIATION)):
        index[name] = world.admit(free(number), f"krnpi:2{number}", kind)
        actors[name] = free(number)
    world.decide(Action.SET_STANDING, index[SUSPENDED], 2, 0)
    for number, since in ((9, 0), (10, world.now)):
        world.add_operator(ASSOCIATION, free(number), ADMIN)
        registry.revokeOperator(free(number), since, sender=world.admins[ASSOCIATION])
    actors["ended admin"], actors["compromised admin"] = free(9), free(10)
    pharmacy = world.sponsor(free(11), "krnpi:31100001")
    index[WAITING], actors[WAITING] = pharmacy, free(11)
    return Cast(actors, calls(world, pharmacy), index, pharmacy, test_key(1).kid)


def calls(world: World, pharmacy: int) -> dict[str, tuple[Any, ...]]:
    """Arguments with which the association's ADMIN succeeds."""
    limit = payload(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 7)
    open_one = world.propose(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 7)
    passed = world.passed(Action.SET_SPONSOR_LIMIT, ASSOCIATION, 7)
    recovery = world.propose(Action.RECOVER_ADMIN, ASSOCIATION, NO_ACCOUNT, [], b"")
    admin, operator, ended = fresh_account(1), fresh_account(2), fresh_account(3)
    acceptance = world.accept_institution(admin, "krnpi:4", Kind.PHARMACY, sponsor=ASSOCIATION)
    world.add_operator(ASSOCIATION, ended, ANCHOR)
    add_key(world, test_key(1), index=ASSOCIATION)
    until = world.now + DAY
    terms = {"institution": ASSOCIATION, "purpose": Purpose.SIGN, "valid_from": 0, "valid_until": until}
    key = test_key(2)
    return {
        "propose": (Action.SET_SPONSOR_LIMIT, limit),
        "vote": (open_one, True),
        "execute": (passed,),
        "vetoRecovery": (recovery,),
        "admitSponsored": (institution_id("krnpi:4"), admin.address, False, acceptance),
        "suspendSponsored": (pharmacy, 1),
        "contestSponsored": (pharmacy,),
        "addOperator": (
            operator.address,
            ANCHOR,
            0,
            world.accept_operator(operator, ASSOCIATION, ANCHOR),
        ),
        "endOperator": (ended.address, world.now + DAY),
        "revokeOperator": (ended.address, world.now),
        "addKey": (key.kid, *key.point, Purpose.SIGN, 0, until, *prove(world, key, **terms)),
        "endKey": (test_key(1).kid, world.now + DAY),
        "compromiseKey": (test_key(1).kid, world.now, 1),
        "claimGas": (ended.address,),
    }


def expected(cast: Cast, call: str, actor: str) -> str | Refused | None:
    """The table: an error with its arguments, an error's name where its arguments do not matter, or OK."""
    account = cast.actors[actor].address
    unauthorized = Refused("NotAuthorized", (account, ADMIN))
    if call in OPEN_TO_ALL or actor == MINE:
        return OK
    if actor == "nobody" or actor.startswith("role"):
        return unauthorized
    if actor in ("ended admin", "compromised admin"):
        return "OperatorEnded" if actor == "ended admin" else "AccountCompromised"
    mine = cast.index[actor]
    if call in TAKES_AWAY:
        foreign_key = Refused("NotKeyOwner", (cast.kid, ASSOCIATION, mine))
        return foreign_key if call.endswith("Key") else unauthorized
    if actor == SUSPENDED:
        return Refused("InstitutionNotActive", (mine, 2))
    if actor == WAITING:
        return "NotYetActive"
    if call in ("propose", "vote", "contestSponsored"):
        return OK if actor == ELSE else Refused("NotVoting", (mine,))
    return {
        "vetoRecovery": unauthorized,
        "admitSponsored": Refused("NotSponsor", (0, mine)),
        "suspendSponsored": Refused("NotSponsor", (cast.pharmacy, mine)),
        "addOperator": "BadSignature",
        "addKey": "PossessionNotProven",
    }[call]


@pytest.mark.parametrize("call", CALLS)
def test_who_may_call(registry: Any, cast: Cast, call: str) -> None:
    method = getattr(registry, call)
    for actor, account in cast.actors.items():
        found = answer(method, *cast.calls[call], sender=account)
        wanted = expected(cast, call, actor)
        if isinstance(wanted, str):
            assert found is not None, f"{call} by {actor}"
            assert found.name == wanted, f"{call} by {actor}"
        else:
            assert found == wanted, f"{call} by {actor}"


def test_the_table_names_every_function_that_changes_something(registry: Any) -> None:
    changing = {
        method.name
        for method in registry.contract_type.mutable_methods
        if method.stateMutability in ("nonpayable", "payable")
    }
    assert changing == set(CALLS)
