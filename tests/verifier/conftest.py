"""Shared by the tests of verifier/: makes the synthetic chain (tests/chain) and `case` importable."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "chain"):
    sys.path.insert(0, str(folder))
