"""A sixth validator comes and another goes: the registry decides, Clique follows, documents flow on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey

TESTS = Path(__file__).parents[1]
for folder in ("oracle", "chain"):
    sys.path.insert(0, str(TESTS / folder))
pytest.register_assert_rewrite("oracle_harness", "delivery_contract")

from oracle_harness import Site, check_exactly_once, site, wait_until  # noqa: E402
from synthetic import seal  # noqa: E402

from chain.client import ChainClient  # noqa: E402
from chain.headers import Header  # noqa: E402
from chain.light import LightProofError, verify_light_proof  # noqa: E402
from chain.trust import TrustFile  # noqa: E402
from network.errors import UnknownValidator, ValidatorCountRefused  # noqa: E402
from network.local import LocalNetwork  # noqa: E402
from network.membership import Membership  # noqa: E402
from network.registry import Registry  # noqa: E402
from verifier import ProofBundle, Verdict, make_bundle, verify  # noqa: E402
from verifier.subject import subject_of  # noqa: E402


def signers(network: LocalNetwork) -> list[set[str]]:
    return [set(node.ipc.call("clique_getSigners")) for node in network.running]


@pytest.mark.slow
def test_validators_come_and_go_by_the_members_votes(fresh_poa_network: Callable[..., LocalNetwork]) -> None:
    network = fresh_poa_network(watch=True)
    registry = Registry(network.client(), network.deployment.address("InstitutionRegistry"))
    members = Membership(network)
    with pytest.raises(UnknownValidator):
        members.vote_out(9)

    before = TrustFile.load(network.trust_path)
    added = members.add()
    assert (added.index, added.institution) == (6, "partner")
    truth = {address.lower() for address in registry.validators()}
    assert added.address.lower() in truth
    assert signers(network) == [truth] * 6
    with pytest.raises(ValidatorCountRefused):
        members.add()

    members.vote_out(2)
    gone = network.manifest.validator(2).address.lower()
    truth = {address.lower() for address in registry.validators()}
    assert gone not in truth
    assert signers(network) == [truth] * 6
    assert registry.voting_members() == [1, 3, 4, 5, 6]

    renewed = TrustFile.load(network.trust_path)
    renewed.verify_update(before, datetime.now(UTC))
    assert renewed.checkpoint.epoch == 3
    assert {address.lower() for address in renewed.checkpoint.validators} == truth
    network.wait_for_blocks(5, seconds=60)


class Flow:
    """The hospital goes on issuing receipts while something else happens to the network."""

    def __init__(self, hospital: Site) -> None:
        self.hospital = hospital
        self.days = 0
        self.truth = hospital.day(4)

    def during(self, change: Callable[[], object]) -> None:
        """Make `change`; documents are written until it is done, and twice at least."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(change)
            before = self.days
            while not done.done() or self.days < before + 2:
                self.next_day()
                wait([done], timeout=1)
            done.result()

    def next_day(self) -> None:
        self.days += 1
        self.truth = self.hospital.day(4, self.days)


def kept(hospital: Site) -> dict[str, Any]:
    """The delivery of the newest document that stands as it was issued."""
    events = [told for told in hospital.backend.events().values() if len(told) == 1]
    return events[-1][0]


def bundle_of(client: ChainClient, trust: TrustFile, delivery: dict[str, Any]) -> ProofBundle:
    return make_bundle(
        client,
        trust,
        credential=delivery["credential"],
        root=bytes.fromhex(delivery["root"]),
        path=[bytes.fromhex(node) for node in delivery["path"]],
        issuer=1,
    )


def sealed_by(keys: Sequence[PrivateKey], headers: Sequence[bytes]) -> tuple[bytes, ...]:
    """The same blocks as a few validators alone would have them: their seals in turn, and links that hold."""
    run: list[Header] = []
    for place, item in enumerate(headers):
        header = Header.from_rlp(item)
        if run:
            header = replace(header, parent_hash=run[-1].hash)
        run.append(seal(replace(header, difficulty=1), keys[place % len(keys)]))
    return tuple(header.rlp for header in run)


@pytest.mark.slow
def test_documents_flow_while_validators_come_and_go(
    fresh_poa_network: Callable[..., LocalNetwork], tmp_path: Path
) -> None:
    """Each receipt is anchored once, and the trust file of before the changes proves those anchored after them.

    In the end three of its five still seal: too few to vouch for the new set at once, so each change is proven where
    it happened.
    """
    network = fresh_poa_network(watch=True)
    old = TrustFile.load(network.trust_path)
    members = Membership(network)
    with (
        site(tmp_path, network) as hospital,
        hospital.running() as oracle,
        closing(network.client()) as client,
    ):
        flow = Flow(hospital)
        flow.during(members.add)
        flow.during(lambda: members.vote_out(2))
        flow.during(lambda: members.vote_out(3))
        flow.next_day()
        wait_until(lambda: hospital.oracle("once") == 0)
        oracle.process.terminate()
        assert oracle.process.wait(30) == 0
        check_exactly_once(hospital, flow.truth)

        bundle = bundle_of(client, old, kept(hospital))
        report = verify(bundle, old, now=datetime.now(UTC) + timedelta(seconds=2))
        assert (report.verdict, report.findings["source"].code) == (Verdict.VALID, "light_proof")
        assert report.state is not None
        assert (old.checkpoint.epoch, report.state.epoch) == (1, 4)
        assert report.state.finality.validators == 4
        assert bundle.proof is not None
        assert [advance.epoch for advance in bundle.proof.advances] == [2, 3, 4]

        gone = [PrivateKey(bytes(network.keys.account(f"validator-{index}").key)) for index in (2, 3)]
        for advances in (bundle.proof.advances, ()):
            proof = replace(bundle.proof, headers=sealed_by(gone, bundle.proof.headers), advances=advances)
            with pytest.raises(LightProofError) as refused:
                verify_light_proof(old, subject_of(bundle.credential, bundle.root, 1), proof)
            assert refused.value.code in {
                "foreign_sealer", "sealed_too_soon", "wrong_difficulty", "change_not_strong",
            }  # fmt: skip
