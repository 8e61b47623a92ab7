"""`ape run enrol --network ECOSYSTEM:NETWORK:PROVIDER`: bring the members to what the reviewed file says.

For the local network (`--network saegim:poa:node`) nothing else is needed; a real one takes `--plan` and `--keys`.
The same as `python -m network enrol`, on the chain that ape is connected to.
"""

from __future__ import annotations

from dataclasses import replace

import click
from ape.api import ProviderAPI
from ape.cli import ConnectedProviderCommand

from network.cli_real import run_enrol, which_network
from network.rollout import Choice, find_site


@click.command(cls=ConnectedProviderCommand)
@which_network
@click.option("--yes", is_flag=True, help="Do it; without, only show what would be done.")
def cli(choice: Choice, provider: ProviderAPI, yes: bool) -> None:
    """Enrol institutions, operators and document keys, as far as your keys go."""
    connected = replace(choice, rpc_urls=choice.rpc_urls or (str(provider.uri),))
    run_enrol(find_site(connected), yes=yes)
