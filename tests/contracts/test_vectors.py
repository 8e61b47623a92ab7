"""The tree's vectors are what OpenZeppelin's own package makes, today as when they were committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.contracts.frame import NODE_MODULES, ROOT
from tests.fixtures.missing import unavailable

FOLDER = ROOT / "tests" / "vectors" / "merkle"


def test_the_packages_trees_are_the_committed_ones() -> None:
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if node is None:
        unavailable("node is missing: run `make setup`")
    # Read from standard input a module finds its imports from the working folder.
    made = subprocess.run(
        [node, "--input-type=module", "-"],
        input=(FOLDER / "make_standard_trees.mjs").read_text(encoding="utf-8"),
        cwd=NODE_MODULES.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout == (FOLDER / "standard_trees.json").read_text(encoding="utf-8")
