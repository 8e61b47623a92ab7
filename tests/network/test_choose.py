"""Which network a machine gets, and that it is told why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from network import choose, dev
from network.choose import choose_kind
from network.errors import BuildFailed, DevNodeMissing, GethMissing


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says what the machine has: `machine(geth=…, go=…, builds=…)`."""

    def set_up(*, geth: bool, go: bool = False, builds: bool = True) -> list[str]:
        built: list[str] = []

        def find() -> Path:
            if geth:
                return Path("geth")
            raise GethMissing(["PATH"])

        def build(*, say: Any) -> Path:
            if not builds:
                raise BuildFailed("`go install` ended with 1")
            built.append("geth")
            return Path("geth")

        monkeypatch.setattr(choose, "find_geth", find)
        monkeypatch.setattr(choose, "build_geth", build)
        monkeypatch.setattr(choose.shutil, "which", lambda name: "/usr/bin/go" if go else None)
        return built

    return set_up


def test_asked_for_validators_without_geth_it_fails(machine: Any) -> None:
    machine(geth=False)
    with pytest.raises(GethMissing):
        choose_kind("poa", say=lambda text: None)


def test_without_geth_and_go_it_is_the_development_node_and_says_why(machine: Any) -> None:
    machine(geth=False)
    said: list[str] = []
    assert choose_kind(say=said.append) == "dev"
    assert "geth was not found" in said[0]
    assert "no seals" in said[1]


def test_with_go_geth_is_built(machine: Any) -> None:
    built = machine(geth=False, go=True)
    assert choose_kind(say=lambda text: None) == "poa"
    assert built == ["geth"]


def test_a_build_that_fails_leads_to_the_development_node(machine: Any) -> None:
    machine(geth=False, go=True, builds=False)
    said: list[str] = []
    assert choose_kind(say=said.append) == "dev"
    assert "could not be built" in said[0]


def test_with_geth_it_is_the_validators(machine: Any) -> None:
    machine(geth=True)
    said: list[str] = []
    assert choose_kind(say=said.append) == "poa"
    assert said == ["network: real validators, one per institution (geth, Clique proof of authority)"]


def test_asked_for_it_the_development_node_comes_without_a_look_for_geth(
    machine: Any, tmp_path: Path
) -> None:
    machine(geth=True)
    assert choose_kind("dev", say=lambda text: None) == "dev"


def test_without_any_node_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dev.shutil, "which", lambda name, path=None: None)
    with pytest.raises(DevNodeMissing, match="make setup"):
        dev.DevNetwork.create(tmp_path)


def test_without_anvil_it_is_hardhats_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        dev.shutil, "which", lambda name, path=None: "/x/hardhat" if name == "hardhat" else None
    )
    network = dev.DevNetwork.create(tmp_path)
    assert (network.program, network.kind, network.engine) == ("hardhat", "dev", "dev")
