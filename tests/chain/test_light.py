"""Light proofs: every forgery refused with its reason, then what an honest one shows."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import CONTRACTS, SyntheticChain, account, address, seal

from chain.engine import Finality
from chain.hashing import keccak256
from chain.light import (
    MAX_SUCCESSORS,
    Advance,
    LightProof,
    LightProofError,
    ProofSubject,
    verify_light_proof,
)
from chain.proofs import ChangeUnprovable
from chain.state import DocumentState, InstitutionKind, KeyPurpose, Standing

ROOT, LEAF, KID = (keccak256(name) for name in (b"root", b"leaf", b"kid"))
SUBJECT = ProofSubject(1, ROOT, LEAF, KID)


def anchored(**options) -> SyntheticChain:
    chain = SyntheticChain(**options)
    chain.institution(1)
    chain.key(KID)
    chain.crowd(40)
    chain.mine(2)
    chain.anchor(1, ROOT)
    chain.mine()
    return chain


CHAIN = anchored()
CHAIN.mine(4)
TRUST = CHAIN.trust()
PROOF = CHAIN.prove(SUBJECT)


def code(proof, *, trust=TRUST, subject=SUBJECT, **options) -> str:
    with pytest.raises(LightProofError) as caught:
        verify_light_proof(trust, subject, proof, **options)
    return caught.value.code


def packed(proof: LightProof) -> bytes:
    return cbor2.dumps(proof.to_plain(), canonical=True)


# ---- forgeries


@given(st.integers(0, len(packed(PROOF)) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(position, change):
    data = bytearray(packed(PROOF))
    data[position] ^= change
    try:
        plain = cbor2.loads(bytes(data))
    except (cbor2.CBORDecodeError, RecursionError, MemoryError, OverflowError):
        return
    with pytest.raises(LightProofError):
        verify_light_proof(TRUST, SUBJECT, LightProof.from_plain(plain))


@pytest.mark.parametrize("drop", range(len(PROOF.nodes)))
def test_no_node_can_be_missing(drop):
    proof = replace(PROOF, nodes=PROOF.nodes[:drop] + PROOF.nodes[drop + 1 :])
    assert code(proof) == "node_missing"


@pytest.mark.parametrize("stray", [b"stray", PROOF.nodes[0]])
def test_no_node_can_be_added(stray):
    assert code(replace(PROOF, nodes=(*PROOF.nodes, stray))) == "stray_nodes"


def test_too_few_sealers():
    assert code(replace(PROOF, headers=PROOF.headers[:2])) == "not_final"
    assert code(replace(PROOF, headers=PROOF.headers[:3]), at_least=Finality.STRONG) == "not_final"
    assert verify_light_proof(TRUST, SUBJECT, replace(PROOF, headers=PROOF.headers[:3])).number
    assert code(replace(PROOF, headers=())) == "empty_run"


def test_headers_out_of_order_or_twice():
    a, b, *rest = PROOF.headers
    assert code(replace(PROOF, headers=(b, a, *rest))) == "not_linked"
    assert code(replace(PROOF, headers=(a, a, b, *rest))) == "not_linked"


def test_foreign_validators_with_the_right_tag():
    forged = anchored()
    forged.validators = forged.registered = forged.keys(range(11, 16))
    forged.mine(8)
    own = forged.prove(SUBJECT, forged.trust())
    assert forged.vanity == CHAIN.vanity
    assert code(own) == "foreign_sealer"


def test_a_rehearsal_network_with_the_same_validators():
    rehearsal = anchored(at=1_700_000_000)
    rehearsal.mine(6)
    assert [address(k) for k in rehearsal.validators] == TRUST.checkpoint.validators
    assert code(rehearsal.prove(SUBJECT)) == "wrong_vanity"


def test_one_validator_alone_cannot_make_up_a_state():
    forger = CHAIN.validators[0]
    chain = anchored()
    run = []
    parent = chain.head
    for _ in range(6):
        header = replace(
            parent, parent_hash=parent.hash, number=parent.number + 1, time=parent.time + 1, difficulty=1
        )
        parent = seal(header, forger)
        run.append(parent.rlp)
    assert code(replace(PROOF, headers=tuple(run))) in {"sealed_too_soon", "wrong_difficulty"}


def test_slots_of_another_document_do_not_pass_for_this_one():
    other = replace(SUBJECT, root=keccak256(b"other root"))
    assert code(PROOF, subject=other) == "node_missing"
    assert verify_light_proof(TRUST, other, CHAIN.prove(other)).batch is None


@pytest.mark.parametrize("part", ["leaf", "kid", "issuer"])
def test_a_proof_about_one_subject_shows_nothing_about_another(part):
    other = replace(SUBJECT, **{part: 2 if part == "issuer" else keccak256(b"other")})
    assert code(PROOF, subject=other) in {"node_missing", "stray_nodes"}


def test_another_contract_at_that_address():
    swapped = {**CONTRACTS, "DocumentRegistry": CONTRACTS["InstitutionRegistry"]}
    assert code(PROOF, trust=CHAIN.trust(contracts=swapped)) in {"node_missing", "stray_nodes"}
    nobody = {**CONTRACTS, "DocumentRegistry": "0x" + "99" * 20}
    assert code(PROOF, trust=CHAIN.trust(contracts=nobody)) in {"node_missing", "account_absent"}


def test_a_block_that_contradicts_the_checkpoint():
    number = verify_light_proof(TRUST, SUBJECT, PROOF).number
    checkpoint = {**TRUST.to_json()["checkpoint"], "number": number, "hash": "0x" + "12" * 32}
    assert code(PROOF, trust=CHAIN.trust(checkpoint=checkpoint)) == "wrong_checkpoint"


def test_a_state_that_no_contract_writes():
    chain = anchored()
    chain.mark(1, LEAF, state=9)
    chain.mine(8)
    # The builder refuses to hand it out, so the reader's own check is reached by a mark made after proving.
    honest = CHAIN.prove(SUBJECT)
    assert verify_light_proof(TRUST, SUBJECT, honest).mark is None
    with pytest.raises(Exception, match="_marks"):
        chain.prove(SUBJECT)


def test_an_engine_nobody_knows():
    assert code(PROOF, trust=CHAIN.trust(engine="qbft9")) == "unknown_engine"


def test_successors_without_end():
    chain = anchored()
    chain.supersede(1, LEAF, LEAF)  # no contract does this; a proof of it must not run for ever
    chain.mine(8)
    with pytest.raises(LightProofError, match="endless_successors"):
        chain.prove(SUBJECT)


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        [],
        [[], []],
        [[], [], [], []],
        ["headers", [], []],
        [[1], [], []],
        [[b""], [], []],
        [[b"x" * 5000], [], []],
        [[b"x"] * 257, [], []],
        [[], [b"x" * 1025], []],
        [[], [b"x"] * 2049, []],
        [[], [], [[1, [b"x" * 19], []]]],
        [[], [], [[-1, [], []]]],
        [[], [], [[True, [], []]]],
        [[], [], [[2**32, [], []]]],
        [[], [], [[1, [], []]] * 65],
        [[], [], [[1, []]]],
        [[], [], [[1, [b"x" * 20] * 65, []]]],
    ],
    ids=range(19),
)
def test_what_is_no_proof_is_refused_before_it_is_looked_at(plain):
    with pytest.raises(LightProofError) as caught:
        LightProof.from_plain(plain)
    assert caught.value.code == "proof_malformed"


# ---- changes of the validator set


def changed_chain() -> SyntheticChain:
    """A sixth validator is admitted by vote; the five seal the change, then the six go on."""
    chain = anchored()
    chain.register_change([*chain.validators, account("saegim-validator-6")])
    chain.mine(5)
    chain.adopt_change()
    chain.mine(12)
    return chain


def test_a_made_up_validator_set():
    chain = changed_chain()
    trust = CHAIN.trust()
    proof = chain.prove(SUBJECT, trust)
    thieves = tuple(sorted(bytes([i]) * 20 for i in range(1, 7)))
    for advance in (replace(proof.advances[0], validators=thieves), replace(proof.advances[0], epoch=3)):
        assert code(replace(proof, advances=(advance,)), trust=trust) in {
            "wrong_validator_set",
            "node_missing",
        }


def test_a_change_left_out():
    chain = changed_chain()
    proof = chain.prove(SUBJECT, TRUST)
    assert code(replace(proof, advances=())) in {"foreign_sealer", "wrong_difficulty"}


def test_a_change_that_the_set_before_did_not_make_strong():
    chain = changed_chain()
    proof = chain.prove(SUBJECT, TRUST)
    weak = replace(proof.advances[0], headers=proof.headers[:3])
    assert code(replace(proof, advances=(weak,))) == "change_not_strong"


def test_a_set_that_appointed_itself():
    """Thieves seal a chain in which the registry names them; nobody of the set before stands behind it."""
    chain = anchored()
    chain.register_change([account(f"thief-{i}") for i in range(5)])
    chain.adopt_change()
    chain.mine(10)
    own = chain.prove(SUBJECT, chain.trust())
    members = tuple(sorted(bytes.fromhex(address(k)[2:]) for k in chain.validators))
    assert code(replace(own, advances=(Advance(2, members),)), trust=CHAIN.trust()) == "change_not_strong"


def test_a_change_behind_which_only_a_bare_majority_of_the_set_before_stands():
    """Three of five seal on for ever: settled is enough for a document, never for a new set."""
    chain = anchored()
    chain.register_change(chain.keys([1, 2, 3, 6, 7]))
    chain.mine(5)
    chain.adopt_change()
    start = len(chain.blocks)
    chain.mine(15)
    own = chain.prove(SUBJECT, chain.trust())
    members = tuple(sorted(bytes.fromhex(address(k)[2:]) for k in chain.validators))
    longer = replace(own, headers=tuple(block.rlp for block in chain.blocks[start:]))
    first = chain.prove(SUBJECT, chain.trust(), at_least=Finality.SETTLED)
    assert code(replace(first, advances=(Advance(2, members, longer.headers),))) == "change_not_strong"
    with pytest.raises(ChangeUnprovable):
        chain.prove(SUBJECT, TRUST)


def test_an_honest_change_is_followed():
    chain = changed_chain()
    state = verify_light_proof(TRUST, SUBJECT, chain.prove(SUBJECT, TRUST))
    assert (state.epoch, state.finality.validators) == (2, 6)
    assert state.finality.level is Finality.STRONG


def test_a_proof_with_changes_serves_those_with_a_newer_trust_file_too():
    chain = changed_chain()
    proof = chain.prove(SUBJECT, TRUST)
    state = verify_light_proof(chain.trust(), SUBJECT, proof)
    assert state.epoch == 2


def test_a_change_proven_earlier_stays_useful_when_its_sealers_have_gone():
    """Set 1 → 2 → 3 with no member of set 1 left: the proof made between the changes bridges them."""
    chain = anchored()
    for numbers in ([4, 5, 6, 7, 8], [6, 7, 8, 9, 10]):
        chain.register_change(chain.keys(numbers))
        chain.mine(5)
        chain.adopt_change()
        chain.mine(2)
    chain.mine(10)
    with pytest.raises(Exception, match="newer file"):
        chain.prove(SUBJECT, TRUST)

    chain = anchored()
    chain.register_change(chain.keys([1, 2, 3, 4, 6]))
    chain.mine(5)
    chain.adopt_change()
    chain.mine(12)
    held = chain.prove(SUBJECT, TRUST)
    chain.register_change(chain.keys([2, 3, 4, 6, 7]))
    chain.mine(5)
    chain.adopt_change()
    chain.mine(12)
    proof = chain.prove(SUBJECT, TRUST, held=held)
    state = verify_light_proof(TRUST, SUBJECT, proof)
    assert state.epoch == 3
    assert [advance.epoch for advance in proof.advances] == [2, 3]


# ---- what an honest proof shows


def test_an_anchored_document():
    state = verify_light_proof(TRUST, SUBJECT, PROOF)
    assert state.proves
    assert state.batch.time.timestamp() == CHAIN.blocks[3].time
    assert (state.batch.depth, state.batch.reaffirmed_at) == (4, None)
    assert (state.mark, state.successor, state.end.leaf) == (None, None, LEAF)
    assert (state.key.institution, state.key.purpose) == (1, KeyPurpose.SIGN)
    assert state.institution.id == "krnpi:11100001"
    assert (state.institution.kind, state.institution.standing) == (InstitutionKind.HOSPITAL, Standing.ACTIVE)
    assert state.hash == CHAIN.blocks[state.number].hash
    assert state.finality.level is Finality.STRONG


def test_nothing_there_is_shown_as_absence():
    chain = SyntheticChain()
    chain.crowd(30)
    chain.mine(6)
    state = verify_light_proof(chain.trust(), SUBJECT, chain.prove(SUBJECT))
    assert (state.batch, state.mark, state.key, state.institution) == (None, None, None, None)


@pytest.mark.parametrize("length", [1, 3, MAX_SUCCESSORS])
def test_successors_are_followed_to_the_end(length):
    chain = anchored()
    leaves = [LEAF, *(keccak256(b"successor%d" % i) for i in range(length))]
    for old, new in pairwise(leaves):
        chain.supersede(1, old, new)
    chain.mark(1, leaves[-1], state=3, reason=2)
    chain.mine(6)
    state = verify_light_proof(TRUST, SUBJECT, chain.prove(SUBJECT))
    assert [link.leaf for link in state.links] == leaves
    assert state.mark.state is DocumentState.SUPERSEDED
    assert state.successor == leaves[1]
    assert (state.end.mark.state, state.end.mark.reason) == (DocumentState.WITHDRAWN, 2)


def test_a_key_without_end_is_read():
    chain = anchored()
    chain.key(KID, validUntil=2**40 - 1)
    chain.mine(6)
    assert verify_light_proof(TRUST, SUBJECT, chain.prove(SUBJECT)).key.valid_until.year == 9999


def test_through_cbor_and_back():
    assert LightProof.from_plain(cbor2.loads(packed(PROOF))) == PROOF
    assert len(packed(PROOF)) < 12_000


def test_a_development_networks_proof_is_marked_as_proving_nothing():
    trust = CHAIN.trust(engine="dev")
    state = verify_light_proof(trust, SUBJECT, CHAIN.prove(SUBJECT, trust))
    assert not state.proves
