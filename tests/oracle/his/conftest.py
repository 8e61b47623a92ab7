"""Shared by the adapters' tests: the contract suite is importable as ``contract``, PostgreSQL as a fixture."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
pytest.register_assert_rewrite("contract")

_spec = importlib.util.spec_from_file_location(
    "saegim_postgres", HERE.parents[1] / "fixtures" / "postgres.py"
)
assert _spec is not None and _spec.loader is not None
_postgres = importlib.util.module_from_spec(_spec)
sys.modules["saegim_postgres"] = _postgres
_spec.loader.exec_module(_postgres)
postgres_server = _postgres.postgres_server
postgres_url = _postgres.postgres_url
