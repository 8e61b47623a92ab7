"""The whole spine on the second engine: contracts, members, trust file, a hospital's day, proofs, a change of the set.

Nothing here may know the engine by anything but the name in the deployment and trust files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from coincurve import PrivateKey
from eth_abi.abi import encode

sys.path.insert(0, str(Path(__file__).parents[1] / "chain"))
pytest.register_assert_rewrite("oracle_harness", "delivery_contract")

from besu_double import BesuDouble, besu_double  # noqa: E402
from oracle_harness import check_exactly_once, site  # noqa: E402

from chain.client import ChainClient  # noqa: E402
from chain.engine import Finality  # noqa: E402
from chain.trust import TrustFile  # noqa: E402
from network.addresses import created_address  # noqa: E402
from network.base import Network  # noqa: E402
from network.decisions import Decisions  # noqa: E402
from network.dev import DevNetwork  # noqa: E402
from network.enrol import voting_admins  # noqa: E402
from network.plan import EnrolmentPlan  # noqa: E402
from network.registry import Action, Registry  # noqa: E402
from network.settle import settle  # noqa: E402
from network.trustfile import make_trust_file  # noqa: E402
from verifier import ProofBundle, Verdict, make_bundle, verify  # noqa: E402


class QbftNetwork(Network):
    """A network whose one node is a `BesuDouble`."""

    kind = "poa"
    engine = "qbft"

    def __init__(self, dev: DevNetwork, node: BesuDouble) -> None:
        super().__init__(dev.folder)
        self.dev, self.node, self.chain_id = dev, node, dev.chain_id

    def up(self, *, attached: bool = True) -> Self:
        settle(self.site)
        return self

    def down(self) -> None:
        """Whoever made its parts ends them."""

    @property
    def rpc_urls(self) -> list[str]:
        return [self.node.url]

    @property
    def genesis_hash(self) -> str:
        return self.node.genesis_hash

    @property
    def plan(self) -> EnrolmentPlan:
        return self.dev.plan


@pytest.fixture
def network(anvil: Callable[..., DevNetwork]) -> Iterator[QbftNetwork]:
    dev = anvil(mining="each")
    dev.tick()
    voting = [one.validator for one in dev.plan.founders if one.validator is not None]
    keys = [PrivateKey(bytes(dev.keys.account(account.key).key)) for account in voting]
    registry = created_address(dev.keys.account(dev.deployer).address, 0)
    with besu_double(dev.rpc_urls[0], registry, keys, keys) as node:
        yield QbftNetwork(dev, node).up()


def vote_out(network: QbftNetwork, institution: int) -> None:
    """The members take vote and seal from an institution; Besu's set follows in the next block."""
    transactor = network.site.transactor()
    registry = Registry(transactor.client, network.deployment.address("InstitutionRegistry"))
    admins = voting_admins(network.plan, registry, network.keys)
    payload = encode(("uint32", "bool", "address"), (institution, False, "0x" + "00" * 20))
    Decisions(registry, transactor, admins, say=lambda _: None).carry(
        Action.SET_VOTING, payload, "no vote any more"
    )


def bundle_of(client: ChainClient, trust: TrustFile, delivery: dict[str, Any]) -> ProofBundle:
    return make_bundle(
        client,
        trust,
        credential=delivery["credential"],
        root=bytes.fromhex(delivery["root"]),
        path=[bytes.fromhex(node) for node in delivery["path"]],
        issuer=1,
    )


def test_two_days_on_qbft_and_a_validator_voted_out_between_them(
    network: QbftNetwork, tmp_path: Path
) -> None:
    trust = TrustFile.load(network.trust_path)
    assert (trust.engine, trust.genesis_hash) == ("qbft", network.genesis_hash)
    trust.verify(datetime.now(UTC))
    with site(tmp_path, network) as hospital, closing(network.client()) as client:
        hospital.day(8, 1)
        assert hospital.oracle("migrate") == 0
        assert hospital.oracle("check") == 0, hospital.output
        assert hospital.oracle("once") == 0, hospital.output
        first = [events[0] for events in hospital.backend.events().values() if len(events) == 1][-1]
        before = bundle_of(client, trust, first)
        vote_out(network, 2)
        truth = hospital.day(8, 2)
        assert hospital.oracle("once") == 0, hospital.output
        check_exactly_once(hospital, truth)
        last = [events[0] for events in hospital.backend.events().values() if len(events) == 1][-1]
        after = bundle_of(client, trust, last)
        renewed = make_trust_file(client, network.deployment, network.plan, network.keys)
    for bundle, epoch, validators, seals in ((before, 1, 5, 4), (after, 2, 4, 3)):
        report = verify(bundle, trust, now=datetime.now(UTC) + timedelta(seconds=2))
        assert (report.verdict, report.findings["source"].code) == (Verdict.VALID, "light_proof")
        assert report.state is not None
        final = report.state.finality
        assert (report.state.epoch, final.validators, final.distinct) == (epoch, validators, seals)
        assert final.level is Finality.STRONG
    assert before.proof is not None
    assert len(before.proof.headers) == 1
    assert renewed.checkpoint.epoch == 2
    renewed.verify_update(trust, datetime.now(UTC))
    assert network.node.refused == set()
