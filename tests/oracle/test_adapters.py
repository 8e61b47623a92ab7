"""The table of adapters: every one can be made by its name, and a mistake says where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    "webservice": {"base_url": "https://his.example"},
}
"""The least that an adapter needs, but for files."""


@pytest.fixture
def good(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Settings of an adapter, with the files that they name."""
    key = tmp_path / "his.key"
    key.write_text(f"{SECRET}\n")
    key.chmod(0o600)
    files: dict[str, dict[str, Any]] = {"webservice": {"credentials": {"api_key_file": str(key)}}}
    return lambda name: {**GOOD.get(name, {}), **files.get(name, {})}


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


@pytest.mark.parametrize("name", ["sql", "webservice"])
def test_a_mapping_file_that_is_not_there_is_a_mistake_in_the_settings(
    name: str, database: Engine, tmp_path: Path, good: Callable[[str], dict[str, Any]]
) -> None:
    with pytest.raises(NotConfigured) as raised:
        make_adapter(name, {**good(name), "mapping": str(tmp_path / "none.yaml")}, database, utc_now)
    assert raised.value.setting == "SAEGIM_ORACLE_ADAPTER_CONFIG"
    assert "none.yaml" in raised.value.remedy


@pytest.mark.parametrize("name", sorted(GOOD))
def test_an_adapter_is_made_without_touching_the_hospital(
    name: str, database: Engine, good: Callable[[str], dict[str, Any]]
) -> None:
    assert make_adapter(name, good(name), database, utc_now).name.startswith(f"{name}:")
