"""The network that faults share, the seed, and the record that `make faults` reads.

`FAULTS=all` runs every fault, else the short ones; `FAULTS_SEED` is the seed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
for folder in (HERE, HERE.parent / "oracle", HERE.parent / "poa"):
    sys.path.insert(0, str(folder))
pytest.register_assert_rewrite("oracle_harness", "delivery_contract", "test_network_halt")
pytest.register_assert_rewrite(*(path.stem for path in HERE.glob("fault*.py")))

from fault_world import Outcome  # noqa: E402
from faults_all import FAULTS  # noqa: E402

from network.errors import NetworkError  # noqa: E402
from network.local import LocalNetwork  # noqa: E402

SEED = 20260302


class Shared:
    """One network for all faults that leave it as they found it; a new one after a fault that did not."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._network: LocalNetwork | None = None

    def give(self) -> LocalNetwork:
        """Five validators that seal, with their agents."""
        if self._network is not None and not self._healthy(self._network):
            self.end()
        if self._network is None:
            self._network = LocalNetwork.create(self._factory.mktemp("faults")).up()
        return self._network

    def end(self) -> None:
        """End its processes."""
        if self._network is not None:
            self._network.down()
        self._network = None

    @staticmethod
    def _healthy(network: LocalNetwork) -> bool:
        if len(network.running) < len(network.nodes):
            return False
        try:
            network.mend()
            network.start_watch()
            network.wait_for_blocks(2, seconds=60)
        except NetworkError:
            return False
        return True


@pytest.fixture(scope="session")
def seed() -> int:
    """What everything drawn depends on."""
    return int(os.environ.get("FAULTS_SEED", SEED))


@pytest.fixture(scope="session")
def shared(geth: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The shared network."""
    made = Shared(tmp_path_factory)
    yield made
    made.end()


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[Outcome], None]:
    """Hands what a fault did to whoever runs the suite."""

    def told(outcome: Outcome) -> None:
        for name, value in asdict(outcome).items():
            record_property(name, value)

    return told


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long faults unless all were asked for."""
    mine = [item for item in items if item.path.is_relative_to(HERE)]
    for item in mine:
        item.add_marker(pytest.mark.poa)
    if os.environ.get("FAULTS") == "all":
        return
    long = {fault.name for fault in FAULTS if not fault.short}
    left_out = [
        item
        for item in mine
        if (call := getattr(item, "callspec", None)) and getattr(call.params.get("fault"), "name", "") in long
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
