"""Every fault of the tables against five real validators, the real oracle and a backend over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fault import Fault
from fault_world import Outcome, endure
from faults_all import FAULTS

from network.local import LocalNetwork


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_system_comes_right(
    fault: Fault,
    seed: int,
    shared: Any,
    fresh_poa_network: Callable[..., LocalNetwork],
    tmp_path: Path,
    tell: Callable[[Outcome], None],
) -> None:
    network = fresh_poa_network(validators=fault.validators) if fault.validators else shared.give()
    tell(endure(fault, network, tmp_path, seed))


def test_every_fault_has_a_name_of_its_own_and_says_what_it_does() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.what for fault in FAULTS)
    assert any(fault.short for fault in FAULTS)
