"""With a node, on a development network, and VALID: on whose account a document is believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import rlp
from case import OTHER_KEY, SIGNING_KEY, Case, found
from synthetic import SyntheticNode, account
from trie import HexaryTrie

from chain.errors import MethodMissing, NodeUnavailable, WrongChain
from chain.hashing import keccak256
from chain.trust import TrustFile
from records.credential import present
from verifier import Outcome, Question, Reader, Verdict, verify


@pytest.fixture
def case():
    return Case()


# ---- with a node


class DeadNode(SyntheticNode):
    """A node that cannot be reached, or refuses in another way."""

    error = NodeUnavailable("http://127.0.0.1:1", "refused")

    def call(self, method, *params):
        raise self.error


def test_a_node_alone(case):
    bundle = case.bundle(proof=None, key=None)
    report = case.check(bundle, node=case.node)
    assert (report.verdict, found(report)["source"]) == (Verdict.VALID, "node_proof")


def test_a_node_brings_what_happened_since_the_file_was_made(case):
    bundle = case.bundle()
    case.chain.mark(1, case.leaf, 3)
    case.chain.mine(6)
    assert case.check(bundle).verdict is Verdict.VALID
    report = case.check(bundle, node=case.node)
    assert (report.verdict, found(report)["source"]) == (Verdict.WITHDRAWN, "both_agree")


def test_a_node_makes_a_stale_file_fresh(case):
    bundle = case.bundle()
    case.chain.mine(time=case.chain.head.time + 30 * 86_400)
    case.chain.mine(6)
    assert case.check(bundle).verdict is Verdict.UNKNOWN
    assert case.check(bundle, node=case.node).verdict is Verdict.VALID


def test_a_node_that_cannot_be_reached_leaves_the_file_to_speak(case):
    report = case.check(case.bundle(), node=DeadNode(case.chain))
    assert report.verdict is Verdict.VALID
    assert [remark.code for remark in report.remarks] == ["node_unavailable"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NodeUnavailable("u", "timeout"), "node_unavailable"),
        (WrongChain("u", 710, 1), "wrong_chain"),
        (MethodMissing("eth_getProof not found"), "node_cannot_prove"),
    ],
)
def test_a_network_failure_is_unknown(case, error, code):
    node = DeadNode(case.chain)
    node.error = error
    report = case.check(case.bundle(proof=None), node=node)
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, code)


def test_a_node_of_a_network_that_stands_still(case):
    bundle = case.bundle(proof=None)
    report = case.check(bundle, node=case.node, now=case.now + timedelta(minutes=5))
    assert report.verdict is Verdict.VALID
    assert [remark.code for remark in report.remarks] == ["node_behind"]
    stale = case.check(
        bundle, node=case.node, now=case.now + timedelta(minutes=11), freshness=Reader.PRESCRIPTION
    )
    assert stale.verdict is Verdict.UNKNOWN


def test_a_bad_proof_in_the_file_and_a_good_one_from_a_node(case):
    bundle = case.bundle()
    broken = replace(bundle, proof=replace(bundle.proof, nodes=bundle.proof.nodes[1:]))
    report = case.check(broken, node=case.node)
    assert (report.verdict, found(report)["source"]) == (Verdict.VALID, "node_proof")
    assert [remark.code for remark in report.remarks] == ["proof_node_missing"]


def test_a_bad_proof_in_the_file_and_no_node(case):
    bundle = case.bundle()
    broken = replace(bundle, proof=replace(bundle.proof, nodes=bundle.proof.nodes[1:]))
    report = case.check(broken, node=DeadNode(case.chain))
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, "proof_node_missing")


@pytest.mark.parametrize(
    "what", ["batch gone", "batch moved", "successor changed", "same height, other block"]
)
def test_sources_that_contradict_each_other(case, what):
    """Only conspiring validators can do this; then neither side is believed."""
    if what == "successor changed":
        case.chain.supersede(1, case.leaf, keccak256(b"one"))
    bundle = case.bundle()
    twin = Case()
    twin.document, twin.leaf, twin.tree = case.document, case.leaf, case.tree
    if what == "batch gone":
        case.chain.anchor(1, case.tree.root, 0, time=0)
    elif what == "batch moved":
        case.chain.anchor(1, case.tree.root)
    elif what == "successor changed":
        case.chain.supersede(1, case.leaf, keccak256(b"two"))
    else:
        case.chain.blocks = case.chain.blocks[:4]
        case.chain.write("TransferLedger", b"\0" * 32, 1)
    case.chain.mine(5)
    report = case.check(bundle, node=case.node)
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, "sources_disagree")


def test_two_of_five_validators_dead_still_gives_a_settled_proof(case):
    for i in range(150):
        case.chain.mine(by=case.chain.validators[i % 3])
    report = case.check(case.made())
    assert (report.verdict, found(report)["anchoring"]) == (Verdict.VALID, "anchored_settled")


# ---- development networks


def test_a_development_network_is_valid_with_a_warning(case):
    trust = case.chain.trust(engine="dev")
    bundle = case.bundle()
    for options in ({}, {"node": case.node}):
        report = case.check(bundle, trust=trust, **options)
        assert (report.verdict, found(report)["source"]) == (Verdict.VALID, "development_network")
        assert report.conclusion.code == "verdict_valid_development"
        assert report.findings[Question.SOURCE].outcome is Outcome.UNKNOWN


class HardhatNode(SyntheticNode):
    """A development node without eth_getProof."""

    def eth_getProof(self, *_):
        raise MethodMissing("Method eth_getProof is not supported")

    def eth_getStorageAt(self, who, slot, tag):
        state = HexaryTrie(self.chain.db, self.chain.blocks[int(tag, 16)].state_root)
        storage = HexaryTrie(self.chain.db, rlp.decode(state.get(keccak256(bytes.fromhex(who[2:]))))[2])
        value = storage.get(keccak256(bytes.fromhex(slot[2:])))
        return "0x" + (rlp.decode(value) if value else b"").rjust(32, b"\0").hex()


def test_a_development_node_that_can_only_be_asked(case):
    node = HardhatNode(case.chain)
    report = case.check(case.bundle(proof=None), trust=case.chain.trust(engine="dev"), node=node)
    assert (report.verdict, found(report)["source"]) == (Verdict.VALID, "development_network")
    broken = HardhatNode(case.chain, lambda method, answer: None if method == "eth_getStorageAt" else answer)
    report = case.check(case.bundle(proof=None), trust=case.chain.trust(engine="dev"), node=broken)
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, "node_contradicts_itself")


# ---- VALID


def test_valid(case):
    report = case.check()
    assert report.verdict is Verdict.VALID
    assert found(report) == {
        "integrity": "intact",
        "anchoring": "anchored_strong",
        "status": "active",
        "issuer": "issuer_active",
        "source": "light_proof",
    }
    assert report.document.issuer_ko == "서울시 샘플의료원"
    assert report.exit_code == 0


def test_valid_with_fields_left_out(case):
    hidden = present(case.document.compact, hide=["patient.name", "rows"])
    report = case.check(case.bundle(credential=hidden))
    assert (report.verdict, found(report)["integrity"]) == (Verdict.VALID, "intact_partly")
    lines = {line.path: line for line in report.document.lines}
    assert lines["patient.name"].value_ko is None
    assert "rows" in report.document.incomplete


def test_valid_after_the_validators_changed(case):
    trust = case.trust
    case.chain.register_change([*case.chain.validators, account("saegim-validator-6")])
    case.chain.mine(5)
    case.chain.adopt_change()
    case.chain.mine(12)
    from verifier import make_bundle

    bundle = make_bundle(
        case.node,
        trust,
        credential=case.document.compact,
        root=case.tree.root,
        path=case.tree.proof(0),
        issuer=1,
    )
    report = verify(bundle, trust, now=case.now)
    assert report.verdict is Verdict.VALID
    assert report.to_json()["block"]["validatorEpoch"] == 2


def test_an_old_bundle_under_a_new_trust_file(case):
    bundle = case.bundle()
    case.chain.mine(40)
    newer = case.chain.trust(at=case.chain.head.number)
    assert isinstance(newer, TrustFile)
    assert verify(bundle, newer, now=case.now).verdict is Verdict.VALID


def test_the_signing_key_is_never_taken_from_anywhere_but_its_name(case):
    """A node that gives another key than the kid's is no help to a forger."""
    node = case.node
    node.keys[case.kid] = Case(key=OTHER_KEY).point
    report = case.check(case.bundle(key=None), node=node)
    assert (report.verdict, found(report)["integrity"]) == (
        Verdict.TAMPERED,
        "credential_unknown_signing_key",
    )
    assert SIGNING_KEY.public_key() != OTHER_KEY.public_key()
