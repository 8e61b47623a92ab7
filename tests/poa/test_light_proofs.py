"""The light client and the verifier on real validators: seals by geth, storage by the deployed contracts."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
for folder in ("vectors", "verifier", "chain"):
    sys.path.insert(0, str(TESTS / folder))

from real_cases import HOSPITAL, Hospital  # noqa: E402

from chain.engine import CliqueEngine, Finality  # noqa: E402
from chain.light import verify_light_proof  # noqa: E402
from chain.trust import TrustFile  # noqa: E402
from network.membership import Membership  # noqa: E402
from verifier import ProofBundle, Verdict, refresh, verify  # noqa: E402
from verifier.cli import main  # noqa: E402
from verifier.subject import subject_of  # noqa: E402


@pytest.fixture
def hospital(poa_network):
    made = Hospital(poa_network)
    yield made
    made.client.close()


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=2)


def test_sealers_are_the_registrys_validators(hospital):
    head = hospital.client.head().number
    run = hospital.client.headers(range(max(1, head - 12), head + 1))
    engine = CliqueEngine(hospital.trust.vanity.encode())
    assert {engine.sealer(header) for header in run} <= set(hospital.trust.checkpoint.validators)
    assert engine.finality(run, hospital.trust.checkpoint.validators).level is Finality.STRONG


def test_from_the_anchor_to_a_withdrawal(hospital):
    document, other = hospital.issue(), hospital.issue()
    hospital.batch(document, other)
    hospital.settle()
    bundle = hospital.bundle(document)
    assert len(bundle.encode()) <= 30_000
    report = verify(bundle, hospital.trust, now=now())
    assert (report.verdict, report.state.finality.level) == (Verdict.VALID, Finality.STRONG)

    hospital.act("withdraw", HOSPITAL, hospital.reference(document), 2)
    hospital.settle()
    assert verify(bundle, hospital.trust, now=now()).verdict is Verdict.VALID  # as of then
    both = verify(bundle, hospital.trust, now=now(), node=hospital.client)
    assert (both.verdict, both.findings["source"].code) == (Verdict.WITHDRAWN, "both_agree")
    fresh = refresh(hospital.client, hospital.trust, bundle)
    assert verify(fresh, hospital.trust, now=now()).verdict is Verdict.WITHDRAWN
    assert verify(hospital.bundle(other), hospital.trust, now=now()).verdict is Verdict.VALID


def test_corrections_are_followed_to_the_last(hospital):
    documents = [hospital.issue() for _ in range(3)]
    for document in documents:
        hospital.batch(document)
    for old, new in pairwise(documents):
        hospital.act("amend", HOSPITAL, hospital.reference(old), hospital.reference(new), 2)
    hospital.settle()
    report = verify(hospital.bundle(documents[0]), hospital.trust, now=now())
    assert report.verdict is Verdict.SUPERSEDED
    assert report.state.end.leaf == hospital.reference(documents[2])[1]
    assert verify(hospital.bundle(documents[2]), hospital.trust, now=now()).verdict is Verdict.VALID


def test_the_command_with_real_nodes(hospital, tmp_path, capsys):
    document = hospital.issue()
    hospital.batch(document)
    hospital.settle()
    stale, fresh = tmp_path / "stale.saegim", tmp_path / "fresh.saegim"
    root, _, path = hospital.reference(document)
    stale.write_bytes(ProofBundle(document.compact, HOSPITAL, root, tuple(path)).encode())
    trust = ["--trust", str(hospital.network.trust_path)]
    nodes = [part for url in hospital.network.rpc_urls for part in ("--node", url)]
    assert main([str(stale), *trust]) == 3
    assert main([str(stale), *trust, *nodes]) == 0
    assert main(["prove", str(stale), *trust, *nodes, "-o", str(fresh)]) == 0
    assert main([str(fresh), *trust]) == 0
    assert main([str(fresh), *trust, "--node", "http://127.0.0.1:9"]) == 0
    assert "node_unavailable" in capsys.readouterr().out


@pytest.mark.slow
def test_a_validator_voted_in_is_followed_from_the_old_trust_file(fresh_poa_network):
    """The registry's change, Clique's votes and the proof of the new set, all by real nodes."""
    network = fresh_poa_network(watch=True)
    hospital = Hospital(network)
    old = TrustFile.load(network.trust_path)
    document = hospital.issue()
    hospital.batch(document)
    Membership(network).add()
    hospital.settle()
    bundle = hospital.bundle(document)
    report = verify(bundle, old, now=now())
    assert report.verdict is Verdict.VALID
    assert (report.state.finality.validators, report.state.epoch) == (6, old.checkpoint.epoch + 1)
    newer = TrustFile.load(network.trust_path)
    newer.verify_update(old, now())
    subject = subject_of(document.compact, bundle.root, HOSPITAL)
    assert verify_light_proof(newer, subject, bundle.proof).epoch == newer.checkpoint.epoch
    hospital.client.close()


def test_a_development_node_says_that_it_proves_nothing(dev_network):
    hospital = Hospital(dev_network)
    document = hospital.issue()
    hospital.batch(document)
    bundle = hospital.bundle(document)
    for node in (None, hospital.client):
        report = verify(bundle, hospital.trust, now=now(), node=node)
        assert (report.verdict, report.findings["source"].code) == (Verdict.VALID, "development_network")
        assert report.conclusion.code == "verdict_valid_development"
    hospital.client.close()
