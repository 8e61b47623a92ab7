"""Who may do what: every role, standing and institution against every function that writes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.frame import (
    EXPELLED,
    NONE,
    RETIRED,
    ROLES,
    SUSPENDED,
    TRANSFER,
    Refused,
    answer,
)
from tests.contracts.transfers.conftest import CIPHER, COMMIT, ID, MAC, RECEIVER, SENDER, THIRD

OTHER_ID = b"\x07" * 32
Act = tuple[str, int, tuple[Any, ...]]
ACTS: list[Act] = [
    ("send", SENDER, (OTHER_ID, RECEIVER, COMMIT, CIPHER)),
    ("sendMany", SENDER, ([OTHER_ID], [RECEIVER], [COMMIT], [CIPHER])),
    ("acknowledge", RECEIVER, (ID, MAC)),
    ("reject", RECEIVER, (ID, 1)),
]
"""Name, institution that may do it, arguments with which it may."""
ANSWERS = [act for act in ACTS if act[1] == RECEIVER]

every_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: act[0])
every_answer = pytest.mark.parametrize("act", ANSWERS, ids=lambda act: act[0])


def test_the_table_lists_every_function_that_writes(ledger: Any) -> None:
    writing = {method.name for method in ledger.contract_type.mutable_methods} - {"setTime"}
    assert writing == {name for name, _, _ in ACTS}


@every_act
def test_a_stranger_does_nothing(ledger: Any, sent: bytes, stranger: Any, act: Act) -> None:
    name, _, arguments = act
    refused = answer(getattr(ledger, name), *arguments, sender=stranger)
    assert refused == Refused("NotAuthorized", (stranger.address, TRANSFER))


@every_act
@pytest.mark.parametrize("role", ROLES)
def test_an_operator_acts_in_the_one_role_that_is_needed(
    ledger: Any, members: Any, keeper: Any, sent: bytes, accounts: Any, act: Act, role: int
) -> None:
    name, institution, arguments = act
    members.setOperator(accounts[4], institution, role, sender=keeper)
    refused = answer(getattr(ledger, name), *arguments, sender=accounts[4])
    expected = None if role == TRANSFER else Refused("NotAuthorized", (accounts[4].address, TRANSFER))
    assert refused == expected


@every_act
def test_all_other_roles_together_are_not_enough(
    ledger: Any, members: Any, keeper: Any, sent: bytes, accounts: Any, act: Act
) -> None:
    name, institution, arguments = act
    members.setOperator(accounts[4], institution, sum(ROLES) - TRANSFER, sender=keeper)
    refused = answer(getattr(ledger, name), *arguments, sender=accounts[4])
    assert refused == Refused("NotAuthorized", (accounts[4].address, TRANSFER))


@every_act
@pytest.mark.parametrize("standing", [NONE, SUSPENDED, RETIRED, EXPELLED])
def test_an_institution_that_is_not_active_does_nothing(
    ledger: Any, members: Any, keeper: Any, sent: bytes, accounts: Any, act: Act, standing: int
) -> None:
    name, institution, arguments = act
    members.setInstitution(institution, standing, 0, 0, sender=keeper)
    refused = answer(getattr(ledger, name), *arguments, sender=accounts[institution])
    assert refused == Refused("InstitutionNotActive", (institution, standing))


@every_answer
@pytest.mark.parametrize("institution", [SENDER, THIRD])
def test_only_the_receiver_answers(
    ledger: Any, sent: bytes, accounts: Any, act: Act, institution: int
) -> None:
    name, _, arguments = act
    refused = answer(getattr(ledger, name), *arguments, sender=accounts[institution])
    assert refused == Refused("NotReceiver", (ID, institution))


@every_answer
def test_the_receivers_successor_does_not_answer_for_it(
    ledger: Any, members: Any, keeper: Any, sent: bytes, accounts: Any, act: Act
) -> None:
    name, _, arguments = act
    members.setInstitution(RECEIVER, RETIRED, THIRD, 0, sender=keeper)
    refused = answer(getattr(ledger, name), *arguments, sender=accounts[THIRD])
    assert refused == Refused("NotReceiver", (ID, THIRD))
