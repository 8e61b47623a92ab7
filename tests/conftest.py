"""Fixtures for every folder: real validators, development nodes, and how hard hypothesis tries.

A missing geth or anvil skips the tests that need it on a developer's machine and fails them in CI.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from network.dev import DevNetwork, Mining
from network.errors import DevNodeMissing, GethMissing, GethUnfit
from network.geth import find_geth
from network.local import LocalNetwork
from tests.fixtures.browser import browser
from tests.fixtures.missing import unavailable
from tests.fixtures.postgres import postgres_server, postgres_url

__all__ = ["browser", "postgres_server", "postgres_url"]

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

FreshPoaNetwork = Callable[..., LocalNetwork]
Anvil = Callable[..., DevNetwork]


RECURSION_LIMIT = 1_000
"""As in our own processes, see tests/architecture/test_processes.py. The console's libraries raise it a hundredfold
when the contracts' tests load them, and then nested JSON ends the whole process instead of a request."""


def pytest_runtest_setup() -> None:
    """Every test runs under the limit that the system runs under."""
    sys.setrecursionlimit(RECURSION_LIMIT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses real validators carries the marker `poa`, so that `-m "not poa"` leaves it out."""
    for item in items:
        if {"poa_network", "fresh_poa_network"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.poa)


@pytest.fixture(scope="session")
def geth() -> Path:
    """A geth that seals Clique blocks."""
    try:
        return find_geth()
    except (GethMissing, GethUnfit) as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def poa_network(geth: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNetwork]:
    """Five real validators with watch agents, contracts deployed, founders enrolled. Do not break it."""
    with LocalNetwork.create(tmp_path_factory.mktemp("poa")).up() as network:
        yield network


@pytest.fixture
def fresh_poa_network(geth: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshPoaNetwork]:
    """Makes networks for tests that break them: `fresh_poa_network(validators=5, watch=False, contracts=True)`.

    Without watch agents unless asked for: they mend what a test cuts.
    """
    made: list[LocalNetwork] = []

    def make(
        validators: int = 5, *, period: int = 1, watch: bool = False, contracts: bool = True
    ) -> LocalNetwork:
        network = LocalNetwork.create(tmp_path_factory.mktemp("poa"), validators, period)
        made.append(network)
        return network.up(watch=watch, contracts=contracts)

    yield make
    for network in made:
        network.down()


@pytest.fixture(scope="session")
def new_anvil(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mining], DevNetwork]:
    """Gives a development node that is not started yet; whoever asks for it starts and ends it."""

    def new(mining: Mining) -> DevNetwork:
        return _anvil(tmp_path_factory.mktemp("anvil"), mining)

    return new


@pytest.fixture(scope="session")
def dev_network(new_anvil: Callable[[Mining], DevNetwork]) -> Iterator[DevNetwork]:
    """anvil with one block for each transaction, contracts deployed, founders enrolled."""
    with new_anvil("each").up() as network:
        yield network


@pytest.fixture
def anvil(new_anvil: Callable[[Mining], DevNetwork]) -> Iterator[Anvil]:
    """Makes development nodes: `anvil(mining="manual", contracts=False)`; then `.mine(count)`, `.rpc(…)`."""
    made: list[DevNetwork] = []

    def make(mining: Mining = "manual", *, contracts: bool = False) -> DevNetwork:
        network = new_anvil(mining)
        made.append(network)
        return network.up(contracts=contracts)

    yield make
    for network in made:
        network.down()


def _anvil(folder: Path, mining: Mining) -> DevNetwork:
    try:
        network = DevNetwork.create(folder, mining=mining)
    except DevNodeMissing as error:
        unavailable(str(error))
    if network.program != "anvil":
        unavailable("anvil was not found: run `make setup`")
    return network
