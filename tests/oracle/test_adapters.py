"""The table of adapters: every one can be made by its name, and a mistake says where it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from chain.clock import utc_now
from oracle.adapters import ADAPTERS, make_adapter
from oracle.errors import NotConfigured

SECRET = "a-password-nobody-may-see"
GOOD: dict[str, dict[str, Any]] = {
    "sql": {"url": "sqlite:///nowhere.db"},
}
"""The least that each adapter needs."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/oracle.db")
    yield engine
    engine.dispose()


def test_an_adapter_that_is_not_there_is_refused_with_those_that_are(database: Engine) -> None:
    with pytest.raises(NotConfigured) as raised:
        make_adapter("telepathy", {}, database, utc_now)
    assert raised.value.setting == "SAEGIM_ORACLE_ADAPTER"
    assert all(name in raised.value.remedy for name in ADAPTERS)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_an_unknown_setting_is_refused_by_name_and_never_shown(name: str, database: Engine) -> None:
    with pytest.raises(NotConfigured) as raised:
        make_adapter(name, {**GOOD.get(name, {}), "colour": SECRET}, database, utc_now)
    assert raised.value.setting == "SAEGIM_ORACLE_ADAPTER_CONFIG"
    assert "colour" in raised.value.remedy
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", ["sql"])
def test_a_mapping_file_that_is_not_there_is_a_mistake_in_the_settings(
    name: str, database: Engine, tmp_path: Path
) -> None:
    with pytest.raises(NotConfigured) as raised:
        make_adapter(name, {**GOOD[name], "mapping": str(tmp_path / "none.yaml")}, database, utc_now)
    assert raised.value.setting == "SAEGIM_ORACLE_ADAPTER_CONFIG"
    assert "none.yaml" in raised.value.remedy


@pytest.mark.parametrize("name", sorted(GOOD))
def test_an_adapter_is_made_without_touching_the_hospital(name: str, database: Engine) -> None:
    assert make_adapter(name, GOOD[name], database, utc_now).name.startswith(name)
