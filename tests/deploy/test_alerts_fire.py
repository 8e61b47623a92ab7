"""Alerts made to fire: a real Prometheus with the real rules scrapes real servers, and the relay hears of it.

Only the waits differ from production: intervals are a second at the most, and `for:` is left out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import yaml
from oracle_fakes import issue

from chain.clock import from_block_time, utc_now
from chain.sender.state import StepReport
from network.monitor.relay import Relay
from network.monitor.server import MonitorServer, run
from network.ports import choose_ports
from network.waiting import wait_for
from network.watch.agent import Agent, Watched
from network.watch.server import AgentServer
from tests.fixtures.missing import unavailable

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
COIN = 10**18


class Validator:
    """A watch agent with its server; time stands still until the test moves it."""

    def __init__(self, fakes: Any, chain: list[Any], folder: Path) -> None:
        self.fakes, self.late = fakes, timedelta(0)
        self.geth = fakes.FakeGeth(chain)
        self._start = from_block_time(chain[-1].time)
        watched = Watched("validator-1", self.geth, list, 1, folder, lambda: None)
        self.agent = Agent(watched, clock=self.clock)
        self.agent.step()
        self._server = AgentServer(("127.0.0.1", 0), self.agent.pages())
        self._server.start()
        self.address = "{}:{}".format(*self._server.server_address[:2])

    def clock(self) -> datetime:
        return self._start + self.late

    def stand_still(self, seconds: float) -> None:
        """Time goes on, and no block comes."""
        self.late += timedelta(seconds=seconds)

    def mine(self) -> None:
        """The next block in turn, now."""
        head = self.geth.chain[-1]
        order = sorted(range(4), key=lambda n: self.fakes.ADDRESSES[n].lower())
        block = self.fakes.sealed(
            head,
            order[(head.number + 1) % 4],
            difficulty=2,
            tag=head.extra_data[:32].decode(),
            time=int(self.clock().timestamp()),
        )
        self.geth.chain = [*self.geth.chain, block]

    def close(self) -> None:
        self._server.stop()
        self.agent.close()


class AgentProcess:
    """`python -m network.watch one` of another validator, whose node is not there."""

    def __init__(self, folder: Path) -> None:
        (port,) = choose_ports(1)
        self.address = f"127.0.0.1:{port}"
        command = [sys.executable, "-m", "network.watch", "one", "--name", "validator-2", "--period", "1"]
        command += ["--ipc", str(folder / "none.ipc"), "--listen", self.address]
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(20)


class Prometheus:
    """A Prometheus on a port of its own, asked through its API."""

    def __init__(self, folder: Path, targets: dict[str, list[str]], relay: str) -> None:
        program = shutil.which("prometheus") or unavailable("prometheus was not found: install prometheus")
        (port,) = choose_ports(1)
        self._url = f"http://127.0.0.1:{port}/api/v1"
        command = [program, f"--config.file={configure(folder, targets, relay)}", "--log.level=error"]
        command += [f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
        self._process = subprocess.Popen(command)
        self._client = httpx.Client(trust_env=False, timeout=10)

    def ask(self, page: str) -> Any:
        """None while it does not answer yet."""
        try:
            return self._client.get(f"{self._url}/{page}").json()["data"]
        except (httpx.HTTPError, ValueError):
            return None

    def up(self) -> set[str]:
        """Targets that were scraped."""
        found = self.ask("targets")
        return {
            target["labels"]["instance"]
            for target in (found or {}).get("activeTargets", [])
            if target["health"] == "up"
        }

    def firing(self) -> set[tuple[str, str]]:
        """Name and instance of what fires."""
        found = (self.ask("alerts") or {}).get("alerts", [])
        return {
            (alert["labels"]["alertname"], alert["labels"].get("instance", ""))
            for alert in found
            if alert["state"] == "firing"
        }

    def close(self) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(30)


def configure(folder: Path, targets: dict[str, list[str]], relay: str) -> Path:
    """The configuration that is shipped, with these targets and without its waits."""
    rules = folder / "rules"
    rules.mkdir()
    for path in (MONITORING / "rules").glob("*.yml"):
        content = yaml.safe_load(path.read_text("utf-8"))
        for group in content["groups"]:
            for rule in group["rules"]:
                rule.pop("for", None)
        (rules / path.name).write_text(yaml.safe_dump(content, allow_unicode=True))
    shipped = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
    shipped["global"] |= {
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "evaluation_interval": "300ms",
    }
    shipped["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [relay]
    shipped["scrape_configs"] = [job for job in shipped["scrape_configs"] if job["job_name"] in targets]
    for job in shipped["scrape_configs"]:
        for name in ("scrape_interval", "scrape_timeout"):
            job.pop(name, None)
        job["static_configs"] = [{"targets": targets[job["job_name"]]}]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(shipped))
    return path


@pytest.fixture
def validator(
    network_fakes: Any, chain_of: Callable[[int, int], list[Any]], tmp_path: Path
) -> Iterator[Validator]:
    made = Validator(network_fakes, chain_of(12, int(datetime.now(UTC).timestamp())), tmp_path)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[AgentProcess]:
    made = AgentProcess(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def room(relay: Relay) -> Iterator[str]:
    """The relay's address, while it runs."""
    stop, news = Event(), Event()
    server = MonitorServer(("127.0.0.1", 0), relay, utc_now, news.set)
    thread = Thread(target=run, args=(relay, server, stop, news))
    thread.start()
    yield "{}:{}".format(*server.server_address[:2])
    stop.set()
    news.set()
    thread.join(30)


@pytest.fixture
def prometheus(
    oracle_process: Any, validator: Validator, other: AgentProcess, room: str, tmp_path: Path
) -> Iterator[Prometheus]:
    oracle_process.sender.note(StepReport(head=1, chain_nonce=0, balance=COIN))
    targets = {
        "saegim-oracle": [oracle_process.address],
        "saegim-watch": [validator.address, other.address],
        "saegim-monitor": [room],
    }
    made = Prometheus(tmp_path, targets, room)
    try:
        wait_for("every target to be scraped", lambda: len(made.up()) == 4, seconds=60)
        yield made
    finally:
        made.close()


def test_alerts_fire_reach_the_control_room_and_end(
    prometheus: Prometheus, oracle_process: Any, validator: Validator, other: AgentProcess, told: Any
) -> None:
    oracle, world = oracle_process.address, oracle_process.world
    expected = {
        ("QuarantineGrowing", oracle),
        ("OperatorBalanceLow", oracle),
        ("HeadOld", validator.address),
        ("WatchAgentDown", other.address),
    }
    wait_for("the rules to be looked at", lambda: ("NodeSilent", other.address) in prometheus.firing())
    wait_for("a quiet moment", lambda: not expected & prometheus.firing())

    world.tell(*(issue(str(number), 0, bad=True) for number in range(30)))
    while world.his.unread(world.database):
        world.run("intake")
    oracle_process.sender.note(StepReport(head=2, chain_nonce=0, balance=COIN // 10))
    validator.stand_still(60)
    other.kill()
    wait_for("four alerts", lambda: expected <= prometheus.firing(), seconds=60)
    heard = wait_for(
        "the control room to hear of them", lambda: _raised(told) >= _names(expected) and _raised(told)
    )
    assert heard >= _names(expected)

    validator.mine()
    oracle_process.sender.note(StepReport(head=3, chain_nonce=0, balance=COIN))
    ended = {("HeadOld", validator.address), ("OperatorBalanceLow", oracle)}
    wait_for("two of them to end", lambda: not ended & prometheus.firing())
    wait_for("the control room to hear of that", lambda: _cleared(told) >= _names(ended))
    assert not _cleared(told) & _names(expected - ended)


def _names(alerts: set[tuple[str, str]]) -> set[str]:
    return {name for name, _ in alerts}


def _raised(told: Any) -> set[str]:
    return {message.name for message in told.messages if message.raised}


def _cleared(told: Any) -> set[str]:
    return {message.name for message in told.messages if not message.raised}
