"""The deployment file: what is refused, and that it comes back as it was saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chain.deployment import Deployment, DeploymentUnreadable

GOOD: dict[str, Any] = {
    "chain_id": 20_193,
    "engine": "clique",
    "genesis_hash": "0x" + "AB" * 32,
    "contracts": {"DocumentRegistry": "0x" + "ab" * 20},
    "deployed_at": 3,
    "rpc_urls": ["http://127.0.0.1:8601"],
}


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"chain_id": 0}, "chain_id"),
        ({"genesis_hash": "0x12"}, "32 bytes"),
        ({"genesis_hash": "zz"}, "genesis_hash"),
        ({"contracts": {"X": "0x12"}}, "contracts.X"),
        ({"deployed_at": -1}, "deployed_at"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    path = write(tmp_path / "deployment.json", {**GOOD, **change})
    with pytest.raises(DeploymentUnreadable) as caught:
        Deployment.load(path)
    assert problem in caught.value.problem
    assert caught.value.path == path


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '"text"'])
def test_what_is_no_deployment_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(DeploymentUnreadable):
        Deployment.load(write(tmp_path / "deployment.json", content))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DeploymentUnreadable, match="No such file"):
        Deployment.load(tmp_path / "nothing.json")


def test_it_comes_back_as_saved(tmp_path: Path) -> None:
    found = Deployment.load(write(tmp_path / "a.json", GOOD))
    assert found.address("DocumentRegistry") == "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"
    assert found.genesis_hash == "0x" + "ab" * 32
    found.save(tmp_path / "deep" / "b.json")
    assert Deployment.load(tmp_path / "deep" / "b.json") == found
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["b.json"]
