"""What each process of ours loads: nothing that raises the recursion limit.

Python's JSON decoder relies on it: with a limit raised far beyond the stack, deeply nested JSON from outside ends the
process. Some Ethereum libraries (py_ecc, eth) raise it when they are imported.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMIT = 1_000
MODULES = (
    "backend.cli",
    "oracle.cli",
    "oracle.assembly",
    "oracle.running",
    "verifier.cli",
    "network.cli",
    "network.watch.__main__",
    "network.monitor.commands",
    "kiosk.commands",
)
LOOK = "import importlib, sys; [importlib.import_module(each) for each in sys.argv[1:]]; print(sys.getrecursionlimit())"


@pytest.mark.parametrize("module", MODULES)
def test_a_process_keeps_the_recursion_limit(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOOK, module], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= LIMIT
