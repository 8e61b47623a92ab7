"""Sending the few transactions of a deployment: nonces, refusals, time-outs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from network.artifact import artifact
from network.dev import DevNetwork
from network.errors import ConditionNotMet, NoNodeAnswers, TransactionFailed
from network.transact import Transactor


@pytest.fixture
def transactor(bare_chain: DevNetwork) -> Transactor:
    return Transactor(bare_chain.client(), bare_chain.chain_id, patience=5)


def test_an_account_without_coins_is_refused_in_the_nodes_words(transactor: Transactor) -> None:
    with pytest.raises(TransactionFailed, match="InsufficientFunds"):
        transactor.create(Account.create(), artifact("DocumentRegistry"), b"\x00")


def test_a_creation_that_reverts_is_told_with_its_block(
    bare_chain: DevNetwork, transactor: Transactor
) -> None:
    deployer = bare_chain.keys.account("deployer")
    reverting = bytes.fromhex("60006000fd")
    with pytest.raises(TransactionFailed, match="creating DocumentRegistry: reverted in block"):
        transactor.wait([transactor.create(deployer, artifact("DocumentRegistry"), reverting)])


def test_a_transaction_that_is_not_mined_is_named(bare_chain: DevNetwork) -> None:
    bare_chain.rpc("evm_setAutomine", False)
    try:
        hasty = Transactor(bare_chain.client(), bare_chain.chain_id, patience=0.2)
        pending = hasty.create(bare_chain.keys.account("deployer"), artifact("DocumentRegistry"), b"\x00")
        with pytest.raises(ConditionNotMet, match="mining: creating DocumentRegistry"):
            hasty.wait([pending])
    finally:
        bare_chain.rpc("evm_setAutomine", True)


def test_confirmations_are_waited_for(bare_chain: DevNetwork) -> None:
    careful = Transactor(bare_chain.client(), bare_chain.chain_id, confirmations=2, patience=0.2)
    pending = careful.create(bare_chain.keys.account("deployer"), artifact("DocumentRegistry"), b"\x00")
    with pytest.raises(ConditionNotMet):
        careful.wait([pending])
    bare_chain.mine(2)
    (receipt,) = careful.wait([pending])
    assert receipt.success


def test_several_go_out_one_after_the_other(bare_chain: DevNetwork, transactor: Transactor) -> None:
    deployer = bare_chain.keys.account("deployer")
    sent = [transactor.create(deployer, artifact("DocumentRegistry"), b"\x00") for _ in range(3)]
    receipts = transactor.wait(sent)
    assert len({receipt.transaction_hash for receipt in receipts}) == 3
    assert bare_chain.client().account(deployer.address).nonce == 3
    assert transactor.wait([]) == []


def test_without_a_node_the_site_says_which_were_tried(bare_chain: DevNetwork) -> None:
    with pytest.raises(NoNodeAnswers, match=r"http://127\.0\.0\.1:1, http://127\.0\.0\.1:2"):
        replace(bare_chain.site, rpc_urls=("http://127.0.0.1:1", "http://127.0.0.1:2")).transactor()
    found = replace(bare_chain.site, rpc_urls=("http://127.0.0.1:1", *bare_chain.rpc_urls)).transactor()
    assert found.client.head().number > 0
