"""Random histories of the registry, told to the contract and to its model at once."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.institutions.driver import Driver
from tests.contracts.institutions.machine import RegistryMachine
from tests.contracts.institutions.world import World

EXAMPLES = 40 if os.environ.get("CI") else 12
STEPS = 50


def test_contract_and_model_tell_the_same_history(world: World) -> None:
    shared_world, shared_driver = world, Driver(world)

    class Bound(RegistryMachine):
        world = shared_world
        driver = shared_driver

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
