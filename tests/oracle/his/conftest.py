"""Shared by the adapters' tests: the contract suite is importable as ``contract``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("contract", "desk_contract")
