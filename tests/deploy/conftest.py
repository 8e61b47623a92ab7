"""The processes that Prometheus scrapes, each with the registry it really serves, on the fakes of its own tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "chain", TESTS / "verifier", TESTS / "backend", TESTS / "oracle"):
    sys.path.insert(0, str(folder))

import backend_world  # noqa: E402
import oracle_fakes  # noqa: E402

from chain.clock import utc_now  # noqa: E402
from chain.db import make_engine, writing  # noqa: E402
from chain.follower import FollowerReport  # noqa: E402
from chain.follower import create_tables as create_follower_tables  # noqa: E402
from chain.follower.metrics import FollowerMetrics  # noqa: E402
from chain.follower.tables import CursorRow  # noqa: E402
from chain.sender.metrics import SenderMetrics  # noqa: E402
from chain.sender.rows import Line  # noqa: E402
from chain.sender.state import StepReport  # noqa: E402
from network.monitor.alerts import Message  # noqa: E402
from network.monitor.queue import Queue  # noqa: E402
from network.monitor.relay import Relay  # noqa: E402
from network.watch.agent import Agent, Watched  # noqa: E402
from oracle import running  # noqa: E402
from oracle.db import migrate  # noqa: E402
from oracle.health import HealthServer  # noqa: E402
from oracle.jobs import Jobs  # noqa: E402

ACCOUNT = "0x" + "11" * 20


class OracleProcess:
    """An oracle's health server over a real database; `sender` takes what the sender's passes saw."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = make_engine(f"sqlite:///{folder}/oracle.sqlite3")
        migrate(engine)
        oracle_fakes.create_tables(engine)
        self.world = oracle_fakes.World(database=engine)
        self.jobs = Jobs(self.world.pipeline, timedelta(seconds=1))
        registry = self.world.pipeline.observer.registry
        self.sender = SenderMetrics(engine, Line(1, ACCOUNT), self.world.clock, registry)
        self._show(monkeypatch)
        self.server = HealthServer("127.0.0.1", 0, engine, self.jobs, registry)
        self.server.start()

    def _show(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What `python -m oracle run` registers, with a registry contract that knows key and account."""
        until = datetime(2027, 1, 1, tzinfo=UTC)
        contract = SimpleNamespace(
            key=lambda kid: SimpleNamespace(valid_until=until, compromised_since=None),
            operator=lambda account: SimpleNamespace(until=until),
        )
        monkeypatch.setattr(running, "InstitutionRegistry", lambda *_: contract)
        monkeypatch.setattr(
            running, "key_ring", lambda _: SimpleNamespace(document_key=lambda name: (None, b"kid"))
        )
        oracle: Any = SimpleNamespace(
            pipeline=self.world.pipeline,
            database=self.world.database,
            adapter=SimpleNamespace(name="sql"),
            settings=SimpleNamespace(document_key="hospital-sign"),
            client=None,
            deployment=SimpleNamespace(address=lambda name: ACCOUNT),
            chain=SimpleNamespace(sender=SimpleNamespace(address=ACCOUNT)),
        )
        running.show(oracle, self.jobs)

    @property
    def address(self) -> str:
        host, port = self.server.address
        return f"{host}:{port}"

    def metrics(self) -> str:
        return httpx.get(f"http://{self.address}/metrics", trust_env=False).text

    def close(self) -> None:
        self.server.close()
        self.world.close()


@pytest.fixture
def oracle_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OracleProcess]:
    process = OracleProcess(tmp_path, monkeypatch)
    yield process
    process.close()


@pytest.fixture(scope="session")
def network_fakes() -> ModuleType:
    """The node made of a dictionary, which lives in the network tests' conftest."""
    spec = importlib.util.spec_from_file_location("network_fakes", TESTS / "network" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def chain_of(network_fakes: ModuleType) -> Callable[[int, int], list[Any]]:
    """Blocks sealed in turn by four validators: `chain_of(count, at)`, the newest with time `at`."""

    def make(count: int, at: int) -> list[Any]:
        fakes = network_fakes
        order = sorted(range(4), key=lambda n: fakes.ADDRESSES[n].lower())
        chain = [fakes.sealed(None, order[0], difficulty=1, tag="0" * 32, time=at - count)]
        tag = fakes.hex_hash(chain[0])[2:34]
        for number in range(1, count + 1):
            chain.append(fakes.sealed(chain[-1], order[number % 4], difficulty=2, tag=tag))
        return chain

    return make


@pytest.fixture
def agent(
    network_fakes: ModuleType, chain_of: Callable[[int, int], list[Any]], tmp_path: Path
) -> Iterator[tuple[Agent, Any]]:
    """A watch agent and its node."""
    geth = network_fakes.FakeGeth(chain_of(12, int(datetime.now(UTC).timestamp())))
    made = Agent(Watched("validator-1", geth, list, 1, tmp_path, lambda: None))
    yield made, geth
    made.close()


class Told:
    """A channel that keeps what it is told."""

    name = "told"

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, message: Message) -> None:
        self.messages.append(message)

    def close(self) -> None:
        return


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def relay(told: Told, tmp_path: Path) -> Relay:
    """A relay with one channel."""
    queue = Queue(make_engine(f"sqlite:///{tmp_path}/queue.sqlite3"), ["told"], utc_now, timedelta(hours=4))
    queue.create_tables()
    return Relay(queue, [told], utc_now, timedelta(minutes=5))


@pytest.fixture
def expositions(
    oracle_process: OracleProcess, agent: tuple[Agent, Any], relay: Relay, tmp_path: Path
) -> dict[str, str]:
    """What each process shows, by the job's name."""
    oracle_process.sender.note(StepReport(head=1, chain_nonce=0, balance=10**18))
    follower = follower_registry(tmp_path)
    agent[0].step()
    with backend_world.World(tmp_path) as backend:
        backend.client.get("/")
        backend.post(backend.delivery())
        backend.client.post("/api/v1/verifications", content=backend.bundle())
        shown = backend.client.get("/metrics").text
    return {
        "saegim-oracle": oracle_process.metrics() + generate_latest(follower).decode(),
        "saegim-watch": agent[0].pages().metrics().decode(),
        "saegim-backend": shown,
        "saegim-monitor": generate_latest(relay.registry).decode(),
    }


def follower_registry(folder: Path) -> Any:
    """A follower's numbers, wherever one runs."""
    engine, registry = make_engine(f"sqlite:///{folder}/follower.sqlite3"), CollectorRegistry()
    create_follower_tables(engine, [])
    with writing(engine) as session:
        session.add(CursorRow(chain_id=1, genesis_hash="0x", applied=3))
    FollowerMetrics(engine, 1, utc_now, registry).note(FollowerReport(head=3, head_time=1))
    return registry
