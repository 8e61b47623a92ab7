"""For tests on real validators."""

from __future__ import annotations

import subprocess
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
def processes_of() -> Callable[[Path], list[str]]:
    """Command lines of all processes that name a network's folder."""

    def lines(folder: Path) -> list[str]:
        listing = subprocess.run(
            ["ps", "-axww", "-o", "command="], capture_output=True, text=True, check=True
        )
        return [line for line in listing.stdout.splitlines() if f"{folder}" in line]

    return lines
