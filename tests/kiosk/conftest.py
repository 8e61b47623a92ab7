"""A real backend on a free port, and machines that stand before it."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn

TESTS = Path(__file__).parents[1]
for folder in (TESTS / "chain", TESTS / "verifier", TESTS / "backend", TESTS / "kiosk"):
    sys.path.insert(0, str(folder))

from backend_world import World  # noqa: E402 - they stand in folders added above
from station import Site, Station  # noqa: E402

from chain.clock import utc_now  # noqa: E402


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its clock shows the real time, so that commands in processes of their own get on with it."""
    world = World(tmp_path_factory.mktemp("site"))
    world.late = utc_now() - world.case.now
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    world.settings.public_url = address
    world.settings.limits = "pairing=off, guess-address=off"
    server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield Site(world, address)
    server.should_exit = True
    thread.join()


@pytest.fixture
def station(site: Site, tmp_path: Path) -> Station:
    """Not paired yet."""
    return Station(site, tmp_path / "kiosk")


@pytest.fixture
def stations(site: Site, tmp_path: Path) -> Callable[[str], Station]:
    return lambda name: Station(site, tmp_path / name)
