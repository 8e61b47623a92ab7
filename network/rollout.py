"""Finding out which network a deployment or enrolment is for: the one on this machine, or a real one.

Without a plan, it is the local network in its folder. With one, it is a real network: its public files lie in
`deploy/networks/<chain id>/`, its first block in `genesis.json` there, the keys wherever their owner has them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from chain.client import ChainClient
from network.creation import coins_at_birth
from network.errors import DeploymentRefused, FolderUnfit
from network.genesis import clique_genesis, engine_of, genesis_hash, vanity_tag, write_genesis
from network.keys import KeyRing
from network.local import LocalNetwork
from network.plan import EnrolmentPlan
from network.site import Site, real_folder

GENESIS = "genesis.json"


@dataclass(frozen=True)
class Choice:
    """What was said on the command line. None: not said."""

    rpc_urls: tuple[str, ...]
    local_folder: Path
    plan: Path | None = None
    keys: Path | None = None
    password_file: Path | None = None
    deployer: str = "deployer"


def find_site(choice: Choice) -> Site:
    """The network that is meant. Raises FolderUnfit, PlanInvalid, DeploymentRefused, NodeError."""
    if choice.plan is None:
        return _local_site(choice)
    plan = EnrolmentPlan.load(choice.plan)
    if choice.keys is None:
        raise DeploymentRefused("name the folder of your keys with --keys")
    if not choice.rpc_urls:
        raise DeploymentRefused("name your node with --rpc")
    ring = KeyRing(choice.keys, password_file=choice.password_file)
    refuse_unreviewed(plan, ring)
    folder = real_folder(plan.chain_id)
    engine, first_block = _first_block(folder)
    return Site(
        rpc_urls=choice.rpc_urls,
        chain_id=plan.chain_id,
        engine=engine,
        genesis_hash=first_block,
        plan=plan,
        ring=ring,
        deployer=choice.deployer,
        folder=folder,
        confirmations=3,
    )


def write_real_genesis(
    plan: EnrolmentPlan, deployer: str, *, period: int, timestamp: int
) -> tuple[Path, str]:
    """Write the first block of a real Clique network; the file and the block's hash.

    `deployer`: address that will deploy. Refuses to replace a first block, because its hash is the network.
    Raises DeploymentRefused, KeyRefused for an account without an address.
    """
    path = real_folder(plan.chain_id) / GENESIS
    if path.exists():
        raise DeploymentRefused(f"{path} exists: a network has one first block; choose another chain id")
    nobody = KeyRing(path.parent / "no-keys")
    genesis = clique_genesis(
        chain_id=plan.chain_id,
        period=period,
        validators=_sealers(plan),
        alloc=coins_at_birth(nobody, plan, deployer=deployer),
        timestamp=timestamp,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_genesis(path, genesis)
    return path, genesis_hash(genesis)


def refuse_unreviewed(plan: EnrolmentPlan, ring: KeyRing) -> None:
    """Reviewers see addresses, not names of keys: in production every account needs its address in the file."""
    bare = sorted({account.key for account in plan.accounts() if account.address is None})
    keys = sorted(
        key.key for institution in plan.institutions for key in institution.document_keys if key.x is None
    )
    if ring.production and (bare or keys):
        missing = ", ".join([*bare, *keys])
        raise DeploymentRefused(f"the reviewed file must give addresses and public keys; it lacks: {missing}")


def describe_genesis(block_hash: str) -> str:
    """What people compare before they start their nodes."""
    return f"genesis hash {block_hash}\n--miner.extradata {vanity_tag(block_hash)}"


def describe_besu_genesis(block_hash: str) -> str:
    """As `describe_genesis`, for Besu, which wants the same 32 characters in hexadecimal."""
    return f"genesis hash {block_hash}\n--miner-extra-data 0x{vanity_tag(block_hash).encode('ascii').hex()}"


def _local_site(choice: Choice) -> Site:
    network = LocalNetwork.open(choice.local_folder)
    site = network.site
    if not choice.rpc_urls:
        return site
    found = ChainClient(choice.rpc_urls).chain_id()
    if found != site.chain_id:
        raise FolderUnfit(
            choice.local_folder,
            f"holds chain {site.chain_id}, the node is on {found}",
            "give --plan and --keys for a real network",
        )
    return replace(site, rpc_urls=choice.rpc_urls)


def _first_block(folder: Path) -> tuple[str, str]:
    """The engine that the folder's first block is of, and its hash."""
    path = folder / GENESIS
    try:
        genesis = json.loads(path.read_text(encoding="utf-8"))
        return engine_of(genesis), genesis_hash(genesis)
    except (OSError, ValueError, KeyError) as error:
        raise FolderUnfit(folder, f"holds no {GENESIS}", "get it from the founders") from error


def _sealers(plan: EnrolmentPlan) -> list[str]:
    accounts = [one.validator for one in plan.founders if one.validator is not None]
    lacking = [account.key for account in accounts if account.address is None]
    if lacking or not accounts:
        raise DeploymentRefused(
            f"the plan must give the founders' validator addresses; it lacks: {', '.join(lacking) or 'founders'}"
        )
    return [account.address for account in accounts if account.address is not None]
