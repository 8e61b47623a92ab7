"""All that deployment and enrolment need to know about a network, local or real."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chain.client import ChainClient
from chain.deployment import Deployment
from chain.errors import NodeError
from network.errors import NoNodeAnswers
from network.geth import ROOT
from network.keys import KeyRing
from network.plan import EnrolmentPlan
from network.transact import Transactor

NETWORKS = ROOT / "deploy" / "networks"


@dataclass(frozen=True)
class Site:
    """One network: where its nodes are, who its members are, where its public files go."""

    rpc_urls: tuple[str, ...]
    chain_id: int
    engine: str
    genesis_hash: str
    plan: EnrolmentPlan
    ring: KeyRing
    deployer: str
    """Name of the key that deploys and pays for others' quota claims."""
    folder: Path
    """Where `deployment.json` and `network.json` go."""
    reserve: int = 0
    """Wei that the registry is to hold from its creation on."""
    local: bool = False
    """On one machine: its nodes' addresses go into the deployment file, and its plan names later members too."""
    confirmations: int = 1
    """Blocks to wait for above a transaction before the next step builds on it."""

    @property
    def deployment_path(self) -> Path:
        """Where the contracts' addresses stand."""
        return self.folder / "deployment.json"

    @property
    def trust_path(self) -> Path:
        """The signed trust file."""
        return self.folder / "network.json"

    def deployment(self) -> Deployment:
        """The contracts. Raises DeploymentUnreadable."""
        return Deployment.load(self.deployment_path)

    def transactor(self) -> Transactor:
        """Reads one node, tells all. Raises NoNodeAnswers."""
        return Transactor(
            self._answering(),
            self.chain_id,
            broadcaster=ChainClient(self.rpc_urls, chain_id=self.chain_id),
            confirmations=self.confirmations,
        )

    def _answering(self) -> ChainClient:
        """A client of the first node that answers: what was just written is read back from the same node."""
        for url in self.rpc_urls:
            client = ChainClient([url], chain_id=self.chain_id)
            try:
                client.call("eth_chainId")
            except NodeError:
                client.close()
            else:
                return client
        raise NoNodeAnswers(self.rpc_urls)


def real_folder(chain_id: int) -> Path:
    """Where a real network's public files are kept, under version control."""
    return NETWORKS / str(chain_id)
