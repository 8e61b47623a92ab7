"""The frame of the contract tests: one development node for the run, rolled back after each test.

These fixtures take the place of ape's pytest plugin, which is switched off in pyproject.toml: it would start a node
and take snapshots for every test of the project. They bear the plugin's names, so `ape test` works as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from scripts.solidity import all_sources, compile_standard, gather
from tests.contracts.frame import ACTIVE, ERRORS, ROLES, prepare_tools
from tests.fixtures.missing import unavailable

MISSING = "contract tests need {} (make setup)"


@pytest.fixture(scope="session")
def provider() -> Iterator[Any]:
    """A fresh anvil on a free port."""
    if missing := prepare_tools():
        unavailable(MISSING.format(", ".join(missing)))
    import ape
    from ape.logging import logger
    from ape_ethereum.trace import Trace

    logger.set_level("ERROR")
    choice = ape.networks.parse_network_choice(
        "ethereum:local:foundry", disconnect_after=True, provider_settings={"host": "auto"}
    )
    # ape renders and prints the trace of each transaction that fails; tests of refusals would do little else.
    with pytest.MonkeyPatch.context() as patch, choice as connected:
        patch.setattr(Trace, "show", lambda *_, **__: None)
        yield connected


class Contracts:
    """The contracts and the doubles by name, as ape's containers: `contracts.DocumentRegistry`.

    Compiled as the artifacts are, so that tests run the bytecode that is deployed. (ape's own project would keep
    a double as it was when only the contract below it has changed.)
    """

    def __init__(self, compiled: Mapping[str, Mapping[str, Any]]) -> None:
        self._compiled = compiled

    def __getattr__(self, name: str) -> Any:
        from ape.contracts import ContractContainer
        from ethpm_types import ContractType

        if name not in self._compiled:
            raise AttributeError(name)
        contract = self._compiled[name]
        kind = ContractType.model_validate(
            {
                "contractName": name,
                "abi": contract["abi"],
                "deploymentBytecode": {"bytecode": "0x" + contract["evm"]["bytecode"]["object"]},
                "runtimeBytecode": {"bytecode": "0x" + contract["evm"]["deployedBytecode"]["object"]},
            }
        )
        return ContractContainer(contract_type=kind)


@pytest.fixture(scope="session")
def project(provider: Any) -> Contracts:
    """The compiled contracts by name."""
    output = compile_standard(gather(all_sources()))["contracts"]
    compiled = {name: contract for contracts in output.values() for name, contract in contracts.items()}
    for contract in compiled.values():
        ERRORS.learn(contract["abi"])
    return Contracts(compiled)


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


@pytest.fixture(scope="session")
def network(project: Any, chain: Any, accounts: Any) -> Any:
    """The three contracts together, as `tests.contracts.network.Network`."""
    from tests.contracts.network import deploy_network

    return deploy_network(project, chain, accounts)
