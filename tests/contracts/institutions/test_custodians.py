"""Pharmacies that keep no key: the association keeps it, agrees to it, and is named by it."""

from __future__ import annotations

from typing import Any

import ape
import pytest

from chain.signing import NO_ACCOUNT, sign_message
from tests.contracts.institutions.world import (
    ADMIN,
    ASSOCIATION,
    DAY,
    DISPENSE,
    HOSPITAL,
    INSURER,
    Action,
    World,
)


@pytest.fixture
def pharmacy(world: World, free: Any) -> int:
    """A sponsored pharmacy, active, that has an admin key of its own."""
    index = world.sponsor(free(0), "krnpi:31100001")
    world.pass_time(DAY)
    return index


def message(world: World, pharmacy: int, account: Any, custodian: int = ASSOCIATION, **fields: Any) -> Any:
    values = {"institution": pharmacy, "account": account.address, "roles": DISPENSE, "nonce": 0}
    return world.domain.operator_acceptance(**{**values, "custodian": custodian, **fields})


def test_a_custodial_operator_acts_for_the_pharmacy_and_names_the_association(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    receipt = world.add_operator(pharmacy, free(1), DISPENSE, custodian=ASSOCIATION)
    assert receipt.events.filter(registry.OperatorSet)[0].custodian == ASSOCIATION
    assert registry.authorize(free(1), DISPENSE) == pharmacy
    assert tuple(registry.authorizeActor(free(1), DISPENSE)) == (pharmacy, ASSOCIATION)
    assert list(registry.operatorsOf(pharmacy)) == [free(0).address, free(1).address]


@pytest.mark.parametrize("custodian", [HOSPITAL, INSURER])
def test_only_an_association_is_custodian_never_a_hospital(
    world: World, registry: Any, free: Any, pharmacy: int, custodian: int
) -> None:
    with ape.reverts(registry.InvalidCustodian, custodian=custodian):
        world.add_operator(pharmacy, free(1), DISPENSE, custodian=custodian)


def test_an_association_is_not_its_own_custodian(world: World, registry: Any, free: Any) -> None:
    with ape.reverts(registry.InvalidCustodian, custodian=ASSOCIATION):
        world.add_operator(ASSOCIATION, free(1), DISPENSE, custodian=ASSOCIATION)


def test_an_unknown_custodian_is_refused(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    with ape.reverts(registry.UnknownInstitution, institution=99):
        registry.addOperator(free(1), DISPENSE, 99, b"\1" * 130, sender=free(0))


def test_the_association_must_agree(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    own = sign_message(world.signer(free(1)), message(world, pharmacy, free(1)))
    with ape.reverts(registry.BadSignature, recovered=NO_ACCOUNT):
        registry.addOperator(free(1), DISPENSE, ASSOCIATION, own, sender=free(0))
    with ape.reverts(registry.BadSignature, recovered=free(1).address):
        registry.addOperator(free(1), DISPENSE, ASSOCIATION, own + own, sender=free(0))


def test_the_account_must_agree_too(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    consent = sign_message(world.signer(world.admins[ASSOCIATION]), message(world, pharmacy, free(1)))
    with ape.reverts(registry.BadSignature, recovered=world.admins[ASSOCIATION].address):
        registry.addOperator(free(1), DISPENSE, ASSOCIATION, consent + consent, sender=free(0))


def test_consent_is_for_these_roles(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    own = sign_message(world.signer(free(1)), message(world, pharmacy, free(1)))
    other = sign_message(
        world.signer(world.admins[ASSOCIATION]), message(world, pharmacy, free(1), roles=ADMIN)
    )
    with ape.reverts(registry.BadSignature):
        registry.addOperator(free(1), DISPENSE, ASSOCIATION, own + other, sender=free(0))


def test_consent_needs_an_admin_of_the_association(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    world.add_operator(ASSOCIATION, free(2), DISPENSE)
    signed = message(world, pharmacy, free(1))
    acceptance = sign_message(world.signer(free(1)), signed) + sign_message(world.signer(free(2)), signed)
    with ape.reverts(registry.NotAuthorized, account=free(2).address, role=ADMIN):
        registry.addOperator(free(1), DISPENSE, ASSOCIATION, acceptance, sender=free(0))


def test_without_custodian_a_second_signature_is_no_signature(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    own = sign_message(world.signer(free(1)), message(world, pharmacy, free(1), custodian=0))
    with ape.reverts(registry.BadSignature, recovered=NO_ACCOUNT):
        registry.addOperator(free(1), DISPENSE, 0, own + own, sender=free(0))


def test_custody_stops_with_the_association(world: World, registry: Any, free: Any, pharmacy: int) -> None:
    world.add_operator(pharmacy, free(1), DISPENSE, custodian=ASSOCIATION)
    world.decide(Action.SET_STANDING, ASSOCIATION, 2, 0)
    with ape.reverts(registry.InstitutionNotActive, institution=ASSOCIATION, found=2):
        registry.authorize(free(1), DISPENSE)
    # What the pharmacy keeps itself goes on, and it can take the account back.
    assert registry.authorize(free(0), ADMIN) == pharmacy
    world.add_operator(pharmacy, free(1), DISPENSE)
    assert tuple(registry.authorizeActor(free(1), DISPENSE)) == (pharmacy, 0)


def test_a_suspended_association_takes_no_new_custody(
    world: World, registry: Any, free: Any, pharmacy: int
) -> None:
    world.decide(Action.SET_STANDING, ASSOCIATION, 2, 0)
    with ape.reverts(registry.InstitutionNotActive, institution=ASSOCIATION, found=2):
        world.add_operator(pharmacy, free(1), DISPENSE, custodian=ASSOCIATION)


def test_a_pharmacy_without_any_key_is_run_by_the_association(world: World, registry: Any, free: Any) -> None:
    index = world.sponsor(free(3), "krnpi:31100002", custodial=True)
    world.pass_time(DAY)
    assert tuple(registry.authorizeActor(free(3), ADMIN)) == (index, ASSOCIATION)
    world.add_operator(index, free(4), DISPENSE, custodian=ASSOCIATION)
    assert tuple(registry.authorizeActor(free(4), DISPENSE)) == (index, ASSOCIATION)


def test_a_suspended_custodian_may_still_end_its_accounts(world: World, registry: Any, free: Any) -> None:
    world.sponsor(free(3), "krnpi:31100002", custodial=True)
    world.decide(Action.SET_STANDING, ASSOCIATION, 2, 0)
    registry.revokeOperator(free(3), world.now, sender=free(3))
    assert registry.operator(free(3)).compromisedSince > 0
