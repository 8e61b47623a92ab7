"""A transfer ledger on the members' double, with a clock set by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils import keccak

from tests.contracts.frame import send

T0 = 1_767_225_600
"""2026-01-01T00:00:00Z, where the double's clock stands at first."""
SENDER, RECEIVER, THIRD = 1, 2, 3
MAC = keccak(text="the message authentication code")
COMMIT = keccak(MAC)
CIPHER = keccak(text="stands for the SHA-256 of a ciphertext")
ID = keccak(text="a random transfer id")


@pytest.fixture(scope="session")
def deployed_ledger(project: Any, members: Any, keeper: Any) -> Any:
    return keeper.deploy(project.TestTransferLedger, members)


@pytest.fixture
def ledger(deployed_ledger: Any) -> Any:
    return deployed_ledger


@pytest.fixture
def set_time(ledger: Any, keeper: Any) -> Callable[[int], None]:
    return lambda time: send(ledger.setTime, time, sender=keeper) and None


@pytest.fixture
def sent(ledger: Any, alice: Any, set_time: Callable[[int], None]) -> bytes:
    """A transfer of institution 1 to institution 2, sent at T0; the clock then stands at T0 + 60."""
    send(ledger.send, ID, RECEIVER, COMMIT, CIPHER, sender=alice)
    set_time(T0 + 60)
    return ID
