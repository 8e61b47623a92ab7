"""Who may do what: every role, standing and institution against every function that writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.documents.conftest import ISSUER, OTHER, Shelf
from tests.contracts.frame import (
    ACTIVE,
    ADMIN,
    ANCHOR,
    EXPELLED,
    NONE,
    RETIRED,
    ROLES,
    STATUS,
    SUSPENDED,
    Refused,
    answer,
    leaf_of,
)

Act = tuple[str, int, Callable[[Shelf], tuple[Any, ...]]]
NEW_ROOT = leaf_of(b"new root".ljust(32))
ACTS: list[Act] = [
    ("anchor", ANCHOR, lambda shelf: (NEW_ROOT, 4)),
    ("reaffirm", STATUS, lambda shelf: ([shelf.early.root],)),
    (
        "amend",
        STATUS,
        lambda shelf: (
            ISSUER,
            shelf.early.ref(shelf.early.levels[0][0]),
            shelf.late.ref(shelf.late.levels[0][0]),
            1,
        ),
    ),
    ("withdraw", STATUS, lambda shelf: (ISSUER, shelf.early.ref(shelf.early.levels[0][1]), 1)),
    ("annul", ADMIN, lambda shelf: (ISSUER, shelf.early.levels[0][2])),
]
"""Name, role it needs, arguments with which institution 1 may do it."""
ON_BEHALF = [act for act in ACTS if act[0] in {"amend", "withdraw", "annul"}]

every_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: act[0])
every_act_on_behalf = pytest.mark.parametrize("act", ON_BEHALF, ids=lambda act: act[0])


@pytest.fixture
def ready(documents: Any, shelf: Shelf, alice: Any) -> Shelf:
    """Everything in ACTS is possible: one document is withdrawn."""
    documents.withdraw(ISSUER, shelf.early.ref(shelf.early.levels[0][2]), 1, sender=alice)
    return shelf


def test_the_table_lists_every_function_that_writes(documents: Any) -> None:
    writing = {method.name for method in documents.contract_type.mutable_methods} - {"setTime"}
    assert writing == {name for name, _, _ in ACTS}


@every_act
def test_a_stranger_does_nothing(documents: Any, ready: Shelf, stranger: Any, act: Act) -> None:
    name, role, arguments = act
    refused = answer(getattr(documents, name), *arguments(ready), sender=stranger)
    assert refused == Refused("NotAuthorized", (stranger.address, role))


@every_act
@pytest.mark.parametrize("role", ROLES)
def test_an_operator_acts_in_the_one_role_that_is_needed(
    documents: Any, members: Any, keeper: Any, ready: Shelf, accounts: Any, act: Act, role: int
) -> None:
    name, needed, arguments = act
    operator = accounts[4]
    members.setOperator(operator, ISSUER, role, sender=keeper)
    refused = answer(getattr(documents, name), *arguments(ready), sender=operator)
    expected = None if role == needed else Refused("NotAuthorized", (operator.address, needed))
    assert refused == expected


@every_act
def test_all_other_roles_together_are_not_enough(
    documents: Any, members: Any, keeper: Any, ready: Shelf, accounts: Any, act: Act
) -> None:
    name, needed, arguments = act
    members.setOperator(accounts[4], ISSUER, sum(ROLES) - needed, sender=keeper)
    refused = answer(getattr(documents, name), *arguments(ready), sender=accounts[4])
    assert refused == Refused("NotAuthorized", (accounts[4].address, needed))


@every_act
@pytest.mark.parametrize("standing", [NONE, SUSPENDED, RETIRED, EXPELLED])
def test_an_institution_that_is_not_active_does_nothing(
    documents: Any, members: Any, keeper: Any, ready: Shelf, alice: Any, act: Act, standing: int
) -> None:
    name, _, arguments = act
    members.setInstitution(ISSUER, standing, 0, 0, sender=keeper)
    refused = answer(getattr(documents, name), *arguments(ready), sender=alice)
    assert refused == Refused("InstitutionNotActive", (ISSUER, standing))


@every_act_on_behalf
@pytest.mark.parametrize("standing", [ACTIVE, SUSPENDED, RETIRED, EXPELLED])
def test_another_institution_does_nothing_to_documents_that_are_not_its_own(
    documents: Any, members: Any, keeper: Any, ready: Shelf, bob: Any, act: Act, standing: int
) -> None:
    name, _, arguments = act
    members.setInstitution(ISSUER, standing, 3, 0, sender=keeper)  # 3 is the successor, not 2
    refused = answer(getattr(documents, name), *arguments(ready), sender=bob)
    assert refused == Refused("NotIssuer", (ISSUER, OTHER))


@every_act_on_behalf
@pytest.mark.parametrize("standing", [ACTIVE, SUSPENDED, RETIRED, EXPELLED])
def test_a_successor_acts_once_the_issuer_has_ended(
    documents: Any, members: Any, keeper: Any, ready: Shelf, bob: Any, act: Act, standing: int
) -> None:
    name, _, arguments = act
    members.setInstitution(ISSUER, standing, OTHER, 0, sender=keeper)
    refused = answer(getattr(documents, name), *arguments(ready), sender=bob)
    ended = standing in {RETIRED, EXPELLED}
    assert refused == (None if ended else Refused("NotIssuer", (ISSUER, OTHER)))


@every_act_on_behalf
def test_a_successor_needs_the_role_as_well(
    documents: Any, members: Any, keeper: Any, ready: Shelf, accounts: Any, act: Act
) -> None:
    name, needed, arguments = act
    members.setInstitution(ISSUER, RETIRED, OTHER, 0, sender=keeper)
    members.setOperator(accounts[4], OTHER, sum(ROLES) - needed, sender=keeper)
    refused = answer(getattr(documents, name), *arguments(ready), sender=accounts[4])
    assert refused == Refused("NotAuthorized", (accounts[4].address, needed))


@every_act_on_behalf
def test_the_successor_of_a_successor_does_nothing(
    documents: Any, members: Any, keeper: Any, ready: Shelf, accounts: Any, act: Act
) -> None:
    name, _, arguments = act
    members.setInstitution(ISSUER, RETIRED, OTHER, 0, sender=keeper)
    members.setInstitution(OTHER, RETIRED, 3, 0, sender=keeper)
    refused = answer(getattr(documents, name), *arguments(ready), sender=accounts[3])
    assert refused == Refused("NotIssuer", (ISSUER, 3))


@every_act_on_behalf
def test_documents_of_an_institution_that_never_was_cannot_be_marked(
    documents: Any, ready: Shelf, alice: Any, act: Act
) -> None:
    name, _, arguments = act
    _, *rest = arguments(ready)
    assert answer(getattr(documents, name), 99, *rest, sender=alice) == Refused("UnknownInstitution", (99,))
