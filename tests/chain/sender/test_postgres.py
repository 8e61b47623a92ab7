"""The same on PostgreSQL: nonces in commit order among concurrent submitters, the lease, recovery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from fake_chain import REVERTS, DepthEngine
from fake_events import FakeEvents

from chain.db import make_engine, writing
from chain.follower import DocumentsProjection, Follower, InstitutionsProjection
from chain.follower import create_tables as create_follower_tables
from chain.sender import KeyReused, Submission, TxState, create_tables

TARGET = "0x" + "11" * 20
pytestmark = pytest.mark.postgres


@pytest.fixture
def shop(
    postgres_url: Callable[[], str], make_workshop: Callable[..., Any], account: LocalAccount
) -> Iterator[Any]:
    made = make_workshop()
    made.db = make_engine(postgres_url())
    create_tables(made.db)
    made.restart()
    yield made
    made.db.dispose()


def test_from_submission_to_strong(shop: Any) -> None:
    shop.submit_all([f"k{number}" for number in range(300)])
    shop.submit("bad", REVERTS)
    shop.step_and_mine(8)
    assert shop.state("k299").state == TxState.SETTLED
    assert shop.state("bad").state == TxState.FAILED
    assert len(shop.mined_payloads()) == 301
    assert shop.sender.step().waiting == 0


def test_concurrent_submitters_get_nonces_without_gap_or_double(shop: Any) -> None:
    def submit(worker: int) -> None:
        for number in range(10):
            own = Submission(TARGET, bytes([worker, number]), 60_000, f"{worker}-{number}")
            shared = Submission(TARGET, b"shared" + bytes([number]), 60_000, f"shared-{number}")
            with writing(shop.db) as session:
                shop.sender.submit_many(session, [own, shared])

    threads = [threading.Thread(target=submit, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.step_and_mine(6)
    payloads = shop.mined_payloads()
    assert len(payloads) == len(set(payloads)) == 50
    assert [tx.nonce for tx in shop.chain.mined(shop.account.address)] == list(range(50))


def test_a_reused_key_is_refused(shop: Any) -> None:
    shop.submit("a", b"one")
    with pytest.raises(KeyReused):
        shop.submit("a", b"two")


def test_one_process_at_a_time(shop: Any) -> None:
    assert shop.sender.step().leader
    twin = shop.another()
    assert not twin.step().leader
    shop.sender.close()
    assert twin.step().leader


def test_stolen_nonces_reorganisations_and_lost_answers(shop: Any) -> None:
    shop.submit_all(["a", "b", "c"])
    shop.chain.lose_answers = True
    shop.sender.step()
    shop.chain.lose_answers = False
    shop.chain.lose_pool()
    shop.chain.steal(shop.account)
    shop.chain.mine(4)
    assert shop.sender.step().recovered == 1
    shop.step_and_mine(2)
    shop.chain.reorganise(2, keep=False)
    shop.step_and_mine(9)
    assert sorted(shop.mined_payloads()) == [b"a", b"b", b"c", b"theft"]
    assert {shop.state(key).state for key in "abc"} == {TxState.SETTLED}


def test_the_follower_writes_there_too(postgres_url: Callable[[], str]) -> None:
    chain, projections = FakeEvents(), (DocumentsProjection(), InstitutionsProjection())
    db = make_engine(postgres_url())
    create_follower_tables(db, projections)
    follower = Follower(db, chain, DepthEngine(), chain.deployment, projections)
    for number in range(1, 9):
        chain.mine(("DocumentRegistry", "Anchored", (1, bytes([number]) * 32, 4)))
    assert follower.step().events == 8
    chain.cut(2)
    for _ in range(4):
        chain.mine()
    report = follower.step()
    assert (report.fork, report.caught_up, report.errors) == (6, True, [])
    db.dispose()
