"""Making bundles: what is refused, what is asked of the node, that changes of the validators are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from case import Case

from chain.errors import ChainError
from chain.proofs import NotFinalYet
from records.credential import CredentialError
from verifier import Verdict, make_bundle, refresh, verify


@pytest.fixture
def case():
    made = Case()
    made.chain.mine(5)
    return made


@pytest.mark.parametrize("credential", ["", "~", "a.b.c~", "eyJhbGciOiJFUzI1NiJ9.e30.AA~"])
def test_what_is_no_credential(case, credential):
    with pytest.raises(CredentialError):
        make_bundle(case.node, case.trust, credential=credential, root=case.tree.root, path=[], issuer=1)


def test_a_chain_that_is_not_even_settled():
    case = Case(anchored=False)
    case.chain.blocks = case.chain.blocks[:2]
    with pytest.raises(NotFinalYet) as caught:
        case.made()
    assert isinstance(caught.value, ChainError)


def test_an_unregistered_key_is_left_out(case):
    node = case.node
    node.keys.clear()
    bundle = make_bundle(
        node,
        case.trust,
        credential=case.document.compact,
        root=case.tree.root,
        path=case.tree.proof(0),
        issuer=1,
    )
    assert bundle.key is None


def test_a_key_that_is_given_is_not_asked_for(case):
    node = case.node
    bundle = make_bundle(
        node,
        case.trust,
        credential=case.document.compact,
        root=case.tree.root,
        path=case.tree.proof(0),
        issuer=1,
        key=case.point,
    )
    assert bundle.key == case.point
    assert node.asked.count("eth_call") == 2  # the validators and their epoch


def test_refreshing_brings_the_proof_up_to_date(case):
    old = case.made()
    case.chain.mark(1, case.leaf, 3)
    case.chain.mine(6)
    fresh = refresh(case.node, case.trust, old)
    assert replace(fresh, proof=old.proof) == old
    assert case.check(fresh).verdict is Verdict.WITHDRAWN


def test_refreshing_keeps_the_changes_of_validators_that_no_node_can_prove_any_more(case):
    trust = case.trust
    old = case.made()
    for numbers in ([1, 2, 3, 4, 6], [2, 3, 4, 6, 7], [3, 4, 6, 7, 8], [4, 6, 7, 8, 9], [6, 7, 8, 9, 10]):
        case.chain.register_change(case.chain.keys(numbers))
        case.chain.mine(5)
        case.chain.adopt_change()
        case.chain.mine(12)
        old = refresh(case.node, trust, old)
    with pytest.raises(ChainError, match="newer file"):
        case.made(trust)
    report = verify(old, trust, now=case.now)
    assert (report.verdict, report.state.epoch) == (Verdict.VALID, 6)
