"""A sandbox hospital that sends its rows over real sockets to the adapter's listener."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import contract
from sqlalchemy import Engine, create_engine, text

from chain.db import make_engine
from oracle.db import migrate
from oracle.his.hl7v2 import Hl7Adapter, Hl7Config, make_hl7v2
from oracle.vault import Vault
from sandbox.his.events import Step
from sandbox.his.hl7 import Outgoing
from sandbox.his.hl7_feed import Feed
from sandbox.his.hl7_sender import Report, Sender
from sandbox.his.store import Writer, ensure_patients, open_database

START, END = b"\x0b", b"\x1c\r"
VAULT = Vault.from_key(bytes(range(32)))


class Hl7Hospital:
    """A hospital's database with its interface engine, and the oracle's own database with the inbox.

    `url` is the oracle's database; settings are those of `Hl7Config`.
    """

    sqlite = True

    def __init__(self, folder: Path, number: int, url: str | None = None, **settings: Any) -> None:
        self._now = contract.NOON
        self._settings = settings
        self.engine: Engine = open_database(f"sqlite:///{folder}/his{number}.db")
        ensure_patients(self.engine, 200)
        self.database = make_engine(url or f"sqlite:///{folder}/oracle{number}.db", synchronous="NORMAL")
        migrate(self.database)
        self.adapters: list[Hl7Adapter] = []
        self.feed = Feed(self.engine, clock=self.clock)
        self.report = Report()
        self.adapter()

    def clock(self) -> datetime:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def write(self, steps: Iterable[Step], *, stamped: timedelta = timedelta()) -> None:
        """Commit each step, and wait until everything that came of it is acknowledged."""
        writer = Writer(self.engine, clock=lambda: self._now - stamped)
        sender = self.sender()
        for step in steps:
            if step.writes:
                writer.step(step)
                self._note(sender.send(self.feed.changes()))
            self.pass_time(0.5)
        sender.close()

    def send(self, *messages: Outgoing) -> Report:
        """These messages."""
        sender = self.sender()
        report = sender.send(messages)
        sender.close()
        return report

    def sender(self, **options: Any) -> Sender:
        host, port = self.adapters[-1].address
        return Sender(host, port, pause=lambda _: None, tries=1, timeout=20, **options)

    def _note(self, report: Report) -> None:
        assert report.refused == [], "the hospital's own messages are all taken"
        self.report.accepted += report.accepted

    def adapter(self, **settings: Any) -> Hl7Adapter:
        """A new adapter that listens, as after a restart of the oracle; the one before listens no more."""
        for old in self.adapters:
            old.close()
        config = Hl7Config(port=0, **{**self._settings, **settings})
        adapter = make_hl7v2(config, self.database, self.clock, VAULT)
        adapter.start()
        self.adapters.append(adapter)
        return adapter

    def connect(self) -> socket.socket:
        """A bare connection to the listener."""
        return socket.create_connection(self.adapters[-1].address, 20)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The oracle's own database, where the inbox is, does not answer: what a listener has for an outage."""
        self.database.dispose()
        if self.database.dialect.name == "sqlite":
            file = Path(str(self.database.url.database))
            away = file.rename(file.with_suffix(".away"))
            file.mkdir()
            try:
                yield
            finally:
                file.rmdir()
                away.rename(file)
            return
        admin = create_engine(self.database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        name = self.database.url.database
        with admin.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            query = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(query, {"name": name})
            try:
                yield
            finally:
                connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        admin.dispose()

    def close(self) -> None:
        for adapter in self.adapters:
            adapter.close()
        self.database.dispose()
        self.engine.dispose()


def pause(seconds: float) -> None:
    """Wait a moment while the listener's own threads work."""
    Event().wait(seconds)
