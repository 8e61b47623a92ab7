"""From a running chain to a usable network: contracts, members, trust file. Does only what is missing."""

from __future__ import annotations

from collections.abc import Callable

from network.deploy import DeploymentPlan, deploy
from network.enrol import Enrolment, Step
from network.plan import EnrolmentPlan
from network.registry import Registry
from network.site import Site
from network.transact import Transactor
from network.trustfile import make_trust_file, needs_renewal

Say = Callable[[str], None]


def quiet(text: str) -> None:
    """Say nothing."""


def settle(site: Site, *, say: Say = quiet) -> list[Step]:
    """Deploy, enrol the founders and whoever was admitted since, write the trust file.

    Returns what could not be done with the keys at hand (nothing on a local network). Raises NetworkError,
    ChainError.
    """
    transactor = site.transactor()
    deploy_contracts(site, transactor, say=say)
    registry = Registry(transactor.client, site.deployment().address("InstitutionRegistry"))
    left = enrolment(site, transactor, admitted(site.plan, registry), say=say).run()
    renew_trust_file(site, transactor)
    return left


def deploy_contracts(site: Site, transactor: Transactor, *, say: Say = quiet) -> None:
    """Put the contracts on the chain if they are not there, and write the deployment file."""
    plan = DeploymentPlan(
        enrolment=site.plan,
        ring=site.ring,
        engine=site.engine,
        genesis_hash=site.genesis_hash,
        rpc_urls=site.rpc_urls if site.local else (),
        reserve=site.reserve,
    )
    deploy(transactor, site.ring.account(site.deployer), plan, site.deployment_path, say=say)


def enrolment(site: Site, transactor: Transactor, plan: EnrolmentPlan, *, say: Say = quiet) -> Enrolment:
    """The enrolment of `plan` on this site. The deployer, if its key is at hand, pays for quota claims."""
    registry = Registry(transactor.client, site.deployment().address("InstitutionRegistry"))
    payer = site.ring.account(site.deployer) if site.deployer in site.ring else None
    return Enrolment(plan, registry, site.ring, transactor, payer=payer, say=say)


def renew_trust_file(site: Site, transactor: Transactor, *, always: bool = False) -> bool:
    """Write the trust file if there is none or the validators changed since; whether it was written."""
    deployment = site.deployment()
    registry = Registry(transactor.client, deployment.address("InstitutionRegistry"))
    if not always and not needs_renewal(site.trust_path, deployment, registry):
        return False
    members = admitted(site.plan, registry)
    make_trust_file(transactor.client, deployment, members, site.ring).save(site.trust_path)
    return True


def admitted(plan: EnrolmentPlan, registry: Registry) -> EnrolmentPlan:
    """The plan without institutions that are neither founders nor members yet."""
    members = [one for one in plan.institutions if one.founder or registry.index_of(one.chain_id_bytes)]
    return plan.model_copy(update={"institutions": members})
