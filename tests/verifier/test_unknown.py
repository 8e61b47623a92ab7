"""UNKNOWN: stale, or nothing to go by; never called tampered, and never valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from case import ISSUED, Case, found, only
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import START

from verifier import Outcome, Question, Reader, Verdict, verify_bytes


@pytest.fixture
def case():
    return Case()


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
