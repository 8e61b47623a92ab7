"""The hl7v2 adapter inside the oracle: made from settings, started and ended with it, cleaned up with the documents."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hl7_hospital import VAULT
from hl7_wire import Client, adt
from oracle_fakes import World
from sqlalchemy import Engine, insert

from chain.clock import utc_now
from chain.db import make_engine, table_of
from oracle import running
from oracle.adapters import make_adapter
from oracle.cleanup import Cleanup
from oracle.db import migrate
from oracle.errors import NotConfigured
from oracle.his.base import HisUnavailable
from oracle.his.hl7v2 import Hl7Adapter
from oracle.his.optional import Closing, Counting, Keeping, Listening
from oracle.models import Cursor


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path}/oracle.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = request.param == "sqlite"
    fresh: Callable[[], str] | None = None if sqlite else request.getfixturevalue("postgres_url")
    engine = make_engine(fresh() if fresh else f"sqlite:///{tmp_path}/many.db", synchronous="NORMAL")
    migrate(engine)
    yield engine
    engine.dispose()


def made(database: Engine, **settings: Any) -> Hl7Adapter:
    adapter = make_adapter("hl7v2", {"port": 0, **settings}, database, utc_now, VAULT)
    assert isinstance(adapter, Hl7Adapter)
    return adapter


def test_without_the_store_key_nothing_may_be_kept(database: Engine) -> None:
    with pytest.raises(NotConfigured) as raised:
        make_adapter("hl7v2", {}, database, utc_now)
    assert raised.value.setting == "SAEGIM_ORACLE_STORE_KEY_FILE"


@pytest.mark.parametrize(
    "settings",
    [
        {"port": 70_000},
        {"host": "his.example"},
        {"host": "0.0.0.0"},
        {"mapping": "none.yaml"},
        {"tls": {"certificate": "none.pem", "key": "none.pem"}},
        {"peers": ["10.1.2.3/8"]},
        {"colour": "red"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_setting_that_can_not_work_is_refused_by_name(database: Engine, settings: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured) as raised:
        made(database, **settings)
    assert raised.value.setting == "SAEGIM_ORACLE_ADAPTER_CONFIG"
    assert next(iter(settings)) in str(raised.value)


def test_nothing_is_opened_before_it_is_started(database: Engine) -> None:
    adapter = made(database)
    assert adapter.address == ("127.0.0.1", 0)
    assert isinstance(adapter, Listening)
    assert isinstance(adapter, Closing)
    assert isinstance(adapter, Keeping)
    assert isinstance(adapter, Counting)
    adapter.close()


@dataclass
class Standing:
    """As much of an oracle as starting to listen touches."""

    adapter: Any
    closed: bool = False

    def close(self) -> None:
        self.closed = True


def test_an_oracle_that_can_not_listen_ends_what_it_had_begun(database: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        oracle = Standing(made(database, port=taken.getsockname()[1]))
        with pytest.raises(HisUnavailable):
            running._listen(oracle)  # type: ignore[arg-type]
    assert oracle.closed


def test_an_adapter_that_asks_needs_no_listener(world: World) -> None:
    oracle = Standing(world.his)
    running._listen(oracle)  # type: ignore[arg-type]
    assert not oracle.closed


def test_cleanup_destroys_messages_with_the_documents(database: Engine) -> None:
    adapter = made(database)
    adapter.start()
    client = Client(socket.create_connection(adapter.address, 20))
    assert client.say(adt("A03", "V1", "100000")).accepted
    client.close()
    page = adapter.read(None, 10)
    with database.begin() as connection:
        connection.execute(insert(table_of(Cursor)).values(adapter=adapter.name, position=page.next_cursor))
    for days, left in ((6, 1), (8, 0)):
        now = utc_now() + timedelta(days=days)
        Cleanup(database, lambda now=now: now, timedelta(days=7), timedelta(days=400), adapter).step()
        assert len(adapter.reread(["visit:V1"]).documents) == left
    adapter.close()


def test_what_many_senders_say_at_once_is_read_once_each_while_it_comes(any_database: Engine) -> None:
    adapters = [made(any_database), made(any_database)]  # as two oracle processes would
    for adapter in adapters:
        adapter.start()

    def tell(sender: int) -> int:
        client = Client(socket.create_connection(adapters[sender % 2].address, 20))
        told = [client.say(adt("A03", f"V{sender}-{number}", "100000")).accepted for number in range(15)]
        client.close()
        return sum(told)

    seen: list[str] = []
    cursor: str | None = None
    with ThreadPoolExecutor(8) as senders:
        telling = [senders.submit(tell, sender) for sender in range(8)]
        while not all(each.done() for each in telling) or len(seen) < 8 * 15:
            page = adapters[0].read(cursor, 7)
            seen += [document.source_key for document in page.documents]
            if page.next_cursor == cursor and all(each.done() for each in telling):
                break
            cursor = page.next_cursor
    assert [each.result() for each in telling] == [15] * 8
    assert sorted(seen) == sorted(f"visit:V{sender}-{number}" for sender in range(8) for number in range(15))
    for adapter in adapters:
        adapter.close()
