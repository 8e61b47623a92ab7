"""The frame of the contract tests: one development node for the run, rolled back after each test.

These fixtures take the place of ape's pytest plugin, which is switched off in pyproject.toml: it would start a node
and take snapshots for every test of the project. They bear the plugin's names, so `ape test` works as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.frame import ACTIVE, ERRORS, ROLES, ROOT, prepare_tools

MISSING = "contract tests need {} (make setup)"


@pytest.fixture(scope="session")
def provider() -> Iterator[Any]:
    """A fresh anvil on a free port."""
    if missing := prepare_tools():
        message = MISSING.format(", ".join(missing))
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    import ape
    from ape.logging import logger

    logger.set_level("ERROR")
    choice = ape.networks.parse_network_choice(
        "ethereum:local:foundry", disconnect_after=True, provider_settings={"host": "auto"}
    )
    with choice as connected:
        yield connected


@pytest.fixture(scope="session")
def project(provider: Any) -> Any:
    """The compiled contracts by name."""
    import ape

    compiled = ape.Project(ROOT)
    for contract in compiled.load_contracts().values():
        ERRORS.learn([error.model_dump(mode="json") for error in contract.errors])
    return compiled


@pytest.fixture(scope="session")
def chain(provider: Any) -> Any:
    import ape

    return ape.chain


@pytest.fixture(scope="session")
def accounts(provider: Any) -> Any:
    """Twenty accounts with coins. The last one deploys and sets the doubles up; it is nobody's operator."""
    import ape

    return ape.accounts.test_accounts


@pytest.fixture(autouse=True)
def isolation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Roll the chain back after each test that uses it. What sessions deploy is there before and stays."""
    if "provider" not in request.fixturenames:
        yield
        return
    chain = request.getfixturevalue("chain")
    snapshot = chain.snapshot()
    yield
    chain.restore(snapshot)


@pytest.fixture(scope="session")
def keeper(accounts: Any) -> Any:
    """Deploys contracts and sets the doubles up."""
    return accounts[19]


@pytest.fixture(scope="session")
def members(project: Any, accounts: Any, keeper: Any) -> Any:
    """The double of the institution registry: institutions 1 to 3, all active, each with an operator in all roles.

    accounts[index] acts for institution `index`; accounts[0] acts for nobody.
    """
    double = keeper.deploy(project.TestInstitutionRegistry)
    for index in (1, 2, 3):
        double.setInstitution(index, ACTIVE, 0, 0, sender=keeper)
        double.setOperator(accounts[index], index, sum(ROLES), sender=keeper)
    return double


@pytest.fixture
def stranger(accounts: Any) -> Any:
    """Has coins and acts for nobody."""
    return accounts[0]


@pytest.fixture
def alice(accounts: Any) -> Any:
    """Acts for institution 1 in every role."""
    return accounts[1]


@pytest.fixture
def bob(accounts: Any) -> Any:
    """Acts for institution 2 in every role."""
    return accounts[2]
