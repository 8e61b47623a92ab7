"""The relay as a process: what it took in before it was killed is told by the next one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from network.ports import choose_ports
from network.waiting import wait_for

ROOT = Path(__file__).parents[2]
ALERT = {
    "labels": {"alertname": "OracleDown", "severity": "critical", "patient": "MARKED"},
    "annotations": {
        "summary_ko": "중계 서버가 응답하지 않습니다",
        "summary_en": "The oracle does not answer",
    },
    "startsAt": "2026-07-01T09:00:00Z",
    "status": "firing",
}

Start = Callable[..., tuple[subprocess.Popen[bytes], str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the relay on the test's own queue; the process and its address once it answers."""
    made: list[subprocess.Popen[bytes]] = []

    def run(syslog: str) -> tuple[subprocess.Popen[bytes], str]:
        (port,) = choose_ports(1)
        settings = {
            "SAEGIM_MONITOR_LISTEN_PORT": str(port),
            "SAEGIM_MONITOR_DATABASE_URL": f"sqlite:///{tmp_path}/queue.sqlite3",
            "SAEGIM_MONITOR_SYSLOG_URLS": syslog,
        }
        environ = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "network", "monitor"]
        made.append(subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.DEVNULL))
        address = f"http://127.0.0.1:{port}"
        wait_for("the relay to answer", lambda: answers(address))
        return made[-1], address

    yield run
    for process in made:
        process.kill()
        process.wait(20)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_killed_relay_has_lost_nothing(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    room = f"tcp://127.0.0.1:{port}"
    first, address = start(room)
    posted = httpx.post(f"{address}/alerts", content=json.dumps({"alerts": [ALERT]}), trust_env=False)
    assert posted.status_code == 200
    first.kill()
    first.wait(20)
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(60)
        second, _ = start(room)
        taken, _ = listener.accept()
        with taken:
            taken.settimeout(30)
            line = b"".join(iter(lambda: taken.recv(4_096), b""))
    second.terminate()
    assert second.wait(30) == 0
    assert b"OracleDown raised" in line
    assert "중계 서버가 응답하지 않습니다".encode() in line
    assert b"MARKED" not in line
