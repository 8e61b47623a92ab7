"""Putting the contracts on a chain, once.

The three contracts know each other before they exist, because a contract's address follows from who creates it
and with which transaction: the registry is created with number n, the two others with n+1 and n+2. A second run
finds them, by the deployment file or on the chain, and changes nothing; an interrupted one is continued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from chain.client import ChainClient
from chain.deployment import Deployment
from chain.errors import ChainError
from chain.signing import NO_ACCOUNT
from network.acceptances import address_of
from network.addresses import created_address
from network.artifact import BoundContract, artifact
from network.errors import DeploymentRefused
from network.keys import KeyRing
from network.plan import EnrolmentPlan, InstitutionPlan
from network.transact import Transactor

Say = Callable[[str], None]

REGISTRY = "InstitutionRegistry"
NAMES = (REGISTRY, "DocumentRegistry", "TransferLedger")
"""In the order of creation."""
FEWEST_VALIDATORS = {"clique": 3, "dev": 3, "qbft": 4}
_FAR_FUTURE = 2**40 - 1


@dataclass(frozen=True)
class DeploymentPlan:
    """What is to be deployed, for whom, and from where."""

    enrolment: EnrolmentPlan
    ring: KeyRing
    """Has the keys that the enrolment plan names without an address."""
    engine: str
    genesis_hash: str
    rpc_urls: tuple[str, ...] = ()
    reserve: int = 0
    """Wei that the registry is to hold from its creation on; what the first block gave it counts."""

    def founder(self, institution: InstitutionPlan) -> tuple[bytes, int, bool, str, str]:
        """A founder as the registry's constructor takes it."""
        validator = institution.validator
        return (
            institution.chain_id_bytes,
            institution.kind.number,
            institution.voting,
            address_of(institution.admin, self.ring),
            NO_ACCOUNT if validator is None else address_of(validator, self.ring),
        )


def deploy(
    transactor: Transactor, deployer: LocalAccount, plan: DeploymentPlan, path: Path, *, say: Say = print
) -> Deployment:
    """The contracts' places, deployed if they are not there yet, and written to `path`.

    Raises DeploymentRefused (wrong chain, foreign file, no founders), TransactionFailed, ChainError.
    """
    client = transactor.client
    _check(client, plan)
    if path.exists():
        return _confirmed(client, Deployment.load(path), plan, path)
    nonce = client.account(deployer.address).nonce
    first = _find(client, deployer.address, nonce, plan)
    if first is None:
        first = nonce
        say(f"deploying from {deployer.address}")
    receipt_block = _create_missing(transactor, deployer, plan, first, say)
    places = _places(deployer.address, first)
    deployment = Deployment(
        chain_id=plan.enrolment.chain_id,
        engine=plan.engine,
        genesis_hash=plan.genesis_hash,
        contracts=places,
        deployed_at=_first_block_with_code(client, places[REGISTRY])
        if receipt_block is None
        else receipt_block,
        rpc_urls=plan.rpc_urls,
    )
    deployment.save(path)
    for name, address in places.items():
        say(f"  {name} {address}")
    return deployment


def _check(client: ChainClient, plan: DeploymentPlan) -> None:
    found_id = int(client.call("eth_chainId"), 16)
    if found_id != plan.enrolment.chain_id:
        raise DeploymentRefused(
            f"the plan is for chain {plan.enrolment.chain_id}, the node is on {found_id}: "
            "use the plan of this network"
        )
    found = client.call("eth_getBlockByNumber", "0x0", False)["hash"]
    if found != plan.genesis_hash:
        raise DeploymentRefused(
            f"the chain begins with {found}, not {plan.genesis_hash}: the node is of another network"
        )
    if sum(founder.voting for founder in plan.enrolment.founders) < FEWEST_VALIDATORS[plan.engine]:
        raise DeploymentRefused("the plan has too few founders with a validator: mark them `founder: true`")


def _confirmed(client: ChainClient, held: Deployment, plan: DeploymentPlan, path: Path) -> Deployment:
    """The deployment of the file, after a look whether it is of this chain and the contracts are there."""
    if (held.chain_id, held.genesis_hash) != (plan.enrolment.chain_id, plan.genesis_hash):
        raise DeploymentRefused(f"{path} is of another chain: move it away or name another")
    missing = [name for name, address in held.contracts.items() if not _has_code(client, address)]
    if missing:
        raise DeploymentRefused(
            f"{path} names contracts that are not on the chain ({', '.join(missing)}): is the node behind? "
            "Otherwise move the file away and deploy again"
        )
    return held


def _find(client: ChainClient, deployer: str, nonce: int, plan: DeploymentPlan) -> int | None:
    """Number of the transaction with which this deployer created a registry for these founders, if it did."""
    first_id = plan.enrolment.founders[0].chain_id_bytes
    for number in range(nonce):
        places = _places(deployer, number)
        if not _has_code(client, places[REGISTRY]):
            continue
        registry = BoundContract(client, artifact(REGISTRY), places[REGISTRY])
        try:
            ours = registry.read("indexOf", first_id) == 1
            directory = [registry.read("contractAt", _name(name), _FAR_FUTURE) for name in NAMES[1:]]
        except (ChainError, ValueError):
            continue
        if ours and _same(directory, [places[name] for name in NAMES[1:]]):
            return number
    return None


def _create_missing(
    transactor: Transactor, deployer: LocalAccount, plan: DeploymentPlan, first: int, say: Say
) -> int | None:
    """Create what is not there yet; block of the registry's creation if that was now."""
    client, places = transactor.client, _places(deployer.address, first)
    missing = [name for name in NAMES if not _has_code(client, places[name])]
    if not missing:
        say("the contracts are on the chain already")
        return None
    nonce = client.account(deployer.address).nonce
    if nonce != first + NAMES.index(missing[0]):
        raise DeploymentRefused(
            f"{missing[0]} was to be created with transaction {first + NAMES.index(missing[0])} of "
            f"{deployer.address}, which has sent {nonce}: deploy anew from another account"
        )
    pending = []
    for name in missing:
        data, value = _creation(client, name, plan, places)
        pending.append(transactor.create(deployer, artifact(name), data, value=value))
    receipts = transactor.wait(pending)
    return receipts[0].block_number if missing[0] == REGISTRY else None


def _creation(
    client: ChainClient, name: str, plan: DeploymentPlan, places: dict[str, str]
) -> tuple[bytes, int]:
    """Creation data and the coins to send along."""
    if name != REGISTRY:
        return artifact(name).creation(places[REGISTRY]), 0
    founders = [plan.founder(institution) for institution in plan.enrolment.founders]
    directory = [(_name(other), places[other]) for other in NAMES[1:]]
    data = artifact(name).creation(founders, directory, FEWEST_VALIDATORS[plan.engine])
    return data, max(0, plan.reserve - client.account(places[REGISTRY]).balance)


def _places(deployer: str, first: int) -> dict[str, str]:
    return {name: created_address(deployer, first + offset) for offset, name in enumerate(NAMES)}


def _first_block_with_code(client: ChainClient, address: str) -> int:
    """Block in which a contract was created, by halving (nodes keep the state of every block)."""
    low, high = 0, client.head().number
    while low < high:
        middle = (low + high) // 2
        if _has_code(client, address, middle):
            high = middle
        else:
            low = middle + 1
    return low


def _has_code(client: ChainClient, address: str, block: int | None = None) -> bool:
    tag = "latest" if block is None else hex(block)
    return bool(client.call("eth_getCode", address, tag) != "0x")


def _name(name: str) -> bytes:
    return name.encode("ascii").ljust(32, b"\0")


def _same(found: Iterable[str], expected: Iterable[str]) -> bool:
    return [address.lower() for address in found] == [address.lower() for address in expected]
