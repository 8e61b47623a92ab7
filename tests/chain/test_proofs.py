"""Building proofs from a node: nodes that err or lie, networks that are not final, then what is fetched."""

from __future__ import annotations

import pytest
from synthetic import SyntheticChain, SyntheticNode, account

from chain.engine import Finality
from chain.hashing import keccak256
from chain.light import LightProofError, ProofSubject, verify_light_proof
from chain.proofs import (
    ChangeUnprovable,
    NodeContradicts,
    NotFinalYet,
    ProofUnavailable,
    build_light_proof,
)

ROOT, LEAF, KID = (keccak256(name) for name in (b"root", b"leaf", b"kid"))
SUBJECT = ProofSubject(1, ROOT, LEAF, KID)


@pytest.fixture
def chain():
    made = SyntheticChain()
    made.institution(1)
    made.key(KID)
    made.crowd(10)
    made.mine(2)
    made.anchor(1, ROOT)
    made.mine(6)
    return made


def lying(chain, method, change):
    return SyntheticNode(chain, lambda asked, answer: change(answer) if asked == method else answer)


# ---- nodes that err or lie


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_getBlockByNumber", None),
        ("eth_getBlockByNumber", "0x1"),
        ("eth_getBlockByNumber", {"number": "0x1"}),
        ("eth_call", None),
        ("eth_call", "0x"),
        ("eth_call", "0xzz"),
        ("eth_call", "0x" + "ff" * 64),
        ("eth_getProof", None),
        ("eth_getProof", {}),
        ("eth_getProof", {"accountProof": [], "storageProof": []}),
        ("eth_getProof", {"accountProof": ["0xzz"], "storageProof": []}),
        ("eth_getProof", {"accountProof": [1], "storageProof": []}),
        ("eth_getProof", {"accountProof": ["0x" + "11" * 2000], "storageProof": []}),
    ],
)
def test_an_answer_that_is_none(chain, method, answer):
    with pytest.raises(NodeContradicts):
        build_light_proof(lying(chain, method, lambda _: answer), chain.trust(), SUBJECT)


def test_headers_that_do_not_link(chain):
    node = lying(chain, "eth_getBlockByNumber", lambda block: {**block, "gasUsed": "0x9"})
    with pytest.raises(NodeContradicts, match="not_linked"):
        build_light_proof(node, chain.trust(), SUBJECT)


def test_another_value_in_a_slot(chain):
    def swap(answer):
        return {**answer, "storageProof": answer["storageProof"][::-1][1:]}

    with pytest.raises(NodeContradicts, match="node_missing"):
        build_light_proof(lying(chain, "eth_getProof", swap), chain.trust(), SUBJECT)


def test_validators_that_are_not_the_chains(chain):
    liar = SyntheticNode(chain)
    chain.registered = chain.keys(range(11, 16))
    with pytest.raises(NotFinalYet):
        build_light_proof(liar, chain.trust(), SUBJECT)


def test_an_epoch_that_the_chain_never_had(chain):
    node = SyntheticNode(chain)
    trust = chain.trust()
    chain.epoch = 7
    with pytest.raises(LightProofError, match="wrong_validator_set"):
        build_light_proof(node, trust, SUBJECT)


def test_what_the_client_raises_comes_through(chain):
    def fail(answer):
        raise ConnectionError("no way there")

    with pytest.raises(ConnectionError):
        build_light_proof(lying(chain, "eth_getProof", fail), chain.trust(), SUBJECT)


# ---- not final


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_chain_too_young(blocks):
    chain = SyntheticChain()
    chain.mine(blocks)
    with pytest.raises(NotFinalYet) as caught:
        chain.prove(SUBJECT)
    assert (caught.value.distinct, caught.value.validators) == (blocks, 5)
    assert isinstance(caught.value, ProofUnavailable)


def test_two_of_five_dead_is_settled_but_not_strong(chain):
    for i in range(150):
        chain.mine(by=chain.validators[i % 3])
    with pytest.raises(NotFinalYet) as caught:
        chain.prove(SUBJECT)
    assert caught.value.distinct == 3
    proof = chain.prove(SUBJECT, at_least=Finality.SETTLED)
    assert verify_light_proof(chain.trust(), SUBJECT, proof).finality.level is Finality.SETTLED


def test_while_the_set_is_changing(chain):
    trust = chain.trust()
    chain.register_change([*chain.validators, account("saegim-validator-6")])
    chain.mine(6)
    with pytest.raises(NotFinalYet):
        chain.prove(SUBJECT, trust)
    chain.adopt_change()
    chain.mine(12)
    assert verify_light_proof(trust, SUBJECT, chain.prove(SUBJECT, trust)).epoch == 2


def test_a_trust_file_too_old_to_follow(chain):
    trust = chain.trust()
    chain.register_change(chain.keys(range(11, 16)))
    chain.mine(5)
    chain.adopt_change()
    chain.mine(130)
    with pytest.raises(ChangeUnprovable) as caught:
        chain.prove(SUBJECT, trust)
    assert (caught.value.known, caught.value.current) == (1, 2)


# ---- what is fetched


def test_takes_the_newest_block_that_is_strong(chain):
    proof = chain.prove(SUBJECT)
    state = verify_light_proof(chain.trust(), SUBJECT, proof)
    assert len(proof.headers) == 4
    assert state.number == chain.head.number - 3


def test_asks_in_few_round_trips_and_only_for_slots_again_when_there_are_successors(chain):
    node = SyntheticNode(chain)
    build_light_proof(node, chain.trust(), SUBJECT)
    assert node.asked.count("eth_getProof") == 2
    chain.supersede(1, LEAF, keccak256(b"new"))
    chain.mine(6)
    node = SyntheticNode(chain)
    build_light_proof(node, chain.trust(), SUBJECT)
    assert node.asked.count("eth_getProof") == 3


def test_holds_no_node_that_is_not_needed(chain):
    def padded(answer):
        return {**answer, "accountProof": [*answer["accountProof"], "0x" + "77" * 40]}

    proof = build_light_proof(lying(chain, "eth_getProof", padded), chain.trust(), SUBJECT)
    assert b"\x77" * 40 not in proof.nodes


def test_a_held_proof_without_changes_is_of_no_consequence(chain):
    held = chain.prove(SUBJECT)
    chain.mine(3)
    assert chain.prove(SUBJECT, held=held) == chain.prove(SUBJECT)
