"""What every network of this package offers, whichever nodes it runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from chain.client import ChainClient
from chain.deployment import Deployment
from network.creation import DEPLOYER, RESERVE_COINS
from network.folder import DEPLOYMENT, KEYS, TRUST_FILE
from network.keys import KeyRing
from network.plan import EnrolmentPlan
from network.site import Site


class Network(ABC):
    """A network whose files are in `folder`; once up, with contracts deployed and the founders enrolled."""

    kind: str
    """"poa": real validators; "dev": a development node, whose blocks prove nothing."""
    engine: str
    """As in trust files: "clique" or "dev"."""
    chain_id: int
    deployer = DEPLOYER
    """Name of the key that deploys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    @abstractmethod
    def up(self, *, attached: bool = True) -> Self:
        """Start it and put contracts and members in place; `attached`: it ends with this program."""

    @abstractmethod
    def down(self) -> None:
        """End all its processes. Safe to call twice."""

    @property
    @abstractmethod
    def rpc_urls(self) -> list[str]:
        """HTTP JSON-RPC of every node, running or not."""

    @property
    @abstractmethod
    def genesis_hash(self) -> str:
        """Hash of the first block, 0x and 64 digits."""

    @property
    @abstractmethod
    def plan(self) -> EnrolmentPlan:
        """Who is to be enrolled."""

    @property
    def keys(self) -> KeyRing:
        """The development keys of this network."""
        return KeyRing(self.folder / KEYS)

    @property
    def deployment_path(self) -> Path:
        """Where the contracts' addresses stand."""
        return self.folder / DEPLOYMENT

    @property
    def deployment(self) -> Deployment:
        """The contracts of this network. Raises what `Deployment.load` raises before they are deployed."""
        return Deployment.load(self.deployment_path)

    @property
    def trust_path(self) -> Path:
        """The signed trust file."""
        return self.folder / TRUST_FILE

    @property
    def site(self) -> Site:
        """This network as deployment and enrolment see it."""
        return Site(
            rpc_urls=tuple(self.rpc_urls),
            chain_id=self.chain_id,
            engine=self.engine,
            genesis_hash=self.genesis_hash,
            plan=self.plan,
            ring=self.keys,
            deployer=self.deployer,
            folder=self.folder,
            reserve=RESERVE_COINS,
            local=True,
            confirmations=1 if self.kind == "poa" else 0,
        )

    def client(self) -> ChainClient:
        """A client of all nodes of this network."""
        return ChainClient(self.rpc_urls, chain_id=self.chain_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
