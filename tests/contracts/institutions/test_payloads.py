"""Payloads as Python makes and reads them, and as the contract takes them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from chain.contracts.vocabulary import ProposalAction
from chain.proposals import FIELDS, PayloadInvalid, make_payload, read_payload
from tests.contracts.frame import answer
from tests.contracts.institutions.world import HOSPITAL, PAYLOADS, Action, World, validator

VALUES: dict[str, Any] = {
    "id": b"x" * 32,
    "kind": 2,
    "voting": True,
    "admin": validator(1),
    "validator": validator(2),
    "acceptance": b"signature",
    "index": 7,
    "standing": 4,
    "doubt_since": 2**40 - 1,
    "successor": 2**32 - 1,
    "revoked": [validator(3), validator(4)],
    "account": validator(5),
    "kid": b"k" * 32,
    "since": 5,
    "name": b"n" * 32,
    "location": validator(6),
    "sponsor": 2,
    "per_day": 50,
}
each_action = pytest.mark.parametrize("action", list(ProposalAction), ids=lambda action: action.name)


def values_of(action: ProposalAction) -> dict[str, Any]:
    return {name: VALUES[name] for name in FIELDS[action]}


@each_action
def test_what_is_made_is_the_contracts_form_and_is_read_again(
    world: World, registry: Any, action: ProposalAction
) -> None:
    values = values_of(action)
    made = make_payload(action, **values)
    assert made == encode(PAYLOADS[Action(action)], list(values.values()))
    assert read_payload(action, made) == values
    assert answer(registry.propose, action, made, sender=world.admins[HOSPITAL]) is None


@each_action
def test_a_value_too_few_or_too_many_is_refused(action: ProposalAction) -> None:
    values = values_of(action)
    for wrong in ({**values, "more": 1}, dict(list(values.items())[1:])):
        with pytest.raises(PayloadInvalid) as refused:
            make_payload(action, **wrong)
        assert refused.value.action is action


@pytest.mark.parametrize(
    ("action", "change"),
    [
        (ProposalAction.SET_STANDING, {"index": 2**32}),
        (ProposalAction.SET_STANDING, {"doubt_since": -1}),
        (ProposalAction.SET_VALIDATOR, {"validator": "0x1234"}),
        (ProposalAction.SET_VOTING, {"voting": "yes"}),
        (ProposalAction.SET_CONTRACT, {"name": b"n" * 33}),
    ],
)
def test_a_value_of_another_shape_is_refused(action: ProposalAction, change: dict[str, Any]) -> None:
    with pytest.raises(PayloadInvalid):
        make_payload(action, **{**values_of(action), **change})


@each_action
@given(payload=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(action: ProposalAction, payload: bytes) -> None:
    with suppress(PayloadInvalid):
        assert set(read_payload(action, payload)) == set(FIELDS[action])
