"""Shared by the tests of chain/: makes `synthetic` and its like importable (tests are no package), and PostgreSQL."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

_NAME = "saegim_postgres"
if _NAME not in sys.modules:
    _spec = importlib.util.spec_from_file_location(
        _NAME, Path(__file__).parents[1] / "fixtures" / "postgres.py"
    )
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_NAME] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_NAME])
postgres_server = sys.modules[_NAME].postgres_server
postgres_url = sys.modules[_NAME].postgres_url
