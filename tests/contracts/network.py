"""The three contracts as a network deploys them: the registry's directory names the two that follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chain.signing import institution_id
from network.addresses import created_address
from tests.contracts.frame import ANCHOR, STATUS, TRANSFER
from tests.contracts.institutions.world import FOUNDER_KINDS, HOSPITAL, INSURER, World, name32, validator

RESERVE = 100 * 10**18


@dataclass(frozen=True)
class Network:
    """Founders 1 to 5 all vote; accounts[index - 1] is the ADMIN of each."""

    world: World
    documents: Any
    ledger: Any
    oracle: Any
    """The hospital's operator that may anchor and mark."""
    backend: Any
    """The hospital's operator that may send and answer transfers."""
    insurer: Any
    """The insurer's operator that may send and answer transfers."""


def deploy_network(project: Any, chain: Any, accounts: Any) -> Network:
    """Deploy in the order that the directory foretells, and add three operators.

    The deployer has sent nothing before, so that addresses, and with them the signatures over them and the gas
    that their zero bytes save, are the same in every run.
    """
    deployer = accounts[18]
    assert deployer.nonce == 0, "somebody else deploys with this account"
    founders = [
        (institution_id(f"krnpi:1110000{index}"), kind, True, accounts[index - 1].address, validator(index))
        for index, kind in enumerate(FOUNDER_KINDS, start=1)
    ]
    names = ("InstitutionRegistry", "DocumentRegistry", "TransferLedger")
    directory = [(name32(name), created_address(deployer.address, nonce)) for nonce, name in enumerate(names)]
    registry = deployer.deploy(project.InstitutionRegistry, founders, directory, 3, value=RESERVE)
    documents = deployer.deploy(project.DocumentRegistry, registry)
    ledger = deployer.deploy(project.TransferLedger, registry)
    admins = {index: accounts[index - 1] for index in range(1, len(founders) + 1)}
    world = World(registry, chain, accounts, admins)
    operators = accounts[5], accounts[6], accounts[7]
    for index, account, roles in zip(
        (HOSPITAL, HOSPITAL, INSURER), operators, (ANCHOR | STATUS, TRANSFER, TRANSFER), strict=True
    ):
        world.add_operator(index, account, roles)
    return Network(world, documents, ledger, *operators)
