"""Only the oracle reaches the hospital system: the backend has neither code nor words for it, and asks the relay."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from oracle.his.sql.config import SqlConfig
from oracle.his.sql.mapping import Mapping

ROOT = Path(__file__).resolve().parents[2]
BACKEND = sorted((ROOT / "backend").rglob("*.py"))


def test_a_running_backend_holds_no_code_of_the_oracle_or_of_the_hospital() -> None:
    program = (
        "import sys, backend.app, backend.cli\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('oracle', 'sandbox')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_engines_are_made_of_the_backends_own_two_databases_alone() -> None:
    made = set()
    for path in BACKEND:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {
                "make_engine",
                "create_engine",
            }:
                made |= {ast.unparse(node.args[0])}
    assert made == {"settings.database_url", "settings.keys_database_url", "url"}


def test_the_backend_knows_no_view_of_the_hospital() -> None:
    mapping = Mapping.load(SqlConfig(url="sqlite://").mapping)
    heads = (mapping.visits, mapping.settlements, mapping.patients, mapping.diagnoses, mapping.lines)
    views = [head.view for head in heads if head is not None]
    views += [asked.view for asked in mapping.desk.values()]
    assert len(views) == 10
    named = re.compile("|".join(map(re.escape, views)))
    assert [path.name for path in BACKEND if named.search(path.read_text("utf-8"))] == []


def test_only_one_place_asks_the_relay() -> None:
    asking = {path.relative_to(ROOT).as_posix() for path in BACKEND if "/relay/v1" in path.read_text("utf-8")}
    assert asking == {"backend/relay/client.py"}
