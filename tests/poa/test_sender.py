"""The sender on real validators: lost answers, dead and restarted nodes, kills, reorganisations; and the follower."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account

from chain.client import ChainClient
from chain.contracts import DocumentRegistry, InstitutionRegistry, registry_validators
from chain.contracts.reverts import AlreadyAnchored
from chain.db import make_engine, reading, writing
from chain.engine import engine_for
from chain.finality import Finality
from chain.follower import DocumentsProjection, Follower, InstitutionsProjection
from chain.follower import create_tables as create_follower_tables
from chain.follower.projections import documents, institutions
from chain.sender import CRASH_POINTS, Sender, Submission, TxState, create_tables
from network.local import LocalNetwork
from network.waiting import wait_for

Fresh = Callable[..., LocalNetwork]
ROOT = Path(__file__).parents[2]
OPERATOR = "hospital-oracle"


class Desk:
    """One sender that anchors for the hospital, with its own database."""

    def __init__(self, network: LocalNetwork, folder: Path, urls: list[str] | None = None) -> None:
        self.network = network
        self.client = ChainClient(urls or network.rpc_urls, chain_id=network.chain_id, timeout=3)
        self.deployment = network.deployment
        self.registry = DocumentRegistry(self.client, self.deployment.address("DocumentRegistry"))
        self.institutions = InstitutionRegistry(self.client, self.deployment.address("InstitutionRegistry"))
        self.url = f"sqlite:///{folder}/desk.sqlite3"
        self.db = make_engine(self.url)
        create_tables(self.db)
        self.sender = self.new_sender()
        self.roots: dict[str, bytes] = {}

    def new_sender(self, **options: Any) -> Sender:
        return Sender(
            self.db,
            self.client,
            self.network.keys.account(OPERATOR),
            self.network.chain_id,
            engine_name="clique",
            validators=registry_validators(self.institutions),
            start_block=self.deployment.deployed_at,
            **options,
        )

    def anchor(self, *keys: str) -> None:
        self.roots.update({key: os.urandom(32) for key in keys})
        anchors = [
            Submission(self.registry.address, self.registry.encode_anchor(self.roots[key], 4), 120_000, key)
            for key in keys
        ]
        with writing(self.db) as session:
            self.sender.submit_many(session, anchors)

    def states(self) -> dict[str, Any]:
        with reading(self.db) as session:
            return self.sender.states(session, list(self.roots))

    def reach(self, finality: Finality, *, seconds: float = 90) -> dict[str, Any]:
        """Step until everything submitted is this final."""

        def reached() -> dict[str, Any] | None:
            self.sender.step()
            states = self.states()
            return states if all(state.finality >= finality for state in states.values()) else None

        return wait_for("everything settled", reached, seconds=seconds)

    def sent(self) -> int:
        return self.client.account(self.sender.address).nonce

    def close(self) -> None:
        self.sender.close()
        self.db.dispose()
        self.client.close()


@pytest.fixture
def desk(poa_network: LocalNetwork, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(poa_network, tmp_path)
    yield made
    made.close()


@contextmanager
def losing_answers(node: str, lost: int) -> Iterator[str]:
    """A way to `node` on which the first `lost` answers to eth_sendRawTransaction never come back."""
    client, left = httpx.Client(timeout=10, trust_env=False), [lost]

    class Way(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = client.post(node, content=body, headers={"content-type": "application/json"})
            if b"eth_sendRawTransaction" in body and left[0] > 0:
                left[0] -= 1
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Way)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    client.close()


def test_anchors_settle_and_a_follower_projects_them(desk: Desk, tmp_path: Path) -> None:
    keys = [f"batch-{number}" for number in range(40)]
    desk.anchor(*keys)
    with writing(desk.db) as session:
        twice = desk.registry.encode_anchor(desk.roots["batch-0"], 4)
        desk.sender.submit(session, to=desk.registry.address, data=twice, gas_limit=120_000, key="twice")
    desk.roots["twice"] = desk.roots["batch-0"]
    states = desk.reach(Finality.STRONG)
    refused = states.pop("twice")
    assert refused.state == TxState.FAILED
    assert isinstance(refused.error, AlreadyAnchored)
    assert refused.error.time == states["batch-0"].block_time
    assert {state.state for state in states.values()} == {TxState.SETTLED}
    assert desk.registry.batches(1, [desk.roots[key] for key in keys]).count(None) == 0

    projections = [DocumentsProjection(), InstitutionsProjection()]
    db = make_engine(f"sqlite:///{tmp_path}/follower.sqlite3")
    create_follower_tables(db, projections)
    vanity = desk.deployment.genesis_hash.removeprefix("0x")[:32].encode()
    engine = engine_for("clique", vanity=vanity)
    follower = Follower(db, desk.client, engine, desk.deployment, projections)

    def followed() -> bool:
        report = follower.step()
        assert report.errors == []
        assert report.fault is None
        return report.strong >= max(state.block_number for state in states.values())

    wait_for("the follower", followed, seconds=60)
    assert set(follower.validator_sets()[0]) == set(desk.institutions.validators())
    with reading(db) as session:
        height = follower.height(session, Finality.STRONG)
        for key, state in states.items():
            row = documents.batch(session, 1, desk.roots[key], upto=height)
            assert (row.block_hash, row.block_time) == (state.block_hash, state.block_time)
        assert institutions.operator(session, desk.sender.address, upto=height).institution == 1
    follower.close()
    db.dispose()


def test_a_lost_answer_after_broadcast_doubles_nothing(poa_network: LocalNetwork, tmp_path: Path) -> None:
    with losing_answers(poa_network.rpc_urls[0], 2) as way:
        desk = Desk(poa_network, tmp_path, [way])
        desk.sender.step()
        before = desk.sent()
        desk.anchor("a", "b", "c")
        assert [error.code for error in desk.sender.step().errors] == ["node_unavailable"]
        assert {state.state for state in desk.states().values()} == {TxState.SIGNED}
        states = desk.reach(Finality.SETTLED)
        assert {state.state for state in states.values()} == {TxState.SETTLED}
        assert desk.sent() - before == 3
        desk.close()


CHILD = """
import json, os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from chain.client import ChainClient
from chain.db import make_engine
from chain.keys import KeyRing
from chain.sender import Sender

asked = json.loads(sys.argv[1])
def cut(passed):
    if passed == asked["point"]:
        os._exit(137)
client = ChainClient(asked["urls"])
account = KeyRing(Path(asked["keys"])).account(asked["operator"])
sender = Sender(make_engine(asked["db"]), client, account, client.chain_id(), engine_name="clique", crash_point=cut,
                validators=lambda: (asked["validators"],), start_block=asked["start"],
                clock=lambda: datetime.now(UTC) + timedelta(minutes=asked["minutes"]))
while True:
    sender.step()
"""


def test_killed_at_every_point_each_payload_is_mined_once(desk: Desk) -> None:
    """One database; the process dies at each point in turn, with a batch under way, and is followed by the next."""
    desk.sender.step()
    desk.sender.close()
    before = desk.sent()
    points = [point for point in CRASH_POINTS if point not in ("replaced", "recovered", "noop")]
    for number, point in enumerate(points):
        desk.anchor(f"{point}-1", f"{point}-2")
        asked = {
            "point": point,
            "urls": desk.network.rpc_urls,
            "keys": str(desk.network.keys.folder),
            "operator": OPERATOR,
            "db": desk.url,
            "validators": list(desk.institutions.validators()),
            "start": desk.deployment.deployed_at,
            "minutes": number,
        }
        child = subprocess.run([sys.executable, "-c", CHILD, json.dumps(asked)], cwd=ROOT, timeout=90)
        assert child.returncode == 137
    desk.sender = desk.new_sender(clock=_later)
    states = desk.reach(Finality.STRONG)
    assert {state.state for state in states.values()} == {TxState.SETTLED}
    assert desk.sent() - before == len(desk.roots)
    assert len({state.transaction_hash for state in states.values()}) == len(desk.roots)


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=30)


def test_nodes_killed_and_restarted_while_hundreds_are_under_way(
    fresh_poa_network: Fresh, tmp_path: Path
) -> None:
    network = fresh_poa_network(watch=True)
    desk = Desk(network, tmp_path)
    before = desk.sent()
    keys = [f"k{number}" for number in range(300)]
    desk.anchor(*keys[:150])
    desk.sender.step()
    network.kill(1)
    desk.anchor(*keys[150:])
    desk.sender.step()
    network.kill(2)
    for _ in range(3):
        desk.sender.step()
    network.restart(1)
    network.restart(2)
    states = desk.reach(Finality.STRONG, seconds=150)
    assert {state.state for state in states.values()} == {TxState.SETTLED}
    assert desk.sent() - before == 300
    assert [states[key].nonce for key in keys] == sorted(states[key].nonce for key in keys)
    desk.close()


def test_a_partition_that_heals_loses_and_doubles_nothing(fresh_poa_network: Fresh, tmp_path: Path) -> None:
    """The minority side mines nothing for long, or a fork that is thrown away; either way each is mined once."""
    network = fresh_poa_network(watch=True)
    desk = Desk(network, tmp_path, network.rpc_urls[3:])  # only nodes of the smaller side
    before = desk.sent()
    network.stop_watch()
    network.cut({1, 2, 3}, {4, 5})
    desk.anchor("a", "b")
    desk.sender.step()
    for _ in range(3):
        network.node(1).ipc.call("eth_blockNumber")
        desk.sender.step()
    network.mend()
    network.start_watch()
    states = desk.reach(Finality.STRONG, seconds=120)
    assert {state.state for state in states.values()} == {TxState.SETTLED}
    assert desk.sent() - before == 2
    desk.close()


def test_an_account_without_coins_is_told_and_recovers(poa_network: LocalNetwork, tmp_path: Path) -> None:
    """A sender whose account is empty signs, is refused, and goes on as soon as there are coins."""
    empty, client = Account.create(), poa_network.client()
    db = make_engine(f"sqlite:///{tmp_path}/empty.sqlite3")
    create_tables(db)
    validators = registry_validators(
        InstitutionRegistry(client, poa_network.deployment.address("InstitutionRegistry"))
    )
    start = client.head().number
    sender = Sender(
        db,
        client,
        empty,
        poa_network.chain_id,
        engine_name="clique",
        validators=validators,
        start_block=start,
    )
    with writing(db) as session:
        sender.submit(session, to=empty.address, data=b"x", gas_limit=30_000, key="k")
    assert [error.code for error in sender.step().errors] == ["insufficient_funds"]
    donor = poa_network.keys.account(OPERATOR)
    view = client.account(donor.address)
    gift = donor.sign_transaction(
        {
            "type": 2,
            "chainId": poa_network.chain_id,
            "nonce": view.nonce,
            "to": empty.address,
            "value": 10**15,
            "gas": 21_000,
            "maxFeePerGas": 10**9,
            "maxPriorityFeePerGas": 1,
        }
    )
    assert client.broadcast(bytes(gift.raw_transaction)).accepted

    def settled() -> bool:
        sender.step()
        with reading(db) as session:
            return sender.state(session, "k").state == TxState.SETTLED

    wait_for("the payment and then the transaction", settled, seconds=60)
    db.dispose()
