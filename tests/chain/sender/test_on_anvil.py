"""The sender and the follower on a development node whose blocks the test makes by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from fake_chain import DepthEngine

from chain.client import ChainClient
from chain.contracts import DocumentRegistry, Role
from chain.contracts.reverts import AlreadyAnchored, NotAuthorized
from chain.db import make_engine, reading, writing
from chain.engine import DevEngine
from chain.finality import Finality
from chain.follower import DocumentsProjection, Follower, InstitutionsProjection
from chain.follower import create_tables as create_follower_tables
from chain.follower.projections import documents, institutions
from chain.sender import CRASH_POINTS, Sender, Submission, TxState, create_tables
from chain.window import HeaderWindow
from network.dev import DevNetwork

TARGET = "0x" + "11" * 20
ROOT = Path(__file__).parents[3]


class Bench:
    """A funded account on a bare node, with a sender that counts depth as finality."""

    def __init__(self, network: DevNetwork, folder: Path) -> None:
        self.network, self.rpc = network, network.rpc
        self.client = ChainClient(network.rpc_urls, chain_id=network.chain_id)
        self.account = Account.create()
        self.rpc("anvil_setBalance", self.account.address, hex(10**18))
        self.url = f"sqlite:///{folder}/sender.sqlite3"
        self.db = make_engine(self.url)
        create_tables(self.db)
        self.sender = Sender(
            self.db,
            self.client,
            self.account,
            network.chain_id,
            engine_name="dev",
            window=HeaderWindow(self.client, DepthEngine(), lambda: ((),)),
        )

    def submit(self, *keys: str) -> None:
        with writing(self.db) as session:
            self.sender.submit_many(session, [Submission(TARGET, key.encode(), 60_000, key) for key in keys])

    def step(self, blocks: int = 1) -> Any:
        report = self.sender.step()
        if blocks:
            self.network.mine(blocks)
        return report

    def state(self, key: str) -> Any:
        with reading(self.db) as session:
            return self.sender.state(session, key)

    def payloads(self) -> list[bytes]:
        head = self.client.head().number
        found = self.client.blocks(range(1, head + 1))
        mine = [tx for block in found for tx in block.transactions if tx.sender == self.account.address]
        return [tx.data for tx in mine]


@pytest.fixture
def bench(anvil: Callable[..., DevNetwork], tmp_path: Path) -> Iterator[Bench]:
    made = Bench(anvil(), tmp_path)
    yield made
    made.db.dispose()
    made.client.close()


def test_from_submission_to_strong(bench: Bench) -> None:
    bench.submit("a", "b")
    for _ in range(6):
        bench.step()
    states = [bench.state(key) for key in ("a", "b")]
    assert [(state.state, state.finality) for state in states] == [(TxState.SETTLED, Finality.STRONG)] * 2
    assert bench.payloads() == [b"a", b"b"]


def test_a_higher_base_fee_is_met_by_a_replacement(bench: Bench) -> None:
    bench.submit("a")
    bench.step(0)
    first = bench.state("a").transaction_hash
    for _ in range(12):
        bench.rpc("anvil_setNextBlockBaseFeePerGas", hex(5 * 10**9))
        report = bench.step()
        if report.replaced:
            break
    assert report.replaced == 1
    assert bench.state("a").transaction_hash != first
    for _ in range(6):
        bench.step()
    assert bench.state("a").state == TxState.SETTLED
    assert bench.payloads() == [b"a"]


def test_a_reorganisation_that_drops_it_sends_it_again(bench: Bench) -> None:
    bench.submit("a")
    bench.step()
    bench.step()
    assert bench.state("a").state == TxState.MINED
    bench.rpc("anvil_reorg", 2, [])
    bench.rpc("anvil_dropAllTransactions")
    report = bench.step()
    assert report.returned == 1
    for _ in range(6):
        bench.step()
    assert bench.state("a").state == TxState.SETTLED
    assert bench.payloads() == [b"a"]


def test_a_pool_that_lost_it_gets_it_again(bench: Bench) -> None:
    bench.submit("a")
    bench.step(0)
    bench.rpc("anvil_dropAllTransactions")
    for _ in range(10):
        bench.step()
    assert bench.payloads() == [b"a"]


CHILD = """
import os, sys
from eth_account import Account
from chain.client import ChainClient
from chain.db import make_engine, writing
from chain.sender import Sender, Submission
from datetime import UTC, datetime, timedelta

url, node, key, point, name, target, hours = sys.argv[1:]
def cut(passed):
    if passed == point:
        os._exit(137)
late = timedelta(hours=int(hours))
sender = Sender(make_engine(url), ChainClient([node]), Account.from_key(key), 31337, engine_name="dev",
                crash_point=cut, clock=lambda: datetime.now(UTC) + late)
with writing(make_engine(url)) as session:
    sender.submit(session, to=target, data=name.encode(), gas_limit=60000, key=name)
sender.step()
ChainClient([node]).call("evm_mine")
sender.step()
"""


@pytest.mark.parametrize("point", [p for p in CRASH_POINTS if p not in ("replaced", "recovered", "noop")])
def test_a_process_killed_at_any_point_leaves_one_transaction_per_key(bench: Bench, point: str) -> None:
    """The child process ends as by a power cut; the next one, an hour later, carries on."""
    for hours, at in enumerate([point, "never"]):
        arguments = [
            bench.url,
            bench.network.rpc_urls[0],
            bench.account.key.hex(),
            at,
            "only",
            TARGET,
            str(hours),
        ]
        child = subprocess.run(
            [sys.executable, "-c", CHILD, *arguments], cwd=ROOT, env=os.environ, timeout=60
        )
        assert child.returncode == (137 if at == point else 0)
    assert bench.payloads() == [b"only"]
    assert bench.state("only").state == TxState.SETTLED


def test_contracts_events_and_refusals_end_to_end(dev_network: DevNetwork, tmp_path: Path) -> None:
    client = dev_network.client()
    deployment = dev_network.deployment
    documents_contract = DocumentRegistry(client, deployment.address("DocumentRegistry"))
    account, stranger = dev_network.keys.account("hospital-oracle"), Account.create()
    dev_network.rpc("anvil_setBalance", stranger.address, hex(10**18))
    db = make_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    create_tables(db)
    projections = [DocumentsProjection(), InstitutionsProjection()]
    create_follower_tables(db, projections)
    root = os.urandom(32)
    anchor = documents_contract.encode_anchor(root, 4)
    senders = {
        who: Sender(db, client, key, dev_network.chain_id, engine_name="dev")
        for who, key in (("oracle", account), ("stranger", stranger))
    }
    with writing(db) as session:
        for sender in senders.values():
            for key in ("first", "second"):
                sender.submit(session, to=documents_contract.address, data=anchor, gas_limit=200_000, key=key)
    for _ in range(4):
        for sender in senders.values():
            assert sender.step().errors == []
    with reading(db) as session:
        found = {
            (who, key): sender.state(session, key)
            for who, sender in senders.items()
            for key in ("first", "second")
        }
    assert found["oracle", "first"].state == TxState.SETTLED
    again = found["oracle", "second"]
    assert again.state == TxState.FAILED
    assert isinstance(again.error, AlreadyAnchored)
    assert (again.error.issuer, again.error.root) == (1, root)
    assert again.error.time == found["oracle", "first"].block_time
    refused = found["stranger", "first"].error
    assert isinstance(refused, NotAuthorized)
    assert (refused.account, Role(refused.role)) == (stranger.address, Role.ANCHOR)

    follower = Follower(db, client, DevEngine(), deployment, projections)
    report = follower.step()
    assert (report.errors, report.caught_up) == ([], True)
    with reading(db) as session:
        height = follower.height(session, Finality.STRONG)
        row = documents.batch(session, 1, root, upto=height)
        assert row.block_time == found["oracle", "first"].block_time
        operator = institutions.operator(session, account.address, upto=height)
        assert operator.institution == 1
        assert Role.ANCHOR in Role(operator.roles)
        assert institutions.institution(session, 1, upto=height) is not None
    db.dispose()
