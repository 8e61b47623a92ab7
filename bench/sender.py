"""Transactions through the sender beside a bare batch of raw transactions, on five validators, in one run.

Both send the same payloads (anchors of random roots) from one funded account to every node and are timed from the
first byte until the chain has mined the last. *Bare* signs and sends in batches of 250 and polls the nonce: no
database, no watching, nothing survives a crash. Rounds alternate, so that the machine's mood hits both.
`python -m bench.sender` prints the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from sqlalchemy import Engine

from chain.client import ChainClient
from chain.contracts import DocumentRegistry, InstitutionRegistry, registry_validators
from chain.db import make_engine, reading, writing
from chain.sender import FeePolicy, Sender, Submission, TxState, create_tables
from chain.sender.signing import Signer
from network.local import LocalNetwork

GAS = 120_000
POLL = 0.02
_BATCH = 250


class Site:
    """One network, one operator, and payloads without end."""

    def __init__(self, network: LocalNetwork) -> None:
        self.client = ChainClient(network.rpc_urls, chain_id=network.chain_id, timeout=30)
        self.account: LocalAccount = network.keys.account("hospital-oracle")
        self.chain_id = network.chain_id
        deployment = network.deployment
        self.start_block = deployment.deployed_at
        self.registry = DocumentRegistry(self.client, deployment.address("DocumentRegistry"))
        self.institutions = InstitutionRegistry(self.client, deployment.address("InstitutionRegistry"))

    def payloads(self, count: int) -> list[bytes]:
        return [self.registry.encode_anchor(os.urandom(32), 4) for _ in range(count)]

    def nonce(self) -> int:
        return self.client.account(self.account.address).nonce


def bare(site: Site, payloads: list[bytes]) -> float:
    """Seconds until a bare batch is mined, signing included."""
    first, fees, to = site.nonce(), FeePolicy().first(7), site.registry.address
    signer = Signer(site.account, site.chain_id)
    started = time.perf_counter()
    for start in range(0, len(payloads), _BATCH):
        part = enumerate(payloads[start : start + _BATCH], first + start)
        site.client.broadcast_many(
            [signer.sign(nonce=nonce, to=to, data=data, gas_limit=GAS, fees=fees).raw for nonce, data in part]
        )
    wait_until(lambda: site.nonce() >= first + len(payloads))
    return time.perf_counter() - started


def through_sender(site: Site, payloads: list[bytes], folder: Path, number: int) -> float:
    """Seconds until the same through the outbox is mined, submission included."""
    db = make_engine(f"sqlite:///{folder}/sender.sqlite3")
    create_tables(db)
    sender = Sender(
        db,
        site.client,
        site.account,
        site.chain_id,
        engine_name="clique",
        validators=registry_validators(site.institutions),
        start_block=site.start_block,
    )
    _settle_in(sender, site)
    keys = [f"{number}-{place}" for place in range(len(payloads))]
    started = time.perf_counter()
    with writing(db) as session:
        to = site.registry.address
        sender.submit_many(session, [Submission(to, d, GAS, k) for d, k in zip(payloads, keys, strict=True)])
    mined = 0

    def all_mined() -> bool:
        nonlocal mined
        report = sender.step()
        mined += report.mined
        return mined >= len(payloads)

    wait_until(all_mined)
    spent = time.perf_counter() - started
    _check(db, sender, keys)
    sender.close()
    db.dispose()
    return spent


def _check(db: Engine, sender: Sender, keys: list[str]) -> None:
    """Every transaction settles; without that the figure would mean nothing."""
    wait_until(lambda: sender.step().waiting == 0)
    with reading(db) as session:
        states = sender.states(session, keys)
    if {state.state for state in states.values()} != {TxState.SETTLED}:
        raise RuntimeError("not every transaction settled: the figure would mean nothing")


def _settle_in(sender: Sender, site: Site) -> None:
    """Let a sender learn what was sent without it, and see it settled, before the clock starts."""
    quiet = site.client.head().number + 8
    wait_until(lambda: (sender.step().head or 0) >= quiet)


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll until it is so; TimeoutError after five minutes."""
    give_up = time.monotonic() + 300
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError("the chain did not mine within five minutes")
        time.sleep(POLL)


def run(transactions: int = 3_000, rounds: int = 5) -> dict[str, Any]:
    """Transactions per second over all rounds of `transactions` each; blocks make a single round's figure coarse."""
    plain: list[float] = []
    carried: list[float] = []
    with tempfile.TemporaryDirectory(prefix="saegim-bench-") as name:
        folder = Path(name)
        with LocalNetwork.create(folder / "network").up() as network:
            site = Site(network)
            for number in range(rounds):
                plain.append(bare(site, site.payloads(transactions)))
                carried.append(through_sender(site, site.payloads(transactions), folder, number))
            site.client.close()
    return {
        "transactions": transactions,
        "rounds": rounds,
        "bare batch, tx/s": round(rounds * transactions / sum(plain)),
        "through the sender, tx/s": round(rounds * transactions / sum(carried)),
        "share of the bare batch, %": round(100 * sum(plain) / sum(carried), 1),
        "goal, %": 90,
        "series": {
            "bare, tx/s by round": [transactions / seconds for seconds in plain],
            "sender, tx/s by round": [transactions / seconds for seconds in carried],
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(run(options.transactions, options.rounds), indent=2))
