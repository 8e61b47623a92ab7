"""Five real validators: they seal in turn, carry the network's tag, and offer nothing to strangers."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from chain.engine import Finality, engine_for
from chain.trust import TrustFile
from network.cli import cli
from network.genesis import vanity_tag
from network.geth import ROOT
from network.local import LocalNetwork
from network.waiting import wait_for


def over_http(url: str, method: str, *params: Any) -> dict[str, Any]:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer: dict[str, Any] = httpx.post(url, json=request, trust_env=False).json()
    return answer


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("admin_peers", ()),
        ("admin_addPeer", ("enode://" + "00" * 64 + "@127.0.0.1:1",)),
        ("personal_listAccounts", ()),
        ("personal_sign", ("0x00", "0x" + "00" * 20, "")),
        ("clique_getSigners", ()),
        ("clique_propose", ("0x" + "00" * 20, True)),
        ("debug_getRawBlock", ("latest",)),
        ("debug_setHead", ("0x0",)),
        ("miner_stop", ()),
        ("txpool_content", ()),
        ("engine_exchangeCapabilities", ([],)),
    ],
)
def test_administrative_calls_are_not_offered_over_http(
    poa_network: LocalNetwork, method: str, params: tuple[Any, ...]
) -> None:
    for url in poa_network.rpc_urls:
        assert over_http(url, method, *params)["error"]["code"] == -32601


def test_no_account_can_be_used_over_http(poa_network: LocalNetwork) -> None:
    entry = poa_network.manifest.validators[0]
    transaction = {"from": entry.address, "to": entry.address, "value": "0x0", "gas": "0x5208"}
    for method, params in (
        ("eth_sendTransaction", (transaction,)),
        ("eth_signTransaction", ({**transaction, "gasPrice": "0x1", "nonce": "0x0"},)),
        ("eth_sign", (entry.address, "0x00")),
    ):
        assert "error" in over_http(entry.rpc_url, method, *params)


def test_nodes_listen_on_the_loopback_alone(poa_network: LocalNetwork) -> None:
    for node in poa_network.nodes:
        command = node.command(poa_network.geth)
        assert command[command.index("--http.addr") + 1] == "127.0.0.1"
        assert command[command.index("--netrestrict") + 1] == "127.0.0.0/8"
        assert "--nodiscover" in command
        assert "--unlock" not in command
        assert "--allow-insecure-unlock" not in command
        assert stat.S_IMODE(node.ipc_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(node.signer_path.stat().st_mode) == 0o600


def test_all_five_seal_and_carry_the_tag(poa_network: LocalNetwork) -> None:
    client = poa_network.client()
    tag = vanity_tag(poa_network.genesis_hash).encode("ascii")
    engine = engine_for("clique", vanity=tag)
    validators = {entry.address for entry in poa_network.manifest.validators}

    def sealers() -> set[str] | None:
        top = client.head().number
        headers = client.headers(list(range(max(1, top - 20), top + 1)))
        assert all(header.extra_data[:32] == tag for header in headers)
        found = {engine.sealer(header) for header in headers}
        assert found <= validators
        return found if found == validators else None

    assert wait_for("a block by each of the five", sealers, seconds=60) == validators


def test_blocks_become_strong(poa_network: LocalNetwork) -> None:
    client = poa_network.client()
    engine = engine_for("clique")
    validators = [entry.address for entry in poa_network.manifest.validators]
    start = client.head().number

    def strong() -> bool:
        run = client.headers(list(range(start, client.head().number + 1)))
        return engine.finality(run, validators).level == Finality.STRONG

    assert wait_for("a strong block", strong, seconds=60)


def test_every_recent_state_can_be_proven(poa_network: LocalNetwork) -> None:
    client = poa_network.client()
    registry = poa_network.deployment.address("InstitutionRegistry")
    for number in (poa_network.deployment.deployed_at, client.head().number):
        proof = client.call("eth_getProof", registry, ["0x0"], hex(number))
        assert len(proof["accountProof"]) > 0


def test_the_status_shows_them_healthy(poa_network: LocalNetwork) -> None:
    def healthy() -> bool:
        status = poa_network.status()
        return status.healthy and all(node.sealing and node.peers == 4 for node in status.nodes)

    assert wait_for("a healthy network", healthy, seconds=60)
    assert [node.institution for node in poa_network.status().nodes] == [
        "hospital",
        "association",
        "insurer",
        "receiver",
        "city",
    ]


def test_contracts_members_keys_and_trust_file_are_in_place(poa_network: LocalNetwork) -> None:
    client = poa_network.client()
    deployment = poa_network.deployment
    assert deployment.genesis_hash == poa_network.genesis_hash
    for address in deployment.contracts.values():
        assert client.call("eth_getCode", address, "latest") != "0x"
    trust = TrustFile.load(poa_network.trust_path)
    trust.verify(datetime.now(UTC))
    assert len(trust.signatures) == 5
    header = client.header(trust.checkpoint.number)
    assert "0x" + header.hash.hex() == trust.checkpoint.hash
    assert {"hospital-oracle", "hospital-backend", "hospital-sign", "city-admin"} <= set(
        poa_network.keys.names()
    )


def test_a_transaction_given_to_one_node_is_mined(poa_network: LocalNetwork) -> None:
    client = poa_network.client()
    account = poa_network.keys.account("deployer")
    transaction = {
        "type": 2,
        "chainId": poa_network.chain_id,
        "nonce": client.account(account.address).nonce,
        "to": poa_network.keys.account("receiver-admin").address,
        "value": 1,
        "gas": 21000,
        "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 1,
    }
    raw = bytes(account.sign_transaction(transaction).raw_transaction)
    sent = over_http(poa_network.rpc_urls[3], "eth_sendRawTransaction", "0x" + raw.hex())["result"]
    receipt = wait_for("the receipt", lambda: client.receipts([bytes.fromhex(sent[2:])])[0], seconds=60)
    assert receipt.success


def test_the_commands_show_the_network(poa_network: LocalNetwork) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--dir", str(poa_network.folder)])

    def well() -> bool:
        return run("status").exit_code == run("watch", "--once").exit_code == 0

    assert wait_for("status and agents without a complaint", well, seconds=60)
    status = json.loads(run("status", "--json").output)
    assert {node["agreement"] for node in status["nodes"]} <= {"agrees", "behind"}
    assert "validator-5: block" in run("watch", "--once").output
    shown = run("trust-file")
    assert TrustFile.load(poa_network.trust_path).fingerprint in shown.output
    assert "signatures   5 of 5 members" in shown.output


def test_an_agent_can_be_asked_once(poa_network: LocalNetwork) -> None:
    ipc = poa_network.node(1).ipc_path

    def well() -> str | None:
        command = [sys.executable, "-m", "network.watch", "one", "--name", "v1", "--ipc", str(ipc), "--once"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        return ended.stdout if ended.returncode == 0 else None

    assert wait_for("an agent without an alarm", well, seconds=60).startswith("v1: block ")
    nowhere = [sys.executable, "-m", "network.watch", "one", "--ipc", f"{ipc}.no", "--once"]
    silent = subprocess.run(nowhere, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (silent.returncode, silent.stdout) == (1, "validator: node does not answer\n")
