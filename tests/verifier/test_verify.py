"""Verdicts: for each, what leads there; and what must never lead to VALID or to TAMPERED."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
import rlp
from case import ISSUED, SIGNING_KEY, Case, issued
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import START, SyntheticNode, account
from trie import HexaryTrie

from chain.errors import MethodMissing, NodeUnavailable, WrongChain
from chain.hashing import keccak256
from chain.trust import TrustFile
from records.credential import present
from verifier import Outcome, Question, Reader, Verdict, verify, verify_bytes

OTHER_KEY = ec.derive_private_key(777, ec.SECP256R1())


@pytest.fixture
def case():
    return Case()


def found(report) -> dict[str, str]:
    return {question.value: finding.code for question, finding in report.findings.items()}


def only(report, question: str, code: str, verdict: Verdict) -> None:
    """The one finding that did not pass, and the verdict that follows."""
    assert {
        q: c for q, c in found(report).items() if report.findings[Question(q)].outcome is not Outcome.PASSED
    } == {question: code}
    assert report.verdict is verdict


# ---- TAMPERED


def test_a_flipped_character_of_the_signed_part(case):
    bundle = case.bundle()
    jwt, _, rest = bundle.credential.partition("~")
    header, payload, signature = jwt.split(".")
    for broken in (
        f"{header}.{payload[:40]}A{payload[41:]}.{signature}",
        f"{header}.{payload}.{signature[:9]}A{signature[10:]}",
    ):
        report = case.check(replace(bundle, credential=f"{broken}~{rest}"))
        assert report.verdict is Verdict.TAMPERED
        assert report.findings[Question.INTEGRITY].outcome is Outcome.FAILED
        assert report.document is None


def test_a_disclosure_swapped_with_another_documents(case):
    bundle = case.bundle()
    own, other = bundle.credential.split("~"), issued().compact.split("~")
    report = case.check(replace(bundle, credential="~".join([*own[:5], other[5], *own[6:]])))
    assert (report.verdict, found(report)["integrity"]) == (
        Verdict.TAMPERED,
        "credential_disclosure_without_digest",
    )


def test_algorithm_none(case):
    bundle = case.bundle()
    header = (
        urlsafe_b64encode(b'{"alg":"none","kid":"%s","typ":"dc+sd-jwt"}' % kid_text(case))
        .rstrip(b"=")
        .decode()
    )
    payload = bundle.credential.split(".")[1]
    rest = bundle.credential.partition("~")[2]
    report = case.check(replace(bundle, credential=f"{header}.{payload}.~{rest}"))
    assert report.verdict is Verdict.TAMPERED


def kid_text(case) -> bytes:
    return urlsafe_b64encode(case.kid).rstrip(b"=")


def test_a_key_in_the_file_that_is_not_the_documents(case):
    other = Case(key=OTHER_KEY)
    report = case.check(case.bundle(key=other.point))
    assert (report.verdict, found(report)["integrity"]) == (
        Verdict.TAMPERED,
        "credential_unknown_signing_key",
    )


@pytest.mark.parametrize("change", ["shorter", "flipped", "other root"])
def test_a_path_that_does_not_lead_to_the_root(case, change):
    bundle = case.bundle()
    broken = {
        "shorter": replace(bundle, path=bundle.path[:-1]),
        "flipped": replace(bundle, path=(b"\7" * 32, *bundle.path[1:])),
        "other root": replace(bundle, root=keccak256(b"other")),
    }[change]
    report = case.check(broken)
    assert (report.verdict, found(report)["integrity"]) == (Verdict.TAMPERED, "path_broken")


def test_a_path_of_another_length_than_the_batch_is_deep(case):
    case.chain.anchor(1, case.tree.root, depth=5, time=case.chain.head.time)
    report = case.check()
    assert (report.verdict, found(report)["anchoring"]) == (Verdict.TAMPERED, "wrong_depth")


def test_a_document_that_names_another_issuer_than_the_file(case):
    report = case.check(case.bundle(issuer=2))
    assert (report.verdict, found(report)["integrity"]) == (Verdict.TAMPERED, "issuer_mismatch")


# ---- NOT_ISSUED


def test_absent_more_than_a_day_after_issue():
    case = Case(anchored=False, at=START + 86_401)
    only_codes = found(case.check())
    assert case.check().verdict is Verdict.NOT_ISSUED
    assert only_codes["anchoring"] == "not_anchored"


def test_absent_within_a_day_of_issue_may_be_on_its_way():
    case = Case(anchored=False)
    report = case.check()
    assert report.verdict is Verdict.UNKNOWN
    assert found(report) == {
        "integrity": "intact",
        "anchoring": "not_anchored_yet",
        "status": "no_anchor",
        "issuer": "issuer_no_anchor",
        "source": "light_proof",
    }


def test_a_forger_with_a_key_of_his_own():
    case = Case(anchored=False, at=START + 86_401)
    case.document = issued(key=OTHER_KEY)
    forged = Case(key=OTHER_KEY, anchored=False, at=START + 86_401)
    assert forged.check().verdict is Verdict.NOT_ISSUED


# ---- ISSUER_NOT_TRUSTED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"institution": 0}, "key_unknown"),
        ({"institution": 2}, "key_of_another"),
        ({"purpose": 2}, "key_not_for_signing"),
        ({"validFrom": START + 4}, "key_not_yet_valid"),
        ({"validUntil": START + 3}, "key_expired"),
        ({"compromisedSince": START + 3, "declaredAt": START + 50}, "key_compromised"),
        ({"compromisedSince": START + 1, "declaredAt": START + 2}, "key_compromised"),
    ],
)
def test_a_key_that_did_not_count_at_the_anchor(case, fields, code):
    case.chain.key(case.kid, **fields)
    only(case.check(), "issuer", code, Verdict.ISSUER_NOT_TRUSTED)


@pytest.mark.parametrize(
    "fields",
    [
        {"validFrom": START + 3},
        {"validUntil": START + 4},
        {"compromisedSince": START + 4, "declaredAt": START + 5},
    ],
)
def test_a_key_that_counted_at_the_anchor_counts_for_ever(case, fields):
    case.chain.key(case.kid, **fields)
    assert case.check().verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("again", "verdict"), [(START + 51, Verdict.VALID), (START + 50, Verdict.ISSUER_NOT_TRUSTED)]
)
def test_only_vouching_again_after_the_declaration_heals(case, again, verdict):
    case.chain.key(case.kid, compromisedSince=START + 1, declaredAt=START + 50)
    case.chain.anchor(1, case.tree.root, 4, time=START + 3, reaffirmedAt=again)
    report = case.check()
    assert report.verdict is verdict
    assert found(report)["issuer"] == ("issuer_reaffirmed" if verdict is Verdict.VALID else "key_compromised")


def test_an_expelled_issuer(case):
    case.chain.institution(1, standing=4, doubtSince=START + 3)
    only(case.check(), "issuer", "issuer_expelled", Verdict.ISSUER_NOT_TRUSTED)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"standing": 4, "doubtSince": START + 4}, "issuer_expelled_later"),
        ({"standing": 2}, "issuer_suspended"),
        ({"standing": 3}, "issuer_retired"),
    ],
)
def test_what_was_anchored_before_stays_valid_with_a_note(case, fields, code):
    case.chain.institution(1, standingSince=START + 5, **fields)
    report = case.check()
    assert (report.verdict, found(report)["issuer"]) == (Verdict.VALID, code)


def test_an_institution_that_is_no_member(case):
    case.chain.institution(1, kind=0, standing=0)
    assert case.check().verdict is Verdict.ISSUER_NOT_TRUSTED


# ---- WITHDRAWN, SUPERSEDED


@pytest.mark.parametrize("reason", [1, 7, 200])
def test_withdrawn(case, reason):
    case.chain.mark(1, case.leaf, 3, reason)
    only(case.check(), "status", "withdrawn", Verdict.WITHDRAWN)


def test_withdrawn_stays_so_however_old_the_proof(case):
    case.chain.mark(1, case.leaf, 3)
    bundle = case.bundle()
    assert case.check(bundle, now=case.now + timedelta(days=90)).verdict is Verdict.WITHDRAWN


def test_an_annulled_withdrawal_is_active_again(case):
    case.chain.mark(1, case.leaf, 1, 0)
    assert case.check().verdict is Verdict.VALID


@pytest.mark.parametrize("steps", [1, 3])
def test_superseded_and_by_which_end_of_the_chain(case, steps):
    leaves = [case.leaf, *(keccak256(b"new%d" % i) for i in range(steps))]
    for old, new in pairwise(leaves):
        case.chain.supersede(1, old, new)
    report = case.check()
    only(report, "status", "superseded", Verdict.SUPERSEDED)
    assert leaves[-1].hex()[:16] in report.findings[Question.STATUS].en
    assert report.to_json()["block"]["successors"] == [f"0x{leaf.hex()}" for leaf in leaves[1:]]


def test_superseded_by_what_was_withdrawn(case):
    new = keccak256(b"new")
    case.chain.supersede(1, case.leaf, new)
    case.chain.mark(1, new, 3)
    only(case.check(), "status", "superseded_then_withdrawn", Verdict.SUPERSEDED)


# ---- UNKNOWN: stale, or nothing to go by


@pytest.mark.parametrize("reader", list(Reader))
def test_a_status_older_than_the_readers_limit(case, reader):
    bundle = case.bundle()
    as_of = case.check(bundle).as_of
    fresh = case.check(bundle, now=as_of + reader.limit, freshness=reader)
    assert fresh.verdict is Verdict.VALID
    stale = case.check(bundle, now=as_of + reader.limit + timedelta(seconds=1), freshness=reader)
    only(stale, "status", "stale", Verdict.UNKNOWN)
    assert stale.conclusion.code == "verdict_unknown_stale"


def test_a_receipt_is_read_as_a_certificate_by_default_and_any_duration_can_be_asked_for(case):
    bundle = case.bundle()
    as_of = case.check(bundle).as_of
    assert case.check(bundle, now=as_of + timedelta(days=7)).verdict is Verdict.VALID
    assert case.check(bundle, now=as_of + timedelta(days=8)).verdict is Verdict.UNKNOWN
    assert (
        case.check(bundle, now=as_of + timedelta(days=300), freshness=timedelta(days=301)).verdict
        is Verdict.VALID
    )


def test_a_proof_from_the_readers_future(case):
    case.chain.mine(time=START + 300)
    bundle = case.bundle()
    report = case.check(bundle, now=ISSUED)
    only(report, "status", "clock_behind", Verdict.UNKNOWN)
    early = case.check(bundle, now=ISSUED - timedelta(hours=2))
    assert (early.verdict, found(early)["integrity"]) == (Verdict.UNKNOWN, "credential_not_yet_valid")


def test_neither_proof_nor_node(case):
    report = case.check(case.bundle(proof=None))
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, "no_source")


def test_no_key_to_check_the_signature_with(case):
    report = case.check(case.bundle(key=None))
    assert (report.verdict, found(report)["integrity"]) == (Verdict.UNKNOWN, "key_missing")
    assert report.findings[Question.ANCHORING].code == "anchored_strong"


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(max_examples=60)
def test_a_flipped_byte_of_the_proof_is_never_called_tampered_and_never_valid(position, change):
    plain = PROVEN.proof.to_plain()
    lists = [(group, i) for group in (0, 1) for i in range(len(plain[group]))]
    group, i = lists[position % len(lists)]
    data = bytearray(plain[group][i])
    data[position // len(lists) % len(data)] ^= change
    plain[group][i] = bytes(data)
    report = PROVEN_CASE.check(replace(PROVEN, proof=type(PROVEN.proof).from_plain(plain)))
    assert report.verdict is Verdict.UNKNOWN
    assert report.findings[Question.SOURCE].outcome is Outcome.FAILED


PROVEN_CASE = Case()
PROVEN = PROVEN_CASE.bundle()


@given(st.integers(0, len(PROVEN.encode()) - 1), st.integers(1, 255))
def test_no_flipped_byte_of_a_bundle_leaves_it_valid(position, change):
    data = bytearray(PROVEN.encode())
    data[position] ^= change
    report = verify_bytes(bytes(data), PROVEN_CASE.trust, now=PROVEN_CASE.now)
    assert report.verdict in {Verdict.TAMPERED, Verdict.UNKNOWN}
    assert report.to_json()["verdict"] == report.verdict.value


def test_too_few_sealers(case):
    bundle = case.bundle()
    report = case.check(replace(bundle, proof=replace(bundle.proof, headers=bundle.proof.headers[:2])))
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, "proof_not_final")


def test_settled_is_enough_and_said(case):
    bundle = case.bundle()
    report = case.check(replace(bundle, proof=replace(bundle.proof, headers=bundle.proof.headers[:3])))
    assert (report.verdict, found(report)["anchoring"]) == (Verdict.VALID, "anchored_settled")


def test_a_document_of_another_network(case):
    other = Case(chain_id=711)
    report = case.check(other.bundle())
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, "other_network")


@pytest.mark.parametrize(
    ("trust", "later", "code"),
    [
        ({"signers": 2}, 0, "trust_no_majority"),
        ({}, 401, "trust_too_old"),
        ({"engine": "qbft9"}, 0, "unknown_engine"),
    ],
)
def test_a_trust_file_not_to_be_relied_on(case, trust, later, code):
    bundle = case.bundle()
    report = case.check(bundle, trust=case.chain.trust(**trust), now=case.now + timedelta(days=later))
    assert (report.verdict, found(report)["source"]) == (Verdict.UNKNOWN, code)
    assert found(report)["integrity"] == "intact"


def test_a_trust_file_that_is_refused_sends_nothing_to_any_node(case):
    node = case.node
    case.check(case.bundle(key=None), trust=case.chain.trust(signers=0), node=node)
    assert node.asked == []


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
