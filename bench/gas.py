"""What anchoring one batch costs in gas, by the number of its documents: `python -m bench.gas`.

Real transactions on the network of five validators; the gas is what their receipts say. Beside it the time to build
the batch's tree, which is what does grow.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.sender import GAS, Site, wait_until
from chain.merkle import MerkleTree
from chain.sender import FeePolicy
from chain.sender.signing import Signer
from network.local import LocalNetwork

SIZES = (1, 1_024, 65_536)
GOAL = 60_000


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Gas of one anchoring for each number of documents, and milliseconds to build its tree."""
    found: dict[str, Any] = {"goal, gas": GOAL}
    gas: list[tuple[int, int]] = []
    with (
        tempfile.TemporaryDirectory(prefix="saegim-bench-") as name,
        LocalNetwork.create(Path(name) / "network").up() as network,
    ):
        site = Site(network)
        _anchor(site, 1)  # an account's first transaction after its admission is not typical
        for size in sizes:
            used, seconds = _anchor(site, size)
            gas.append((size, used))
            found[f"{size:,} documents: gas"] = used
            found[f"{size:,} documents: tree, ms"] = seconds * 1e3
        site.client.close()
    found["dearest / cheapest"] = max(used for _, used in gas) / min(used for _, used in gas)
    return {**found, "series": {"gas by documents in the batch": gas}}


def _anchor(site: Site, size: int) -> tuple[int, float]:
    """Gas used, and seconds for the tree. Raises RuntimeError when the chain refused it."""
    leaves = [os.urandom(32) for _ in range(size)]
    started = time.perf_counter()
    tree = MerkleTree.build(leaves)
    spent = time.perf_counter() - started
    nonce = site.nonce()
    data = site.registry.encode_anchor(tree.root, tree.depth)
    signer = Signer(site.account, site.chain_id)
    fees = FeePolicy().first(7)
    signed = signer.sign(nonce=nonce, to=site.registry.address, data=data, gas_limit=GAS, fees=fees)
    site.client.broadcast_many([signed.raw])
    wait_until(lambda: site.nonce() > nonce)
    receipt = site.client.receipts([signed.hash])[0]
    if receipt is None or not receipt.success:
        raise RuntimeError("the anchoring was refused: the figure would mean nothing")
    return receipt.gas_used, spent


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
