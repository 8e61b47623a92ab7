"""The development node has the face of the real network."""

from __future__ import annotations

from collections.abc import Callable

from network.dev import DevNetwork
from network.local import LocalNetwork
from network.processes import command_line

Anvil = Callable[..., DevNetwork]

FACE = "up down rpc_urls genesis_hash plan keys deployment deployment_path trust_path client site kind engine chain_id"


def test_both_networks_have_one_face(dev_network: DevNetwork) -> None:
    for name in FACE.split():
        assert hasattr(LocalNetwork, name) or name == "chain_id"
        assert hasattr(dev_network, name)


def test_it_is_ready_to_use(anvil: Anvil) -> None:
    network = anvil("each", contracts=True)  # the one all tests share may have spent by now
    account = network.keys.account("hospital-oracle")
    assert network.client().account(account.address).balance == 10**18
    assert network.deployment.engine == "dev"
    assert network.deployment.genesis_hash == network.genesis_hash


def test_mining_by_hand_waits_for_the_hand(anvil: Anvil) -> None:
    network = anvil()
    client = network.client()
    before = client.head().number
    sender = network.keys.account("deployer")
    signed = sender.sign_transaction(
        {
            "type": 2,
            "chainId": network.chain_id,
            "nonce": 0,
            "to": sender.address,
            "value": 0,
            "gas": 21000,
            "maxFeePerGas": 10**9,
            "maxPriorityFeePerGas": 1,
        }
    )
    sent = client.broadcast(bytes(signed.raw_transaction))
    assert client.receipts([sent.hash]) == [None]
    assert client.head().number == before
    network.mine()
    (receipt,) = client.receipts([sent.hash])
    assert receipt is not None
    assert receipt.block_number == before + 1


def test_down_ends_it_and_may_be_said_twice(anvil: Anvil) -> None:
    network = anvil()
    pid = int((network.folder / "dev-node.pid").read_text())
    assert command_line(pid)
    network.down()
    network.down()
    assert command_line(pid) == ""
