"""One transaction's way through the states, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_chain import REVERTS, UNMINABLE
from sqlalchemy import event

from chain.contracts.abi import abi_of
from chain.contracts.reverts import AlreadyAnchored
from chain.db import reading, writing
from chain.errors import NodeUnavailable, PayloadRefused, Reverted
from chain.finality import Finality
from chain.sender import KeyReused, Limits, Submission, TxState, UnknownKey
from chain.window import SettledBlockLost

TARGET = "0x" + "11" * 20


def test_an_unknown_key_is_an_error(workshop: Any) -> None:
    with pytest.raises(UnknownKey):
        workshop.state("never")


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_1_to_200_characters(key: str) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        Submission(TARGET, b"", 1, key)


def test_call_data_no_node_would_take_is_refused() -> None:
    with pytest.raises(ValueError, match="call data"):
        Submission(TARGET, bytes(128 * 1024 + 1), 1, "big")


def test_the_states_in_order(workshop: Any) -> None:
    workshop.submit("a")
    seen = [workshop.state("a").state]
    workshop.sender.step()
    seen.append(workshop.state("a").state)
    for _ in range(5):
        workshop.chain.mine()
        workshop.sender.step()
        state = workshop.state("a")
        seen.append((state.state, state.finality))
    assert seen == [
        TxState.RESERVED,
        TxState.BROADCAST,
        (TxState.MINED, Finality.PENDING),
        (TxState.MINED, Finality.PENDING),
        (TxState.SETTLED, Finality.SETTLED),
        (TxState.SETTLED, Finality.STRONG),
        (TxState.SETTLED, Finality.STRONG),
    ]
    header = workshop.chain.blocks_[1][0]
    assert (state.block_number, state.block_hash) == (1, header.hash)
    assert state.block_time == datetime.fromtimestamp(header.time, UTC)
    assert state.error is None


def test_the_same_key_twice_is_one_transaction(workshop: Any) -> None:
    workshop.submit("a")
    workshop.submit("a")
    with writing(workshop.db) as session:
        twice = workshop.sender.submit_many(session, [Submission(TARGET, b"b", 1, "b")] * 2)
    assert (twice[0].nonce, twice[0].fresh) == (1, True)
    assert twice[0] == twice[1]
    workshop.step_and_mine(3)
    workshop.submit("a")
    workshop.step_and_mine(3)
    assert workshop.mined_payloads() == [b"a", b"b"]


def test_a_key_cannot_stand_for_two_payloads(workshop: Any) -> None:
    workshop.submit("a", b"one")
    with pytest.raises(KeyReused):
        workshop.submit("a", b"two")

    def both_at_once() -> None:
        with writing(workshop.db) as session:
            same_key = [Submission(TARGET, b"1", 1, "b"), Submission(TARGET, b"2", 1, "b")]
            workshop.sender.submit_many(session, same_key)

    with pytest.raises(KeyReused):
        both_at_once()
    with reading(workshop.db) as session, pytest.raises(UnknownKey):
        workshop.sender.state(session, "b")


def test_a_rolled_back_submission_uses_no_nonce(workshop: Any) -> None:
    def fail() -> None:
        with writing(workshop.db) as session:
            workshop.sender.submit(session, to=TARGET, data=b"x", gas_limit=1, key="x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    workshop.submit("a")
    assert workshop.state("a").nonce == 0


def test_transactions_are_mined_in_the_order_submitted(workshop: Any) -> None:
    workshop.submit_all([f"k{i:03}" for i in range(700)])
    workshop.step_and_mine(6)
    assert workshop.mined_payloads() == [f"k{i:03}".encode() for i in range(700)]
    with reading(workshop.db) as session:
        states = workshop.sender.states(session, [f"k{i:03}" for i in range(700)])
    assert {state.state for state in states.values()} == {TxState.SETTLED}


def test_a_missing_gas_limit_is_estimated(workshop: Any) -> None:
    workshop.submit("a", gas=None)
    workshop.step_and_mine()
    assert workshop.chain.mined(workshop.account.address)[0].gas == 37_500


def test_a_reverted_transaction_fails_once_settled_with_its_reason(workshop: Any) -> None:
    workshop.submit("a", REVERTS + b"why")
    workshop.submit("b")
    workshop.step_and_mine(2)
    workshop.sender.step()
    state = workshop.state("a")
    assert state.state == TxState.MINED
    assert isinstance(state.error, Reverted)
    assert state.error.data == REVERTS + b"why"
    workshop.step_and_mine(3)
    assert workshop.state("a").state == TxState.FAILED
    assert workshop.state("b").state == TxState.SETTLED


def test_a_contracts_refusal_comes_back_typed(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    item = next(e for e in abi_of("DocumentRegistry").errors.values() if e.name == "AlreadyAnchored")
    data = item.call_data(1, b"\5" * 32, 1_760_000_000)
    workshop.submit("a", REVERTS)
    monkeypatch.setattr(workshop.chain, "try_calls", lambda calls: [Reverted(data) for _ in calls])
    workshop.step_and_mine(5)
    error = workshop.state("a").error
    assert isinstance(error, AlreadyAnchored)
    assert (error.issuer, error.root, error.time.year) == (1, b"\5" * 32, 2025)


def test_an_estimate_that_reverts_for_good_gives_the_nonce_to_a_no_op(workshop: Any) -> None:
    workshop.submit("bad", REVERTS, gas=None)
    workshop.submit("good")
    workshop.step_and_mine(8)
    bad, good = workshop.state("bad"), workshop.state("good")
    assert (bad.state, good.state) == (TxState.FAILED, TxState.SETTLED)
    assert isinstance(bad.error, Reverted)
    noop, mined = workshop.chain.mined(workshop.account.address)
    assert (noop.to, noop.data, noop.nonce) == (workshop.account.address, b"", 0)
    assert mined.data == b"good"


def test_an_estimate_that_reverts_only_now_is_waited_for(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause may be a transaction of ours that is not settled yet."""
    workshop.submit("first")
    workshop.step_and_mine()
    estimates = workshop.chain.try_estimates
    monkeypatch.setattr(workshop.chain, "try_estimates", lambda calls: [Reverted(b"") for _ in calls])
    workshop.submit("late", gas=None)
    workshop.step_and_mine()
    workshop.sender.step()
    assert workshop.state("late").state == TxState.RESERVED
    monkeypatch.setattr(workshop.chain, "try_estimates", estimates)
    workshop.step_and_mine(6)
    assert workshop.state("late").state == TxState.SETTLED
    assert workshop.mined_payloads() == [b"first", b"late"]


def test_a_payload_that_no_node_can_mine_fails_and_holds_nothing_up(workshop: Any) -> None:
    workshop.submit("bad", UNMINABLE)
    workshop.submit("good")
    workshop.step_and_mine(9)
    assert isinstance(workshop.state("bad").error, PayloadRefused)
    assert workshop.state("bad").state == TxState.FAILED
    assert workshop.state("good").state == TxState.SETTLED


def test_node_trouble_is_reported_and_retried(workshop: Any) -> None:
    workshop.submit("a")
    workshop.chain.down = True
    report = workshop.sender.step()
    assert isinstance(report.errors[0], NodeUnavailable)
    assert workshop.state("a").state == TxState.RESERVED
    workshop.chain.down = False
    workshop.step_and_mine(5)
    assert workshop.state("a").state == TxState.SETTLED


def test_only_the_holder_of_the_lease_works(workshop: Any) -> None:
    workshop.submit("a")
    assert workshop.sender.step().leader
    twin = workshop.another()
    assert not twin.step().leader
    workshop.sender.close()
    assert twin.step().leader


def test_a_process_that_lost_the_lease_writes_nothing(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.submit("a")
    twin = workshop.another()

    def taken_meanwhile(point: str) -> None:
        if point == "signed":
            workshop.now = workshop.now.replace(hour=23)
            assert twin.step().leader

    workshop.sender._ctx.crash_point = taken_meanwhile
    report = workshop.sender.step()
    assert not report.leader
    workshop.chain.mine()
    for _ in range(5):
        twin.step()
        workshop.chain.mine()
    assert workshop.mined_payloads() == [b"a"]


def test_a_settled_block_that_disappears_raises_the_alarm_and_is_sent_again(workshop: Any) -> None:
    workshop.submit("a")
    workshop.step_and_mine(6)
    assert workshop.state("a").finality == Finality.STRONG
    workshop.chain.reorganise(6, keep=False)
    workshop.sender.step()
    assert workshop.alarms == [SettledBlockLost(1, 0, workshop.chain.head().number)]
    assert workshop.state("a").state == TxState.BROADCAST
    workshop.step_and_mine(6)
    assert workshop.state("a").state == TxState.SETTLED
    assert workshop.mined_payloads() == [b"a"]


def test_a_reorganised_transaction_goes_back_to_broadcast(workshop: Any) -> None:
    workshop.submit("a")
    workshop.step_and_mine(2)
    assert workshop.state("a").state == TxState.MINED
    workshop.chain.reorganise(2, keep=False)
    report = workshop.sender.step()
    assert (report.returned, workshop.state("a").state) == (1, TxState.BROADCAST)
    assert workshop.state("a").block_number is None
    workshop.step_and_mine(6)
    assert (workshop.state("a").state, workshop.alarms) == (TxState.SETTLED, [])


def test_the_window_bounds_what_is_under_way(make_workshop: Callable[..., Any]) -> None:
    workshop = make_workshop(limits=Limits(window=10))
    workshop.submit_all([f"k{i}" for i in range(25)])
    workshop.sender.step()
    assert len(workshop.chain.pool) == 10
    workshop.step_and_mine(30)
    assert len(workshop.mined_payloads()) == 25


def test_queries_do_not_grow_with_the_number_of_transactions(workshop: Any) -> None:
    seen: list[str] = []
    event.listen(workshop.db, "before_cursor_execute", lambda c, cur, statement, *_: seen.append(statement))
    counts = []
    for many in (5, 200):
        workshop.submit_all([f"{many}-{i}" for i in range(many)])
        seen.clear()
        workshop.step_and_mine(6)
        counts.append(len(seen))
    assert counts[1] < 2 * counts[0]
