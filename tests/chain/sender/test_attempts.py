"""Several attempts for one nonce, fees, pools that lose or refuse, and gas."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fake_chain import decode
from hypothesis import given
from hypothesis import strategies as st

from chain.client import BroadcastResult
from chain.errors import FeeTooLow, InsufficientFunds, TxPoolFull
from chain.hashing import keccak256
from chain.sender import FeePolicy, GasQuota, TxState
from chain.sender.fees import GWEI, Fees
from chain.sender.signing import Signer


def sent(workshop: Any) -> list[tuple[int, int, int]]:
    """(nonce, max fee, tip) of what the node was given, in order."""
    return [(tx.nonce, tx.max_fee, tx.tip) for tx in map(decode, workshop.chain.broadcasts)]


def test_the_first_offer_is_a_gwei_and_a_tip_of_one_wei(workshop: Any) -> None:
    workshop.submit("a")
    workshop.sender.step()
    assert sent(workshop) == [(0, GWEI, 1)]


def test_the_offer_follows_the_base_fee(workshop: Any) -> None:
    workshop.chain.base_fee = 3 * GWEI
    workshop.chain.mine()
    workshop.submit("a")
    workshop.step_and_mine()
    assert sent(workshop) == [(0, 6 * GWEI + 1, 1)]
    assert workshop.mined_payloads() == [b"a"]


def test_ten_blocks_without_progress_bring_a_replacement_that_pays_a_quarter_more(workshop: Any) -> None:
    workshop.submit_all(["a", "b"])
    workshop.sender.step()
    workshop.chain.base_fee = 2 * GWEI
    reports = []
    for _ in range(11):
        workshop.chain.mine()
        reports.append(workshop.sender.step())
    assert [report.replaced for report in reports].index(2) == 9
    assert (0, 4 * GWEI + 1, 2) in sent(workshop)
    assert (1, 4 * GWEI + 1, 2) in sent(workshop)
    workshop.step_and_mine(6)
    assert workshop.mined_payloads() == [b"a", b"b"]
    assert workshop.state("b").state == TxState.SETTLED


def test_whichever_attempt_is_mined_is_the_transaction(workshop: Any) -> None:
    """The first one wins although the second pays more: another node mined it."""
    workshop.submit("a")
    workshop.sender.step()
    first = decode(workshop.chain.broadcasts[0])
    workshop.chain.base_fee = 2 * GWEI
    for _ in range(10):
        workshop.chain.mine()
        workshop.sender.step()
    assert workshop.state("a").transaction_hash != first.hash
    workshop.chain.pool[(first.sender, 0)] = first
    workshop.chain.base_fee = 7
    workshop.step_and_mine(6)
    assert workshop.state("a").transaction_hash == first.hash
    assert workshop.mined_payloads() == [b"a"]


def test_progress_of_earlier_ones_is_no_reason_to_replace(workshop: Any) -> None:
    workshop.submit_all([f"k{i}" for i in range(30)])
    for _ in range(30):
        assert workshop.sender.step().replaced == 0
        workshop.chain.mine(most=1)
    assert len(workshop.chain.broadcasts) == 30


def test_at_the_ceiling_the_stored_bytes_are_sent_again_instead(workshop: Any) -> None:
    workshop.restart(fees=FeePolicy(ceiling=GWEI))
    workshop.submit("a")
    workshop.sender.step()
    workshop.chain.base_fee = 2 * GWEI
    for _ in range(15):
        workshop.chain.mine()
        assert workshop.sender.step().replaced == 0
    assert len(set(workshop.chain.broadcasts)) == 1
    assert len(workshop.chain.broadcasts) > 3


def test_what_a_pool_lost_is_sent_again_after_three_blocks(workshop: Any) -> None:
    workshop.submit("a")
    workshop.sender.step()
    workshop.chain.lose_pool()
    for _ in range(3):
        workshop.chain.mine()
        workshop.sender.step()
    assert len(workshop.chain.broadcasts) == 2
    assert len(set(workshop.chain.broadcasts)) == 1
    workshop.step_and_mine(5)
    assert workshop.state("a").state == TxState.SETTLED


def test_a_restart_sends_the_same_bytes_again(workshop: Any) -> None:
    workshop.submit("a")
    workshop.sender.step()
    workshop.restart()
    workshop.sender.step()
    assert len(workshop.chain.broadcasts) == 2
    assert len(set(workshop.chain.broadcasts)) == 1


def refuse(workshop: Any, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broadcast_many(raws: list[bytes]) -> list[BroadcastResult]:
        workshop.chain.broadcasts += raws
        return [BroadcastResult(keccak256(raw), {"http://fake": error}) for raw in raws]

    monkeypatch.setattr(workshop.chain, "broadcast_many", broadcast_many)


def test_an_offer_refused_as_too_low_is_raised_at_once(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.submit("a")
    with monkeypatch.context() as patch:
        refuse(workshop, patch, FeeTooLow("transaction underpriced"))
        report = workshop.sender.step()
    assert (report.refused, workshop.state("a").state) == (1, TxState.SIGNED)
    assert workshop.sender.step().replaced == 1
    assert sent(workshop)[-1] == (0, GWEI * 5 // 4, 2)
    workshop.step_and_mine(5)
    assert workshop.mined_payloads() == [b"a"]


@pytest.mark.parametrize("error", [InsufficientFunds("insufficient funds"), TxPoolFull("txpool is full")])
def test_a_refusal_that_passes_is_waited_out(
    workshop: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    workshop.submit_all(["a", "b"])
    with monkeypatch.context() as patch:
        refuse(workshop, patch, error)
        report = workshop.sender.step()
        assert [type(found) for found in report.errors] == [type(error)]
    workshop.chain.mine()
    workshop.step_and_mine(6)
    assert workshop.mined_payloads() == [b"a", b"b"]


def test_a_full_pool_is_left_alone_until_the_next_block(
    workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.submit_all(["a", "b"])
    refuse(workshop, monkeypatch, TxPoolFull("txpool is full"))
    workshop.sender._ctx.memory.started = True
    for _ in range(3):
        workshop.sender.step()
    assert len(workshop.chain.broadcasts) == 2
    workshop.chain.mine()
    workshop.sender.step()
    assert len(workshop.chain.broadcasts) == 4


class Registry:
    """Only what GasQuota asks of the registry's wrapper."""

    address = "0x" + "22" * 20

    def encode_claim_gas(self, account: str) -> bytes:
        return b"claim " + account.encode()


def test_the_gas_quota_is_claimed_once_a_korean_day_when_coins_run_low(workshop: Any) -> None:
    workshop.restart(gas=GasQuota(Registry(), low_water=10))
    workshop.step_and_mine(2)
    assert workshop.mined_payloads() == []
    workshop.chain.balance = 9
    workshop.step_and_mine(4)
    claim = b"claim " + workshop.account.address.encode()
    assert workshop.mined_payloads() == [claim]
    workshop.now = workshop.now.replace(hour=15)  # midnight in Korea
    workshop.restart(gas=GasQuota(Registry(), low_water=10))
    workshop.step_and_mine(4)
    assert workshop.mined_payloads() == [claim, claim]


@given(st.integers(1, 10**15), st.integers(1, 10**9), st.integers(0, 10**12))
def test_a_replacement_always_clears_the_nodes_ten_percent(max_fee: int, tip: int, base_fee: int) -> None:
    raised = FeePolicy(ceiling=10**18).raised(Fees(max_fee, tip), base_fee)
    assert raised is not None
    assert 10 * raised.max_fee >= 11 * max_fee
    assert 10 * raised.tip >= 11 * tip
    assert raised.max_fee >= 2 * base_fee


def test_signing_is_deterministic_and_as_eth_account_signs(account: Any) -> None:
    signer = Signer(account, 20_193)
    fields = {"nonce": 3, "to": "0x" + "11" * 20, "data": b"\1\2", "gas_limit": 50_000}
    signed = signer.sign(**fields, fees=Fees(7, 1))
    expected = account.sign_transaction(
        {
            "type": 2,
            "chainId": 20_193,
            "nonce": 3,
            "to": "0x" + "11" * 20,
            "data": b"\1\2",
            "gas": 50_000,
            "value": 0,
            "maxFeePerGas": 7,
            "maxPriorityFeePerGas": 1,
        }
    )
    assert (signed.raw, signed.hash) == (expected.raw_transaction, expected.hash)
    assert signer.sign(**fields, fees=Fees(7, 1)) == signed


def test_a_lease_taken_over_continues_with_the_same_bytes(workshop: Any) -> None:
    workshop.submit("a")
    workshop.chain.lose_arrivals = True
    workshop.sender.step()
    workshop.chain.lose_arrivals = False
    stored = workshop.state("a").transaction_hash
    workshop.now += timedelta(minutes=5)
    workshop.restart()
    workshop.step_and_mine(5)
    assert workshop.state("a").transaction_hash == stored
