"""Changes of the set proven where they happened: by an archive node, on both engines, from the oldest trust file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qbft_chain import QbftChain
from synthetic import SyntheticChain, SyntheticNode, address
from test_light import KID, ROOT, SUBJECT

from chain.engine import Finality
from chain.light import LightProofError, verify_light_proof
from chain.proofs import ChangeUnprovable, NodeContradicts, build_light_proof


def anchored(kind: type[SyntheticChain]) -> SyntheticChain:
    chain = kind()
    chain.institution(1)
    chain.key(KID)
    chain.crowd(20)
    chain.mine(2)
    chain.anchor(1, ROOT)
    chain.mine()
    return chain


def change(chain: SyntheticChain, numbers: list[int], blocks: int = 9) -> None:
    """The registry names another set; on Clique the one before seals on until its votes are through."""
    chain.register_change(chain.keys(numbers))
    chain.mine(1 if chain.engine == "qbft" else 6)
    chain.adopt_change()
    chain.mine(blocks)


ALL_REPLACED = [[1, 2, 3, 4, 6], [2, 3, 4, 6, 7], [3, 4, 6, 7, 8], [4, 6, 7, 8, 9], [6, 7, 8, 9, 10]]

both = pytest.mark.parametrize("kind", [SyntheticChain, QbftChain], ids=["clique", "qbft"])


@both
def test_a_node_without_history_cannot(kind: type[SyntheticChain]) -> None:
    chain = anchored(kind)
    trust = chain.trust()
    for numbers in ALL_REPLACED:
        change(chain, numbers)
    with pytest.raises(ChangeUnprovable, match="newer file"):
        chain.prove(SUBJECT, trust)


@both
def test_a_set_that_appointed_itself_is_not_followed(kind: type[SyntheticChain]) -> None:
    chain = anchored(kind)
    trust = chain.trust()
    chain.register_change(chain.keys([11, 12, 13, 14, 15]))
    chain.adopt_change()
    chain.mine(12)
    with pytest.raises(ChangeUnprovable):
        chain.prove(SUBJECT, trust, archive=True)


@both
def test_a_node_that_lies_about_an_old_set_is_noticed(kind: type[SyntheticChain]) -> None:
    chain = anchored(kind)
    trust = chain.trust()
    for numbers in ALL_REPLACED:
        change(chain, numbers)
    number, (epoch, members) = next((n, found) for n, found in enumerate(chain.sets) if found[0] == 2)
    lie = [address(key) for key in chain.keys([21, 22, 23, 24, 25])]
    for place in range(number, len(chain.sets)):
        if chain.sets[place] == (epoch, members):
            chain.sets[place] = (epoch, lie)
    with pytest.raises((ChangeUnprovable, LightProofError)):
        chain.prove(SUBJECT, trust, archive=True)


@both
def test_every_validator_may_have_been_replaced(kind: type[SyntheticChain]) -> None:
    """One after the other, so that nobody of the trust file's set is left."""
    chain = anchored(kind)
    trust = chain.trust()
    for numbers in ALL_REPLACED:
        change(chain, numbers)
    proof = chain.prove(SUBJECT, trust, archive=True)
    state = verify_light_proof(trust, SUBJECT, proof, at_least=Finality.STRONG)
    assert (state.epoch, state.finality.validators) == (6, 5)
    assert [advance.epoch for advance in proof.advances] == [2, 3, 4, 5, 6]
    assert all(advance.headers for advance in proof.advances)
    assert len(proof.nodes) == len(set(proof.nodes))
    for drop in range(5):
        fewer = replace(proof, advances=proof.advances[:drop] + proof.advances[drop + 1 :])
        with pytest.raises(LightProofError):
            verify_light_proof(trust, SUBJECT, fewer)


@both
def test_what_is_held_already_is_not_looked_for_again(kind: type[SyntheticChain]) -> None:
    chain = anchored(kind)
    trust = chain.trust()
    for numbers in ALL_REPLACED[:4]:
        change(chain, numbers)
    held = chain.prove(SUBJECT, trust, archive=True)
    change(chain, ALL_REPLACED[4])
    proof = build_light_proof(SyntheticNode(chain), trust, SUBJECT, held=held)
    assert verify_light_proof(trust, SUBJECT, proof).epoch == 6
    assert proof.advances[:4] == held.advances


@both
def test_a_jump_is_preferred_where_it_is_enough(kind: type[SyntheticChain]) -> None:
    chain = anchored(kind)
    trust = chain.trust()
    change(chain, [1, 2, 3, 4, 5, 6])
    node = SyntheticNode(chain, archive=True)
    proof = build_light_proof(node, trust, SUBJECT)
    assert [advance.headers for advance in proof.advances] == [()]


def test_one_that_is_away_does_not_hide_a_smaller_set_on_qbft() -> None:
    """5 → 4 with one of the four away: three seals a block for ever, never the four that endorse a jump."""
    chain = anchored(QbftChain)
    trust = chain.trust()
    chain.register_change(chain.validators[1:])
    chain.mine()
    chain.adopt_change()
    for _ in range(6):
        chain.mine(by=chain.validators[:3])
    with pytest.raises(ChangeUnprovable):
        chain.prove(SUBJECT, trust)
    state = verify_light_proof(trust, SUBJECT, chain.prove(SUBJECT, trust, archive=True))
    assert (state.epoch, state.finality.distinct, state.finality.validators) == (2, 3, 4)


@both
def test_an_answer_about_old_states_that_is_none(kind: type[SyntheticChain]) -> None:
    chain = anchored(kind)
    trust = chain.trust()
    for numbers in ALL_REPLACED:
        change(chain, numbers)

    class Broken(SyntheticNode):
        def eth_call(self, message, tag):
            return "0x12" if tag != "latest" else super().eth_call(message, tag)

    with pytest.raises(NodeContradicts):
        build_light_proof(Broken(chain, archive=True), trust, SUBJECT)
