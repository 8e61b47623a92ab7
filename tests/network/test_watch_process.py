"""The agent's process around the agent: passes, health file, server, command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from chain.deployment import Deployment
from network.ports import choose_ports
from network.watch import __main__ as process
from network.watch.agent import Watched

PLACES = dict.fromkeys(("InstitutionRegistry", "DocumentRegistry", "TransferLedger"), "0x" + "12" * 20)


@pytest.fixture
def watched(fork: Any, fakes: Any, tmp_path: Path) -> Callable[..., Watched]:
    def make(**changes: Any) -> Watched:
        geth = fakes.FakeGeth(list(fork.common), **changes)
        return Watched("validator-1", geth, list, 1, tmp_path, lambda: None)

    return make


def test_a_pass_with_an_alarm_is_not_well_and_written_down(
    watched: Callable[..., Watched], tmp_path: Path
) -> None:
    runner = process.Runner(watched(silent=True), listen=None, health=tmp_path / "health.json")
    assert not runner.once()
    assert json.loads((tmp_path / "health.json").read_text())["alarms"] == ["node-silent"]


def test_it_serves_while_it_runs_and_leaves_nothing_behind(
    watched: Callable[..., Watched], tmp_path: Path
) -> None:
    (port,) = choose_ports(1)
    runner = process.Runner(watched(), listen=("127.0.0.1", port), health=tmp_path / "health.json")
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    with httpx.Client(trust_env=False, transport=httpx.HTTPTransport(retries=5)) as client:
        assert client.get(f"http://127.0.0.1:{port}/view").json()["tip"]["number"] == 3
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert not (tmp_path / "health.json").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/view", trust_env=False)


def test_a_node_that_does_not_answer_is_503_for_other_agents(
    watched: Callable[..., Watched], tmp_path: Path
) -> None:
    (port,) = choose_ports(1)
    runner = process.Runner(watched(silent=True), listen=("127.0.0.1", port), health=None)
    stop = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    with httpx.Client(trust_env=False, transport=httpx.HTTPTransport(retries=5)) as client:
        answer = client.get(f"http://127.0.0.1:{port}/view")
        assert (answer.status_code, answer.text) == (503, "IpcUnavailable")
    stop.set()
    thread.join(20)


def test_the_registry_is_known_once_the_deployment_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    registry = process._registry_of(path)
    assert registry() is None
    path.write_text("{")
    assert registry() is None
    Deployment(
        chain_id=1, engine="clique", genesis_hash="0x" + "00" * 32, contracts=PLACES, deployed_at=1
    ).save(path)
    assert registry() == PLACES["InstitutionRegistry"]
    assert process._registry_of(None)() is None


def test_one_look_at_a_node_that_is_not_there_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = process.main(["one", "--name", "v", "--ipc", str(tmp_path / "no.ipc"), "--once"])
    assert code == 1
    assert capsys.readouterr().out == "v: node does not answer\n"
