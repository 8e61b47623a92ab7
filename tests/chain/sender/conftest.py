"""A sender on a chain in memory, with a clock and a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from fake_chain import DepthEngine, FakeChain
from sqlalchemy import Engine as Database

from chain.db import make_engine, reading, writing
from chain.sender import Sender, Submission, TransactionState, create_tables
from chain.window import HeaderWindow

TARGET = "0x" + "11" * 20


@dataclass
class Workshop:
    """Everything around one sender; `restart` is what a new process would do."""

    chain: FakeChain
    db: Database
    account: LocalAccount
    now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    alarms: list[Any] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    sender: Sender = field(init=False)
    _owners: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.restart()

    def clock(self) -> datetime:
        return self.now

    def another(self, **options: Any) -> Sender:
        """A second process with the same key and database."""
        return Sender(
            self.db,
            self.chain,
            self.account,
            1,
            engine_name="dev",
            clock=self.clock,
            window=HeaderWindow(self.chain, DepthEngine(), lambda: ((),)),
            alarm=self.alarms.append,
            owner=f"process-{next(self._owners)}",
            **{**self.options, **options},
        )

    def restart(self, **options: Any) -> None:
        """The old process is gone; its lease runs out before the new one begins."""
        self.now += timedelta(minutes=5)
        self.sender = self.another(**options)

    def submit(self, key: str, data: bytes | None = None, *, gas: int | None = 60_000) -> None:
        with writing(self.db) as session:
            self.sender.submit(session, to=TARGET, data=data or key.encode(), gas_limit=gas, key=key)

    def submit_all(self, keys: list[str]) -> None:
        with writing(self.db) as session:
            self.sender.submit_many(session, [Submission(TARGET, key.encode(), 60_000, key) for key in keys])

    def state(self, key: str) -> TransactionState:
        with reading(self.db) as session:
            return self.sender.state(session, key)

    def step_and_mine(self, times: int = 1) -> None:
        for _ in range(times):
            self.sender.step()
            self.chain.mine()

    def mined_payloads(self) -> list[bytes]:
        return [tx.data for tx in self.chain.mined(self.account.address)]


@pytest.fixture(scope="session")
def account() -> LocalAccount:
    return Account.from_key(b"\x07" * 32)


@pytest.fixture
def make_workshop(tmp_path: Path, account: LocalAccount) -> Iterator[Callable[..., Workshop]]:
    made: list[Workshop] = []
    names = count(1)

    def make(**options: Any) -> Workshop:
        db = make_engine(f"sqlite:///{tmp_path}/sender-{next(names)}.sqlite3", synchronous="NORMAL")
        create_tables(db)
        made.append(Workshop(FakeChain(), db, account, options=options))
        return made[-1]

    yield make
    for workshop in made:
        workshop.db.dispose()


@pytest.fixture
def workshop(make_workshop: Callable[..., Workshop]) -> Workshop:
    return make_workshop()
