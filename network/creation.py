"""Making a local network's folder: keys, first block, ports, a data directory for each validator."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from network.acceptances import address_of
from network.addresses import created_address
from network.errors import PlanInvalid, ValidatorCountRefused
from network.folder import GENESIS, KEYS, PLAN
from network.genesis import ETHER, LOCAL_CHAIN_ID, clique_genesis, genesis_hash, write_genesis
from network.geth import ROOT
from network.keys import KeyRing
from network.manifest import Manifest, ValidatorEntry, socket_folder
from network.node import node_id, write_first_block, write_node_key
from network.plan import EnrolmentPlan, InstitutionPlan
from network.ports import choose_ports

LOCAL_PLAN = ROOT / "deploy" / "enrol.local.yaml"
DEPLOYER = "deployer"
FEWEST, MOST = 4, 6
DEPLOYER_COINS = 1_000 * ETHER
RESERVE_COINS = 1_000_000 * ETHER
"""What the registry holds from the first block on, to give operators their daily quota."""
MEMBER_COINS = ETHER
"""A day's quota for each account of the founders, so that nobody has to claim it first."""


def advice(validators: int) -> str | None:
    """Why an odd number of validators is better, for somebody who chose an even one."""
    if validators % 2:
        return None
    half = validators // 2
    return (
        f"{validators} validators: with an even number the network can be cut into two halves of {half} that "
        "both stop, with tips of equal weight that no node prefers; and it bears no more failures than "
        f"{validators - 1} do ({(validators - 1) // 2}). The watch agents heal such a halt; an odd number such "
        "as 5 rarely needs it."
    )


def local_plan(validators: int, *, chain_id: int, path: Path = LOCAL_PLAN) -> EnrolmentPlan:
    """The plan of `path` with its first `validators` voting institutions as founding validators.

    Founders beyond that number stay members without a validator; institutions up to it become founders.
    Raises ValidatorCountRefused, PlanInvalid.
    """
    if not FEWEST <= validators <= MOST:
        raise ValidatorCountRefused(validators)
    plan = EnrolmentPlan.load(path)
    voting = [institution.name for institution in plan.institutions if institution.voting]
    if len(voting) < validators:
        raise PlanInvalid(path, [f"names {len(voting)} institutions with a validator, not {validators}"])
    chosen = [_adjusted(institution, voting[:validators]) for institution in plan.institutions]
    return plan.model_copy(update={"chain_id": chain_id, "institutions": chosen})


def _adjusted(institution: InstitutionPlan, sealing: list[str]) -> InstitutionPlan:
    if institution.name in sealing:
        return institution.model_copy(update={"founder": True})
    if institution.founder:
        return institution.model_copy(update={"validator": None})
    return institution


def make_keys(ring: KeyRing, plan: EnrolmentPlan) -> None:
    """Development keys for everyone in the plan and for the deployer, as far as they are not there yet."""
    ring.create_account(DEPLOYER)
    for account in plan.accounts():
        if account.address is None:
            ring.create_account(account.key)
    for institution in plan.institutions:
        for key in institution.document_keys:
            if key.x is None:
                ring.create_document_key(key.key)


def coins_at_birth(ring: KeyRing, plan: EnrolmentPlan, *, deployer: str) -> dict[str, int]:
    """Balances of the first block in wei: deployer, registry's reserve, the founders' admins and operators.

    The registry is expected where `deployer`'s first transaction puts it.
    """
    accounts = [account for founder in plan.founders for account in (founder.admin, *founder.operators)]
    return {
        deployer: DEPLOYER_COINS,
        **{address_of(account, ring): MEMBER_COINS for account in accounts},
        created_address(deployer, 0): RESERVE_COINS,
    }


def create_folder(
    folder: Path,
    *,
    validators: int,
    period: int,
    geth: Path,
    chain_id: int = LOCAL_CHAIN_ID,
    plan_path: Path = LOCAL_PLAN,
    first_rpc_port: int | None = None,
) -> Manifest:
    """Everything a local network needs before its first start. What an interrupted run left is made anew."""
    plan = local_plan(validators, chain_id=chain_id, path=plan_path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PLAN).write_bytes(plan_path.read_bytes())
    make_keys(KeyRing(folder / KEYS), plan)
    genesis = _first_block(folder, plan, period)
    manifest = Manifest(
        chain_id=plan.chain_id,
        period=period,
        genesis_hash=genesis_hash(genesis),
        sockets=socket_folder(folder),
        founders=validators,
        validators=[],
    )
    sealing = [founder for founder in plan.founders if founder.voting]
    for founder, port in zip(sealing, choose_ports(len(sealing), preferred=first_rpc_port), strict=True):
        add_validator_folder(folder, manifest, founder, geth=geth, rpc_port=port)
    manifest.save(folder)
    return manifest


def _first_block(folder: Path, plan: EnrolmentPlan, period: int) -> dict[str, Any]:
    """The genesis of this plan with the folder's keys, written into the folder."""
    ring = KeyRing(folder / KEYS)
    names = [founder.validator.key for founder in plan.founders if founder.validator is not None]
    genesis = clique_genesis(
        chain_id=plan.chain_id,
        period=period,
        validators=[ring.account(name).address for name in names],
        alloc=coins_at_birth(ring, plan, deployer=ring.account(DEPLOYER).address),
        timestamp=int(time.time()) - period,
    )
    write_genesis(folder / GENESIS, genesis)
    return genesis


def add_validator_folder(
    folder: Path, manifest: Manifest, institution: InstitutionPlan, *, geth: Path, rpc_port: int
) -> ValidatorEntry:
    """A data directory with the network's first block and an identity of its own, entered in the manifest."""
    assert institution.validator is not None
    index = max((entry.index for entry in manifest.validators), default=0) + 1
    key = PrivateKey()
    peer_port, agent_port = choose_ports(2, taken=manifest.used_ports() | {rpc_port})
    entry = ValidatorEntry(
        index=index,
        institution=institution.name,
        key=institution.validator.key,
        address=KeyRing(folder / KEYS).create_account(institution.validator.key).address,
        node_id=node_id(key),
        rpc_port=rpc_port,
        peer_port=peer_port,
        agent_port=agent_port,
    )
    shutil.rmtree(folder / entry.name, ignore_errors=True)
    write_first_block(geth, folder / entry.name, folder / GENESIS)
    write_node_key(folder / entry.name, key)
    manifest.validators.append(entry)
    return entry
