"""A registry with five voting founders, deployed once; ape rolls every test back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chain.signing import institution_id
from tests.contracts.institutions.world import (
    FOUNDER_KINDS,
    RESERVE,
    World,
    validator,
)

FIRST_FREE = len(FOUNDER_KINDS)


def founders(accounts: Any, count: int = FIRST_FREE) -> list[tuple[Any, ...]]:
    """Constructor argument: `count` voting founders, admins the first accounts."""
    return [
        (institution_id(f"krnpi:1110000{index}"), kind, True, accounts[index - 1].address, validator(index))
        for index, kind in enumerate(FOUNDER_KINDS[:count], start=1)
    ]


@pytest.fixture(scope="session")
def deployed_registry(project: Any, accounts: Any) -> Any:
    """The registry as a Clique network deploys it: at least three validators."""
    return accounts[19].deploy(project.InstitutionRegistry, founders(accounts), [], 3, value=RESERVE)


@pytest.fixture
def world(deployed_registry: Any, chain: Any, accounts: Any) -> World:
    """Five founders who all vote."""
    admins = {index: accounts[index - 1] for index in range(1, FIRST_FREE + 1)}
    return World(deployed_registry, chain, accounts, admins)


@pytest.fixture
def registry(deployed_registry: Any) -> Any:
    return deployed_registry


@pytest.fixture
def free(accounts: Any) -> Callable[[int], Any]:
    """Accounts nobody holds yet: free(0) … free(12)."""
    return lambda number: accounts[FIRST_FREE + number]


@pytest.fixture
def stranger(accounts: Any) -> Any:
    """An account with coins and no part in anything."""
    return accounts[18]
