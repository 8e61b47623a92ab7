"""A misspelt setting is refused, never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from chain.settings import ProcessSettings, UnknownSetting


class Mill(ProcessSettings):
    model_config = SettingsConfigDict(env_prefix="SAEGIM_MILL_")

    grain: str = "rye"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_misspelt_variable_is_named() -> None:
    with pytest.raises(UnknownSetting, match="SAEGIM_MILL_GRIAN") as refused:
        Mill.read({"SAEGIM_MILL_GRIAN": "oats"})
    assert refused.value.names == ["SAEGIM_MILL_GRIAN"]


def test_a_misspelt_line_of_the_file_is_named(elsewhere: Path) -> None:
    (elsewhere / ".env").write_text("SAEGIM_MILL_GRIAN=oats\n")
    with pytest.raises(UnknownSetting):
        Mill.read({})


def test_other_processes_variables_are_none_of_its_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_MILL_GRAIN", "oats")
    assert (
        Mill.read({"SAEGIM_BAKERY_OVEN": "hot", "SAEGIM_ENV": "test", "SAEGIM_MILL_GRAIN": "oats"}).grain
        == "oats"
    )
