"""The commands: one sentence for what goes wrong, the same commands for ape and for python -m."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import network.cli_real
from chain.trust import TrustFile
from network import rollout
from network.cli import cli
from network.dev import DevNetwork
from network.folder import DEFAULT_FOLDER
from network.geth import ROOT
from network.rollout import Choice

COMMANDS = {
    "up",
    "down",
    "status",
    "watch",
    "add-validator",
    "vote-out",
    "kill",
    "restart",
    "trust-file",
    "genesis",
    "besu-files",
    "deploy",
    "enrol",
    "accept",
    "sign-trust-file",
    "monitor",
    "daily-check",
}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_every_command_is_there_and_explains_itself() -> None:
    assert set(cli.commands) == COMMANDS
    for name in COMMANDS:
        shown = run(name, "--help")
        assert shown.exit_code == 0
        assert len(shown.output.splitlines()) > 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("down",),
        ("status",),
        ("status", "--json"),
        ("watch", "--once"),
        ("add-validator",),
        ("vote-out", "2"),
        ("kill", "1"),
        ("restart", "1"),
        ("trust-file",),
    ],
    ids=" ".join,
)
def test_without_a_network_each_says_how_to_start_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    shown = run(*arguments, "--dir", tmp_path)
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: ")
    assert "start one with `network up`" in shown.output
    assert "Traceback" not in shown.output


def test_a_number_of_validators_that_is_not_offered_is_refused(tmp_path: Path, geth: Path) -> None:
    shown = run("up", "--dir", tmp_path / "new", "--validators", "9")
    assert shown.exit_code == 1
    assert "4 to 6" in shown.output
    assert not (tmp_path / "new").exists()


def test_a_plan_with_mistakes_is_told_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("version: 3\n")
    shown = run("deploy", "--plan", path, "--keys", tmp_path, "--rpc", "http://127.0.0.1:1")
    assert shown.exit_code == 1
    assert "version: " in shown.output


@pytest.fixture
def on_dev(dev_network: DevNetwork, monkeypatch: pytest.MonkeyPatch) -> Callable[[Choice], object]:
    """Commands for the local network act on the development node."""

    def find(choice: Choice) -> object:
        return dev_network.site

    monkeypatch.setattr(rollout, "find_site", find)
    monkeypatch.setattr(network.cli_real, "find_site", find)
    return find


@pytest.mark.usefixtures("on_dev")
def test_deploying_again_names_what_is_there(dev_network: DevNetwork) -> None:
    shown = run("deploy")
    assert shown.exit_code == 0, shown.output
    for name, address in dev_network.deployment.contracts.items():
        assert f"{name:22} {address}" in shown.output


@pytest.mark.usefixtures("on_dev")
def test_enrolling_again_finds_nothing_to_do() -> None:
    assert "everything in the file is on the chain" in run("enrol").output
    assert "everything in the file is on the chain" in run("enrol", "--yes").output


@pytest.mark.usefixtures("on_dev")
def test_a_key_vouches_for_itself_and_an_unknown_one_is_refused() -> None:
    assert run("accept", "hospital-oracle").output.startswith('acceptance: "0x')
    refused = run("accept", "nobody")
    assert refused.exit_code == 1
    assert "nothing to sign" in refused.output


@pytest.mark.usefixtures("on_dev")
def test_the_trust_file_is_signed_again_with_the_same_fingerprint(dev_network: DevNetwork) -> None:
    before = TrustFile.load(dev_network.trust_path).fingerprint
    shown = run("sign-trust-file")
    assert f"fingerprint {before}" in shown.output
    assert "signed by 5 of 5 members" in shown.output


def test_python_m_network_is_the_same_program() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "network", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert all(f"  {name} " in shown.stdout for name in COMMANDS)


def test_ape_runs_the_same_group() -> None:
    code = "import scripts.network, network.cli; print(scripts.network.cli is network.cli.cli)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "True"


def test_the_default_folder_is_one_that_git_ignores() -> None:
    inside = DEFAULT_FOLDER.relative_to(ROOT)
    ignored = subprocess.run(["git", "check-ignore", "-q", f"{inside}/x"], cwd=ROOT, check=False)
    assert ignored.returncode == 0
