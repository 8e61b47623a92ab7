"""The way off Clique, rehearsed: the state of real validators goes into the first block of a QBFT network."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from coincurve import PrivateKey

TESTS = Path(__file__).parents[1]
for folder in ("vectors", "verifier", "chain"):
    sys.path.insert(0, str(TESTS / folder))

from qbft_chain import commit, raw  # noqa: E402
from real_cases import Hospital  # noqa: E402
from synthetic import to_rpc  # noqa: E402

from chain.client import ChainClient  # noqa: E402
from chain.headers import Header  # noqa: E402
from chain.qbft import NO_UNCLES  # noqa: E402
from chain.qbft_extra import BFT_DIGEST, QbftExtra, decode_extra  # noqa: E402
from chain.trust import TrustFile  # noqa: E402
from network.carry import CarryIncomplete, carry_state  # noqa: E402
from network.cli import cli  # noqa: E402
from network.genesis import genesis_hash, state_root, vanity_tag  # noqa: E402
from network.local import LocalNetwork  # noqa: E402
from network.registry import Registry  # noqa: E402
from network.trustfile import sign_with_ring  # noqa: E402
from verifier import Verdict, refresh, verify  # noqa: E402


@pytest.fixture
def hospital(poa_network: LocalNetwork) -> Iterator[Hospital]:
    made = Hospital(poa_network)
    yield made
    made.client.close()


class Forgetful:
    """A node that lost the trace of one of its blocks."""

    def __init__(self, rpc: Any, number: int) -> None:
        self.rpc, self.number = rpc, number

    def call(self, method: str, *params: Any) -> Any:
        if method == "debug_traceBlockByNumber" and params[0] == hex(self.number):
            return []
        return self.rpc.call(method, *params)


def test_a_state_that_is_not_whole_is_refused(hospital: Hospital) -> None:
    network = hospital.network
    hospital.batch(hospital.issue())
    head = hospital.client.head()
    ipc, registry = network.nodes[0].ipc, network.deployment.address("InstitutionRegistry")
    genesis = json.loads((network.folder / "genesis.json").read_text())
    busy = next(
        number
        for number in range(head.number, 0, -1)
        if ipc.call("eth_getBlockByNumber", hex(number), False)["transactions"]
    )
    with pytest.raises(CarryIncomplete, match="whole history"):
        carry_state(Forgetful(ipc, busy), genesis, registry, head.number)


def test_what_was_anchored_on_clique_is_proven_on_qbft(hospital: Hospital, tmp_path: Path) -> None:
    """Same root, same accounts, same date of the anchor; sealed by the same members in another way."""
    network = hospital.network
    document = hospital.issue()
    hospital.batch(document)
    hospital.settle()
    old = hospital.bundle(document)
    at = hospital.client.head()
    done = CliRunner().invoke(
        cli,
        ["besu-files", "--dir", str(network.folder), "--out", str(tmp_path), "--carry-at", str(at.number)],
    )
    assert done.exit_code == 0, done.output
    genesis = json.loads((tmp_path / "genesis.json").read_text())
    assert state_root(genesis["alloc"]) == at.state_root
    assert int(genesis["timestamp"], 16) == at.time
    assert set(network.deployment.contracts.values()) <= set(genesis["alloc"])
    listed = decode_extra(bytes.fromhex(genesis["extraData"][2:])).validators
    trust = trust_of(hospital, genesis)
    assert {f"0x{member.hex()}" for member in listed} == {
        name.lower() for name in trust.checkpoint.validators
    }

    node = FirstBlock(hospital.client, at, genesis, network)
    bundle = refresh(node, trust, replace(old, proof=None))
    now = datetime.fromtimestamp(node.block.time, UTC) + timedelta(seconds=2)
    report, before = verify(bundle, trust, now=now), verify(old, hospital.trust, now=now)
    assert (report.verdict, report.findings["source"].code) == (Verdict.VALID, "light_proof")
    assert report.state is not None
    assert before.state is not None
    assert (report.state.batch, report.state.key) == (before.state.batch, before.state.key)
    assert verify(bundle, hospital.trust, now=now).findings["source"].code == "proof_seal_malformed"


class FirstBlock:
    """A node of the new chain after one empty block: its state is the one that the old chain's node has at `at`."""

    def __init__(self, old: ChainClient, at: Header, genesis: dict[str, Any], network: LocalNetwork) -> None:
        self.old, self.at = old, at
        keys = [key_of(network, entry.key) for entry in network.manifest.validators]
        listed = decode_extra(bytes.fromhex(genesis["extraData"][2:])).validators
        sealers = [key for key in keys if raw(key) in listed]
        tag = vanity_tag(genesis_hash(genesis)).encode()
        empty = replace(
            at, mix_digest=BFT_DIGEST, nonce=bytes(8), uncles_hash=NO_UNCLES, difficulty=1, number=1
        )
        header = replace(
            empty,
            parent_hash=bytes.fromhex(genesis_hash(genesis)[2:]),
            time=at.time + 1,
            base_fee=0,
            beneficiary=raw(sealers[0]),
            extra_data=QbftExtra(tag).encode(),
        )
        self.block = commit(header, sealers)

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_getBlockByNumber":
            return to_rpc(self.block)
        assert method in {"eth_call", "eth_getProof"}
        return self.old.call(method, *params[:-1], hex(self.at.number))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]


def key_of(network: LocalNetwork, name: str) -> PrivateKey:
    return PrivateKey(bytes(network.keys.account(name).key))


def trust_of(hospital: Hospital, genesis: dict[str, Any]) -> TrustFile:
    """The new network's trust file, its first block as checkpoint, signed by the same members."""
    held, block_hash = hospital.trust, genesis_hash(genesis)
    registry = Registry(hospital.client, held.contracts.institution_registry)
    checkpoint = held.checkpoint.model_copy(
        update={
            "number": 0,
            "hash": block_hash,
            "time": int(genesis["timestamp"], 16),
            "epoch": registry.validator_epoch(),
            "validators": registry.validators(),
        }
    )
    changes = {"engine": "qbft", "genesis_hash": block_hash, "vanity": block_hash[2:34], "signatures": []}
    trust = held.model_copy(update={**changes, "checkpoint": checkpoint})
    network = hospital.network
    return sign_with_ring(TrustFile.model_validate(trust.to_json()), network.plan, network.keys)
