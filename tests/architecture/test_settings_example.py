"""`.env.example` names real settings, with the values that they have anyway."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.config import Settings
from chain.settings import ProcessSettings
from network.monitor.settings import MonitorSettings
from oracle.config import OracleSettings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
NAMED = dict(
    re.findall(r"^#?(SAEGIM_(?:ORACLE|BACKEND|MONITOR)_\w+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
)

PROCESSES = [
    ("SAEGIM_ORACLE_", OracleSettings),
    ("SAEGIM_BACKEND_", Settings),
    ("SAEGIM_MONITOR_", MonitorSettings),
]


@pytest.mark.parametrize(("prefix", "model"), PROCESSES)
def test_every_name_in_the_example_is_a_setting(prefix: str, model: type[ProcessSettings]) -> None:
    names = {name.removeprefix(prefix).lower() for name in NAMED if name.startswith(prefix)}
    assert names <= set(model.model_fields)


@pytest.mark.parametrize(("prefix", "model"), PROCESSES)
def test_the_example_changes_nothing_but_what_has_no_default(
    prefix: str, model: type[ProcessSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = model(_env_file=None).model_dump()
    read = model(_env_file=EXAMPLE).model_dump()
    assert {name for name in plain if plain[name] != read[name]} <= {"adapter_config"}
