"""Fetching another node's branch and bringing the own node onto it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from chain.engine import Engine, Finality, SealRefused
from chain.headers import Header
from network.errors import RpcRefused
from network.ipc import Rpc
from network.watch.halts import Tip
from network.watch.peer import PeerSilent, RawBlock, parse_block

log = logging.getLogger(__name__)

LONGEST_BRANCH = 1024
"""Blocks. A halt leaves branches of a few; a longer way back is for geth's own synchronisation."""


class BlockSource(Protocol):
    """Whoever has the blocks of a branch."""

    def block(self, block_hash: str) -> RawBlock:
        """One block by hash."""


class NodeSource:
    """A node's blocks asked for through its socket, where no agent is in between."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def block(self, block_hash: str) -> RawBlock:
        """One block by hash. Raises PeerSilent if the node has no such block, IpcUnavailable."""
        try:
            block = parse_block(bytes.fromhex(self._rpc.call("debug_getRawBlock", block_hash)[2:]))
        except RpcRefused as error:
            raise PeerSilent("the node", "it has no such block") from error
        if block is None or block.hash != block_hash:
            raise PeerSilent("the node", "that is not the block asked for")
        return block


class BranchTooLong(Exception):
    """No common ancestor within `LONGEST_BRANCH` blocks below `tip`."""

    def __init__(self, tip: Tip) -> None:
        super().__init__(f"no common ancestor within {LONGEST_BRANCH} blocks below {tip.hash}")
        self.tip = tip


def fetch_branch(source: BlockSource, tip: Tip, known: Callable[[int, str], bool]) -> list[RawBlock]:
    """The blocks from the first one that is not `known(number, hash)` up to `tip`, oldest first.

    Raises PeerSilent, BranchTooLong.
    """
    branch: list[RawBlock] = []
    wanted = tip.hash
    while len(branch) < LONGEST_BRANCH:
        block = source.block(wanted)
        branch.append(block)
        if known(block.header.number - 1, block.parent):
            return branch[::-1]
        wanted = block.parent
    raise BranchTooLong(tip)


def import_branch(rpc: Rpc, branch: Sequence[RawBlock], scratch: Path) -> None:
    """Give the blocks to the node, which checks them as if they came from a peer. Raises RpcRefused.

    geth reads them from a file, which lies in `scratch` for the moment.
    """
    with tempfile.NamedTemporaryFile(dir=scratch, prefix="branch-", suffix=".rlp") as file:
        for block in branch:
            file.write(block.data)
        file.flush()
        rpc.call("admin_importChain", file.name)


def rewind_and_import(rpc: Rpc, branch: Sequence[RawBlock], scratch: Path) -> None:
    """Bring the node from its own branch onto `branch`, which begins right after the fork.

    Sealing stops meanwhile, or the node would seal again on the old tip's parent; it starts again in any case.
    `debug_setHead` alone does not end a halt: the node must hold the other branch before it seals.
    """
    fork = branch[0].header.number - 1
    rpc.call("miner_stop")
    try:
        rpc.call("debug_setHead", hex(fork))
        import_branch(rpc, branch, scratch)
    finally:
        rpc.call("miner_start")


def holds_settled(engine: Engine, run: Sequence[Header], signers: Sequence[str]) -> bool:
    """Whether dropping these blocks (oldest first) would drop a settled one. In doubt, yes.

    Documents count as anchored when settled: no agent takes that back, people decide.
    """
    try:
        return bool(run) and engine.finality(run, signers).level >= Finality.SETTLED
    except SealRefused as error:
        log.warning("cannot judge the own branch: %s", error)
        return True
