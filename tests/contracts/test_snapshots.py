"""Gas and size of the contracts, compared with what was reviewed.

A drift fails. To accept it: `UPDATE_SNAPSHOTS=1 uv run pytest tests/contracts/test_snapshots.py`, then commit the
changed files of `tests/contracts/snapshots/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_utils import keccak

from scripts.export_abis import ARTIFACTS
from tests.contracts.frame import STATUS, some_tree
from tests.contracts.institutions.keys import add_key, test_key
from tests.contracts.institutions.world import HOSPITAL, INSURER, Action, payload
from tests.contracts.network import Network

SNAPSHOTS = Path(__file__).parent / "snapshots"
NAMES = ("DocumentRegistry", "InstitutionRegistry", "TransferLedger")
LARGEST_CONTRACT = 24_576
"""Bytes (EIP-170)."""
ANCHOR_TARGET = 60_000
"""Gas (design section 10)."""
ROUGH = {"InstitutionRegistry.addKey": 0.05}
"""Entries that depend on a random signature, and by which part they may differ."""


def compare(name: str, measured: Mapping[str, int]) -> None:
    """Fail if the figures are not the committed ones, unless UPDATE_SNAPSHOTS asks to accept them."""
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(json.dumps(dict(sorted(measured.items())), indent=1) + "\n", encoding="utf-8")
    committed = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    lines = drift(committed, measured)
    assert not lines, "\n".join(
        [*lines, "accept with UPDATE_SNAPSHOTS=1 and commit tests/contracts/snapshots"]
    )


def drift(committed: Mapping[str, int], measured: Mapping[str, int]) -> list[str]:
    """A line for each figure that is new, gone or different."""
    lines = []
    for key in sorted(committed.keys() | measured.keys()):
        before, now = committed.get(key), measured.get(key)
        if before is None or now is None or abs(now - before) > before * ROUGH.get(key, 0):
            lines.append(f"{key}: was {before}, is {now}")
    return lines


def test_a_drift_is_told() -> None:
    assert drift({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "d": 4}) == [
        "b: was 2, is 3",
        "c: was 3, is None",
        "d: was None, is 4",
    ]
    assert drift({"InstitutionRegistry.addKey": 100}, {"InstitutionRegistry.addKey": 105}) == []
    assert drift({"InstitutionRegistry.addKey": 100}, {"InstitutionRegistry.addKey": 106}) != []


def test_contracts_are_as_large_as_reviewed() -> None:
    sizes = {}
    for name in NAMES:
        artifact = json.loads((ARTIFACTS / f"{name}.json").read_text(encoding="utf-8"))
        assert artifact["deployedBytecodeSize"] <= LARGEST_CONTRACT
        sizes[f"{name}.deployed"] = artifact["deployedBytecodeSize"]
        sizes[f"{name}.creation"] = len(artifact["bytecode"]) // 2 - 1
    compare("size", sizes)


def test_anchoring_costs_the_same_for_any_batch_and_no_more_than_promised(network: Network) -> None:
    """The first batch ever of an issuer also opens its daily counter and is not counted here."""
    network.documents.anchor(some_tree("first").root, 4, sender=network.oracle)
    gas = set()
    for depth in range(4, 17):
        # A root without zero bytes is the dearest calldata.
        root = bytes([depth]) * 32
        gas.add(network.documents.anchor(root, depth, sender=network.oracle).gas_used)
    assert len(gas) == 1
    assert gas.pop() <= ANCHOR_TARGET


def test_documents_cost_what_was_reviewed(network: Network) -> None:
    documents, oracle = network.documents, network.oracle
    early, late = some_tree("early"), some_tree("late", size=1024)
    roots = [bytes([number]) * 32 for number in range(1, 11)]
    gas = {
        "anchor, first of an issuer": documents.anchor(early.root, 4, sender=oracle),
        "anchor": documents.anchor(roots[0], 10, sender=oracle),
    }
    network.world.pass_time(1)
    documents.anchor(late.root, 10, sender=oracle)
    for root in roots[1:]:
        documents.anchor(root, 4, sender=oracle)
    a, b = (early.ref(leaf) for leaf in early.levels[0][:2])
    gas |= {
        "reaffirm, 1 root": documents.reaffirm(roots[:1], sender=oracle),
        "reaffirm, 10 roots": documents.reaffirm(roots, sender=oracle),
        "amend, 16 to 1024 leaves": documents.amend(
            HOSPITAL, a, late.ref(late.levels[0][0]), 1, sender=oracle
        ),
        "withdraw, 16 leaves": documents.withdraw(HOSPITAL, b, 1, sender=oracle),
        "withdraw, 1024 leaves": documents.withdraw(HOSPITAL, late.ref(late.levels[0][1]), 1, sender=oracle),
        "annul": documents.annul(HOSPITAL, b[1], sender=network.world.admins[HOSPITAL]),
    }
    compare("documents", {key: receipt.gas_used for key, receipt in gas.items()})


def test_transfers_cost_what_was_reviewed(network: Network) -> None:
    ledger, backend, insurer = network.ledger, network.backend, network.insurer
    ids = [keccak(text=f"snapshot {number}") for number in range(13)]
    macs = [keccak(own) for own in ids]
    commits = [keccak(mac) for mac in macs]
    many = slice(3, 13)
    gas = {
        "send": ledger.send(ids[0], INSURER, commits[0], macs[0], sender=backend),
        "sendMany, 10": ledger.sendMany(ids[many], [INSURER] * 10, commits[many], macs[many], sender=backend),
        "acknowledge": ledger.acknowledge(ids[0], macs[0], sender=insurer),
        "acknowledge, disputed": ledger.acknowledge(ids[3], macs[0], sender=insurer),
        "reject": ledger.reject(ids[4], 1, sender=insurer),
    }
    compare("transfers", {key: receipt.gas_used for key, receipt in gas.items()})


def test_the_registry_costs_what_was_reviewed(network: Network) -> None:
    world, accounts = network.world, network.world.accounts
    registry, first, second, third = world.registry, *(world.admins[index] for index in (1, 2, 3))
    limit = payload(Action.SET_SPONSOR_LIMIT, 2, 50)
    receipts: dict[str, Any] = {"propose": registry.propose(Action.SET_SPONSOR_LIMIT, limit, sender=first)}
    proposal = int(receipts["propose"].events.filter(registry.Proposed)[0].proposalId)
    receipts["vote"] = registry.vote(proposal, True, sender=second)
    for voter in (first, third):
        registry.vote(proposal, True, sender=voter)
    receipts["execute"] = registry.execute(proposal, sender=first)
    receipts["addOperator"] = world.add_operator(HOSPITAL, accounts[8], STATUS)
    receipts["revokeOperator"] = registry.revokeOperator(accounts[8], 0, sender=first)
    receipts["addKey"] = add_key(world, test_key(1))
    gas = {f"InstitutionRegistry.{key}": receipt.gas_used for key, receipt in receipts.items()}
    compare("registry", gas)
