"""`ape run deploy --network ECOSYSTEM:NETWORK:PROVIDER`: put the contracts on the connected chain, once.

For the local network (`--network saegim:poa:node`) nothing else is needed; a real one takes `--plan` and `--keys`.
The same as `python -m network deploy`, on the chain that ape is connected to.
"""

from __future__ import annotations

from dataclasses import replace

import click
from ape.api import ProviderAPI
from ape.cli import ConnectedProviderCommand

from network.cli_real import run_deploy, which_network
from network.rollout import Choice, find_site


@click.command(cls=ConnectedProviderCommand)
@which_network
def cli(choice: Choice, provider: ProviderAPI) -> None:
    """Deploy InstitutionRegistry, DocumentRegistry and TransferLedger, unless they are there."""
    connected = replace(choice, rpc_urls=choice.rpc_urls or (str(provider.uri),))
    run_deploy(find_site(connected))
