"""What other members and the institution's own officers do in mid-flow: noise, haste, suspension, a stolen key."""

from __future__ import annotations

from functools import partial
from signal import SIGKILL

from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from fault import Fault
from fault_world import HOSPITAL, World
from oracle_harness import wait_until
from sqlalchemy import select

from chain.client import ChainClient
from chain.contracts import DocumentRegistry
from chain.contracts.vocabulary import KeyPurpose, Role
from chain.db import reading, table_of
from chain.p256 import coordinates
from chain.signing import RegistryDomain, sign_message, sign_possession
from network.artifact import BoundContract, artifact
from network.decisions import Decisions
from network.enrol import voting_admins
from network.registry import Action, Registry
from network.transact import GWEI, Transactor
from network.waiting import wait_for
from oracle.assembly import open_database
from oracle.models import Batch
from verifier import Verdict

ASSOCIATION = 2
ACTIVE, SUSPENDED = 1, 2
NOISE_GAS = 14_900_000
NOISE_BLOCKS = 90


class Office:
    """Members' admins at their desks."""

    def __init__(self, world: World) -> None:
        self.world, self.network = world, world.network
        self.client = ChainClient(self.network.rpc_urls[:1], chain_id=self.network.chain_id)
        world.stack.callback(self.client.close)
        self.transactor = Transactor(self.client, self.network.chain_id, broadcaster=self.network.client())
        self.registry = Registry(self.client, self.network.deployment.address("InstitutionRegistry"))
        self.documents = BoundContract(
            self.client, artifact("DocumentRegistry"), self.network.deployment.address("DocumentRegistry")
        )

    def act(
        self, key: str | LocalAccount, contract: BoundContract, function: str, *arguments: object
    ) -> None:
        """One transaction, mined."""
        account = self.network.keys.account(key) if isinstance(key, str) else key
        self.transactor.wait([self.transactor.send(account, contract, function, *arguments, what=function)])

    def new_operator(self, index: int, admin: str) -> LocalAccount:
        """A fresh account that may anchor for this institution, with coins."""
        account: LocalAccount = Account.create()
        message = RegistryDomain(self.network.chain_id, self.registry.address).operator_acceptance(
            institution=index, account=account.address, roles=int(Role.ANCHOR), nonce=0, custodian=0
        )
        accepted = sign_message(account, message)
        self.act(admin, self.registry.contract, "addOperator", account.address, int(Role.ANCHOR), 0, accepted)
        self.act(admin, self.registry.contract, "claimGas", account.address)
        return account

    def set_standing(self, index: int, standing: int) -> None:
        """By vote of the members."""
        admins = voting_admins(self.network.plan, self.registry, self.network.keys)
        payload = encode(["uint32", "uint8", "uint40"], [index, standing, 0])
        decisions = Decisions(self.registry, self.transactor, admins, say=lambda _: None)
        assert decisions.carry(Action.SET_STANDING, payload, "standing").executed


def first_elsewhere(world: World, *, colleague_too: bool = False) -> None:
    """The root is signed and not sent; another member anchors it, and perhaps another operator of the hospital."""
    office = Office(world)
    stranger = office.new_operator(ASSOCIATION, "association-admin")
    colleague = office.new_operator(HOSPITAL, "hospital-admin")
    world.day(6)
    assert world.once(crash="sender.signed") == -SIGKILL, world.site.output
    batch, database = table_of(Batch), open_database(world.site.settings)
    with reading(database) as session:
        row = session.execute(select(batch.c.root, batch.c.depth).order_by(batch.c.id.desc())).first()
    database.dispose()
    assert row is not None
    office.act(stranger, office.documents, "anchor", row.root, row.depth)
    if colleague_too:
        office.act(colleague, office.documents, "anchor", row.root, row.depth)
    registry = DocumentRegistry(office.client, office.documents.address)
    assert registry.batch(ASSOCIATION, row.root) is not None
    world.finish()
    assert registry.batch(HOSPITAL, row.root) is not None, "another member's anchoring kept ours out"
    world.note(
        "the association anchored our root first"
        + ("; a second operator of ours did, too" if colleague_too else "")
    )


def suspend(world: World) -> None:
    """The members suspend the hospital while receipts come."""
    office = Office(world)
    world.kept["office"] = office
    office.set_standing(HOSPITAL, SUSPENDED)
    told = len(world.site.backend.taken)
    world.day(6)
    assert world.once(wait=20) == 1, world.site.output
    assert len(world.site.backend.taken) == told, "a suspended member's documents were told as anchored"
    assert world.site.oracle("check") == 1
    assert "suspended" in world.site.output
    world.note("suspended by vote: nothing was anchored or told, `check` says why")


def reinstate(world: World) -> None:
    """The members take it back; a person sets the refused batches going at once."""
    world.kept["office"].set_standing(HOSPITAL, ACTIVE)
    assert world.site.oracle("replay") == 0, world.site.output
    world.note("reinstated by vote")


def key_stolen(world: World) -> None:
    """The hospital's officers declare its document key compromised while documents are on their way."""
    office = Office(world)
    world.kept["office"] = office
    known = set(world.site.backend.events())
    world.day(5)
    assert world.once(crash="intake.committed") == -SIGKILL, world.site.output
    _, kid = world.network.keys.document_key("hospital-sign")
    office.act("hospital-admin", office.registry.contract, "compromiseKey", kid, office.client.head().time, 1)
    read = world.status().rows_read
    world.day(4)
    assert world.once(wait=30) == 1, world.site.output
    assert "declared compromised" in world.site.output
    assert world.status().rows_read == read, "rows were read for a key that nobody trusts"
    assert world.site.oracle("check") == 1
    late = sorted(set(world.site.backend.events()) - known)
    assert late, "nothing was on its way"
    wait_until(lambda: office.client.head().number > world.deepest() + 6)
    world.watch.documents += [world.bundle(name, Verdict.ISSUER_NOT_TRUSTED) for name in late[:2]]
    wait_until(lambda: world.watch.said[Verdict.ISSUER_NOT_TRUSTED.value] >= 4)
    world.note(
        f"{len(late)} documents anchored after the declaration are ISSUER_NOT_TRUSTED; no further row was read"
    )


def new_key(world: World) -> None:
    """A new key is registered, and the oracle started with it."""
    name = "hospital-sign-2"
    private, kid = world.network.keys.create_document_key(name)
    office, domain = (
        world.kept["office"],
        RegistryDomain(world.network.chain_id, world.kept["office"].registry.address),
    )
    start = office.client.head().time
    period = {"valid_from": start, "valid_until": start + 365 * 86_400}
    message = domain.key_possession(institution=HOSPITAL, kid=kid, purpose=int(KeyPurpose.SIGN), **period)
    proof = sign_possession(private, message)
    values = (kid, *coordinates(private.public_key()), int(KeyPurpose.SIGN), *period.values(), *proof)
    office.act("hospital-admin", office.registry.contract, "addKey", *values)
    world.site.document_keys.append(name)
    world.note("a new key took over")


def noise(world: World) -> None:
    """The association fills every block, tipping more than the oracle does, with the coins of its daily quota."""
    office, keys = Office(world), world.network.keys
    desk = keys.account("association-desk")
    if office.client.account(desk.address).balance < GWEI**2 // 2:
        office.act("association-admin", office.registry.contract, "claimGas", desk.address)
    world.day(6)
    before = office.client.head().base_fee or 0
    first = last = office.client.head().number
    highest, nonce = before, office.client.account(desk.address).nonce
    with world.working():
        while not _quiet(world) or last < first + 15:
            assert last < first + NOISE_BLOCKS, "the oracle did not get through"
            nonce = _fill_blocks(office.client, desk, nonce, world.network.chain_id)
            last = wait_for("a block", lambda known=last: _later(office.client, known), seconds=60)
            highest = max(highest, office.client.head().base_fee or 0)
    assert highest > before, "the base fee did not rise"
    world.note(
        f"{last - first} blocks filled; base fee from {before} to {highest} wei; the oracle's own got through"
    )
    wait_until(lambda: office.client.account(desk.address).nonce >= nonce, 120)


def _quiet(world: World) -> bool:
    status = world.status()
    left = status.documents["batched"] + status.documents["ready"] + status.documents["held"]
    return status.rows_read > 0 and left == 0


def _later(client: ChainClient, known: int) -> int | None:
    number = client.head().number
    return number if number > known else None


def _fill_blocks(client: ChainClient, account: LocalAccount, nonce: int, chain: int) -> int:
    """So many that use up all their gas (creations whose code is INVALID) that the next blocks are full."""
    waiting = nonce - client.account(account.address).nonce
    offer = {"type": 2, "chainId": chain, "to": b"", "value": 0, "data": b"\xfe", "gas": NOISE_GAS}
    offer |= {"maxFeePerGas": GWEI, "maxPriorityFeePerGas": 2}
    numbers = range(nonce, nonce + max(0, 12 - waiting))
    raws = [account.sign_transaction({**offer, "nonce": number}).raw_transaction for number in numbers]
    client.broadcast_many([bytes(raw) for raw in raws])
    return nonce + len(raws)


FAULTS = (
    Fault("root-taken", "another member anchors our root first", first_elsewhere),
    Fault(
        "root-taken-by-us",
        "another member and another operator of ours anchor the root first",
        partial(first_elsewhere, colleague_too=True),
    ),
    Fault("suspended", "the hospital is suspended in mid-flow and reinstated", suspend, reinstate),
    Fault(
        "key-compromised",
        "the document key is declared compromised in mid-flow",
        key_stolen,
        new_key,
        validators=5,
    ),
    Fault("noisy-member", "a member fills the blocks and drives the base fee up", noise),
)
