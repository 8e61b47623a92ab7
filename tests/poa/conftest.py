"""For tests on real validators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the validators, also those that start their own in another way."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.poa)


@pytest.fixture
def running() -> Callable[[Path], list[str]]:
    """Command lines of the processes that belong to a network's folder, this test's own left out."""
    from network.processes import command_line

    def lines(folder: Path) -> list[str]:
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [line for line in map(command_line, pids) if str(folder) in line and "pytest" not in line]

    return lines
