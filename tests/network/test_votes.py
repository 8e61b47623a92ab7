"""Which Clique votes an agent casts so that the signers become the registry's validators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.watch.votes import Ballot, decide_ballot

A, B, C, D, E, F = (f"0x{letter * 40}" for letter in "abcdef")
FOUR = [A, B, C, D]


def ballot(**changes: object) -> Ballot:
    values: dict[str, object] = {"own": A, "registry": FOUR, "signers": FOUR, "entries": {}}
    return decide_ballot(**{**values, **changes})  # type: ignore[arg-type]


def test_equal_sets_need_no_vote() -> None:
    found = ballot()
    assert (found.cast, found.discard, found.differs) == ({}, frozenset(), False)


def test_who_is_missing_is_voted_in_and_who_is_surplus_out() -> None:
    found = ballot(registry=[A, B, C, E])
    assert found.cast == {D: False, E: True}
    assert (found.missing, found.surplus) == ({E}, {D})


def test_a_vote_that_stands_is_not_cast_again() -> None:
    assert ballot(registry=[*FOUR, E], entries={E: True}).cast == {}


def test_a_vote_the_wrong_way_round_is_turned() -> None:
    found = ballot(registry=[*FOUR, E], entries={E: False})
    assert (found.cast, found.discard) == ({E: True}, frozenset())


def test_entries_are_taken_back_once_they_passed() -> None:
    assert ballot(entries={B: True, F: False}).discard == {B, F}


def test_somebody_who_is_no_signer_casts_nothing() -> None:
    found = ballot(own=E, registry=[*FOUR, E], entries={E: True})
    assert (found.cast, found.discard) == ({}, {E})
    assert found.differs


@pytest.mark.parametrize("registry", [[], [A], [A, B]])
def test_an_unbelievable_registry_answer_changes_nothing(registry: list[str]) -> None:
    found = ballot(registry=registry, entries={E: True})
    assert (found.cast, found.discard, found.differs) == ({}, {E}, False)


def test_spelling_does_not_matter() -> None:
    assert not ballot(registry=[address.upper().replace("0X", "0x") for address in FOUR]).differs


sets = st.lists(st.sampled_from([A, B, C, D, E, F]), min_size=3, max_size=6, unique=True)
entries = st.dictionaries(st.sampled_from([A, B, C, D, E, F]), st.booleans(), max_size=6)


@given(registry=sets, signers=sets, leftovers=st.lists(entries, min_size=6, max_size=6))
def test_votes_bring_the_signers_to_the_registry_and_leave_none_behind(
    registry: list[str], signers: list[str], leftovers: list[dict[str, bool]]
) -> None:
    """Clique counts the entries of the signers; more than half carries one."""
    present = set(signers)
    listed = dict(zip([A, B, C, D, E, F], leftovers, strict=True))
    for _ in range(20):
        for node, own in listed.items():
            found = decide_ballot(own=node, registry=registry, signers=present, entries=own)
            own.update(found.cast)
            for address in found.discard:
                own.pop(address)
        for address in [A, B, C, D, E, F]:
            votes = [listed[node][address] for node in present if address in listed[node]]
            if 2 * votes.count(True) > len(present):
                present = present | {address}
            elif 2 * votes.count(False) > len(present):
                present = present - {address}
    assert present == set(registry)
    assert not any(listed.values())
