"""Reorganisations that take the block of an anchoring away: it moves to another, or it is nowhere and comes again."""

from __future__ import annotations

from dataclasses import dataclass
from signal import SIGKILL

from fault import Fault
from fault_world import World, draw
from oracle_harness import wait_until
from sqlalchemy import select

from chain.db import reading, table_of
from chain.sender import OutboxRow, TxState
from chain.sender.tables import AttemptRow
from oracle.assembly import open_database


@dataclass(frozen=True)
class Anchoring:
    """A transaction as the oracle has stored it."""

    hash: str
    raw: bytes
    block_hash: str


def mined_by_few(world: World) -> None:
    """Two validators, cut off from the others, mine the anchoring; the oracle sees it, and is killed.

    The two stop sealing for a while first: then both may seal, and nobody follows them.
    """
    network = world.network
    pair = sorted(draw(world, range(1, 6), 2))
    rest = set(range(1, 6)) - set(pair)
    network.stop_watch()
    for index in pair:
        network.node(index).ipc.call("miner_stop")
    network.wait_for_blocks(4, seconds=60)
    network.cut(rest, set(pair))
    world.site.node_urls = [network.rpc_urls[pair[0] - 1]]
    world.day(4)
    assert world.once(crash="sender.broadcast") == -SIGKILL, world.site.output
    for index in pair:
        network.node(index).ipc.call("miner_start")
    assert world.once(crash="sender.mined") == -SIGKILL, world.site.output
    world.kept |= {"pair": pair, "rest": sorted(rest), "anchoring": newest(world)}
    world.note(
        f"validators {pair[0]} and {pair[1]} mined it apart from the others; the oracle saw it and was killed"
    )


def newest(world: World) -> Anchoring:
    """The newest transaction that the oracle believes to be mined."""
    row, attempt = table_of(OutboxRow), table_of(AttemptRow)
    query = (
        select(attempt.c.hash, attempt.c.raw, row.c.block_hash)
        .join(row, (row.c.id == attempt.c.outbox_id) & (row.c.transaction_hash == attempt.c.hash))
        .where(row.c.state == TxState.MINED)
        .order_by(row.c.nonce.desc())
    )
    database = open_database(world.site.settings)
    with reading(database) as session:
        found = session.execute(query).first()
    database.dispose()
    assert found is not None, "nothing was mined"
    assert found.raw is not None
    return Anchoring(f"0x{found.hash.hex()}", found.raw, f"0x{found.block_hash.hex()}")


def stands_in(world: World, index: int) -> str | None:
    """The block in which this node has the transaction; None if it knows none."""
    receipt = world.network.node(index).ipc.call("eth_getTransactionReceipt", world.kept["anchoring"].hash)
    return receipt and str(receipt["blockHash"])


def known_to(world: World) -> list[int]:
    """The nodes that have the transaction, mined or waiting."""
    name = world.kept["anchoring"].hash
    return [
        node.entry.index
        for node in world.network.nodes
        if node.ipc.call("eth_getTransactionByHash", name) is not None
    ]


def also_by_many(world: World) -> None:
    """The others mine the same transaction in a block of their own."""
    mined_by_few(world)
    pair, rest, anchoring = world.kept["pair"], world.kept["rest"], world.kept["anchoring"]
    world.network.node(rest[0]).ipc.call("eth_sendRawTransaction", f"0x{anchoring.raw.hex()}")
    wait_until(lambda: stands_in(world, rest[0]) is not None)
    assert stands_in(world, pair[0]) == anchoring.block_hash
    assert stands_in(world, rest[0]) != anchoring.block_hash
    world.network.mend()
    wait_until(lambda: stands_in(world, pair[0]) not in (None, anchoring.block_hash))
    world.note("on healing it stood in another block")


def forgotten_by_all(world: World) -> None:
    """The two go back to the fork and lose their pools with what they had: no node knows the transaction."""
    mined_by_few(world)
    network, pair = world.network, world.kept["pair"]
    fork = (
        int(
            network.node(pair[0]).ipc.call("eth_getBlockByHash", world.kept["anchoring"].block_hash, False)[
                "number"
            ],
            16,
        )
        - 1
    )
    for index in pair:
        node = network.node(index)
        node.ipc.call("miner_stop")
        node.ipc.call("debug_setHead", hex(fork - 1))
    for index in pair:
        network.kill(index)
        for journal in network.node(index).data.rglob("transactions.rlp"):
            journal.unlink()
    for index in pair:
        network.restart(index)
    assert known_to(world) == [], "a node still has the transaction"
    world.note("no node knew it after that: the oracle had to send it again")


def healed(world: World) -> None:
    """All are linked, and the agents are back."""
    world.network.mend()
    world.network.start_watch()
    world.network.wait_for_blocks(2, seconds=60)


FAULTS = (
    Fault("anchoring-moves", "a reorganisation moves the anchoring to another block", also_by_many, healed),
    Fault(
        "anchoring-vanishes",
        "a reorganisation after which no node knows the anchoring",
        forgotten_by_all,
        healed,
    ),
)
