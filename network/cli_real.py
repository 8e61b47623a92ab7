"""The commands for real networks: first block, contracts, members, acceptances, signatures of the trust file.

Nothing here needs anybody else's private key. Without --plan they act on the local network. Public results of a
real network go to `deploy/networks/<chain id>/`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from chain.errors import ChainError
from chain.trust import TrustError, TrustFile
from network.acceptances import Acceptances
from network.enrol import Step
from network.errors import NetworkError
from network.folder import DEFAULT_FOLDER
from network.plan import EnrolmentPlan
from network.registry import Registry
from network.rollout import Choice, describe_genesis, find_site, write_real_genesis
from network.settle import admitted, deploy_contracts, enrolment, renew_trust_file
from network.site import Site
from network.trustfile import sign_with_ring
from network.vouch import vouch

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@contextmanager
def plain_errors() -> Iterator[None]:
    """What can go wrong, as one sentence for a person instead of a trace."""
    try:
        yield
    except (NetworkError, ChainError, TrustError) as error:
        raise click.ClickException(str(error)) from error


_OPTIONS = (
    click.option("--rpc", "rpc_urls", multiple=True, help="JSON-RPC of a node; may be given several times."),
    click.option("--dir", "local_folder", type=_FOLDER, default=DEFAULT_FOLDER, show_default=".data/network"),
    click.option("--plan", type=_FILE, help="The reviewed enrolment file of a real network."),
    click.option("--keys", type=_FOLDER, help="Folder with your keys."),
    click.option("--password-file", type=_FILE, help="File with the password of your keystores."),
    click.option("--deployer", default="deployer", show_default=True, help="Name of the deploying key."),
)


def which_network(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which network is meant; the command gets them as a `Choice`."""

    @wraps(function)
    def command(
        rpc_urls: tuple[str, ...],
        local_folder: Path,
        plan: Path | None,
        keys: Path | None,
        password_file: Path | None,
        deployer: str,
        **others: Any,
    ) -> None:
        choice = Choice(rpc_urls, local_folder, plan, keys, password_file, deployer)
        with plain_errors():
            function(choice, **others)

    decorated: Callable[..., None] = command
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


@click.command("genesis")
@click.option("--plan", type=_FILE, required=True, help="The reviewed enrolment file.")
@click.option("--deployer", required=True, help="Address of the account that will deploy the contracts.")
@click.option("--period", default=1, show_default=True, help="Seconds between blocks.")
def genesis_command(plan: Path, deployer: str, period: int) -> None:
    """Write the first block of a real Clique network from the reviewed file."""
    with plain_errors():
        path, block_hash = write_real_genesis(
            EnrolmentPlan.load(plan), deployer, period=period, timestamp=int(time.time())
        )
    click.echo(f"{path}\n{describe_genesis(block_hash)}")


@click.command("deploy")
@which_network
def deploy_command(choice: Choice) -> None:
    """Put the contracts on the chain, if they are not there."""
    run_deploy(find_site(choice))


@click.command("enrol")
@which_network
@click.option("--yes", is_flag=True, help="Do it; without, only show what would be done.")
def enrol_command(choice: Choice, yes: bool) -> None:
    """Bring institutions, operators and document keys to what the reviewed file says."""
    run_enrol(find_site(choice), yes=yes)


@click.command("accept")
@which_network
@click.argument("key")
def accept(choice: Choice, key: str) -> None:
    """Sign, with KEY of your key ring, what the reviewed file has for it; print the lines for the file."""
    site = find_site(choice)
    registry = Registry(site.transactor().client, site.deployment().address("InstitutionRegistry"))
    click.echo(vouch(key, site.plan, registry, Acceptances(registry, site.chain_id, site.ring)))


@click.command("sign-trust-file")
@which_network
@click.option("--new", is_flag=True, help="Write it anew, with a fresh checkpoint, before signing.")
def sign_trust_file_command(choice: Choice, new: bool) -> None:
    """Add the signatures of your members' admin keys to the trust file."""
    site = find_site(choice)
    if new:
        renew_trust_file(site, site.transactor(), always=True)
    trust = sign_with_ring(TrustFile.load(site.trust_path), site.plan, site.ring)
    trust.save(site.trust_path)
    click.echo(f"{site.trust_path}: fingerprint {trust.fingerprint}")
    click.echo(f"signed by {len(trust.signatures)} of {len(trust.members)} members")


def run_deploy(site: Site) -> None:
    """What `deploy` does and says."""
    deploy_contracts(site, site.transactor(), say=click.echo)
    deployment = site.deployment()
    for name, address in deployment.contracts.items():
        click.echo(f"{name:22} {address}")
    click.echo(f"written to {site.deployment_path}")


def run_enrol(site: Site, *, yes: bool) -> None:
    """What `enrol` does and says."""
    transactor = site.transactor()
    registry = Registry(transactor.client, site.deployment().address("InstitutionRegistry"))
    # On a local network the file also names who may come later, by `add-validator`.
    plan = admitted(site.plan, registry) if site.local else site.plan
    work = enrolment(site, transactor, plan, say=click.echo)
    if not yes:
        show_steps(work.steps())
        return
    left = work.run()
    show_steps(left)
    if renew_trust_file(site, transactor):
        click.echo(f"trust file written to {site.trust_path}")


def show_steps(steps: list[Step]) -> None:
    """What is still to be done, and what waits for whom."""
    for step in steps:
        click.echo(f"  {'waits' if step.blocked else 'to do'}  {step.what}")
        if step.blocked:
            click.echo(f"         {step.blocked}")
    if not steps:
        click.echo("everything in the file is on the chain")
    elif any(not step.blocked for step in steps):
        click.echo("run again with --yes to do it")
