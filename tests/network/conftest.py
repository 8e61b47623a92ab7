"""A geth made of a dictionary, and Clique blocks sealed with real keys, for tests of the watch agent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import rlp
from coincurve import PrivateKey
from eth_abi.abi import encode
from eth_account import Account

from chain.clique import seal_hash
from chain.headers import Header
from network.dev import DevNetwork, Mining
from network.errors import IpcUnavailable, RpcRefused
from network.watch.halts import Tip
from network.watch.peer import PeerSilent, RawBlock, parse_block

KEYS = [PrivateKey(bytes([n]) * 32) for n in range(1, 7)]
ADDRESSES = [Account.from_key(key.secret).address for key in KEYS]
ENODE = "enode://{}@127.0.0.1:30303?discport=0"


def sealed(parent: Header | None, sealer: int, *, difficulty: int, tag: str, time: int = 0) -> Header:
    """A header on `parent`, sealed by KEYS[sealer]."""
    values: dict[str, Any] = {
        "parent_hash": bytes(32) if parent is None else parent.hash,
        "uncles_hash": bytes(32),
        "beneficiary": bytes(20),
        "state_root": bytes(32),
        "transactions_root": bytes(32),
        "receipts_root": bytes(32),
        "bloom": bytes(256),
        "difficulty": difficulty,
        "number": 0 if parent is None else parent.number + 1,
        "gas_limit": 60_000_000,
        "gas_used": 0,
        "time": time or (1_800_000_000 if parent is None else parent.time + 1),
        "mix_digest": bytes(32),
        "nonce": bytes(8),
        "base_fee": 7,
    }
    unsealed = Header(**values, extra_data=tag.encode() + bytes(65))
    seal = KEYS[sealer].sign_recoverable(seal_hash(unsealed), hasher=None)
    return Header(**values, extra_data=tag.encode() + seal)


def raw(header: Header) -> RawBlock:
    """An empty block of `header`, as geth encodes it."""
    block = parse_block(rlp.encode([header.items, [], []]))
    assert block is not None
    return block


def hex_hash(header: Header) -> str:
    return "0x" + header.hash.hex()


@dataclass
class FakeGeth:
    """Answers the calls of an agent from plain values; `calls` remembers what was asked."""

    chain: list[Header]
    address: str = ADDRESSES[0]
    aside: list[Header] = field(default_factory=list)
    """Blocks it has that are not on its chain."""
    mining: bool = True
    signers: list[str] = field(default_factory=lambda: ADDRESSES[:4])
    peers: list[str] = field(default_factory=list)
    entries: dict[str, bool] = field(default_factory=dict)
    registry: list[str] | None = None
    """What the registry contract answers; None: there is no contract."""
    follows: bool = True
    """Whether it takes an imported branch as its chain."""
    silent: bool = False
    refuses: set[str] = field(default_factory=set)
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def call(self, method: str, *params: Any) -> Any:
        self.calls.append((method, *map(str, params)))
        if self.silent:
            raise IpcUnavailable(Path("fake.ipc"), "ConnectionRefusedError")
        if method in self.refuses:
            raise RpcRefused(method, -32000, "refused")
        return getattr(self, "_" + method)(*params)

    def asked(self, method: str) -> list[tuple[str, ...]]:
        return [call for call in self.calls if call[0] == method]

    @property
    def tip(self) -> Tip:
        return Tip(self.chain[-1].number, hex_hash(self.chain[-1]), self._weight(self.chain[-1]))

    def _weight(self, header: Header) -> int:
        known = {block.hash: block for block in [*self.chain, *self.aside]}
        total = 0
        block: Header | None = header
        while block is not None:
            total += block.difficulty
            block = known.get(block.parent_hash)
        return total

    def _json(self, header: Header | None) -> dict[str, Any] | None:
        if header is None:
            return None
        names = {
            "gas_limit": "gasLimit",
            "gas_used": "gasUsed",
            "base_fee": "baseFeePerGas",
            "time": "timestamp",
        }
        numbers = ("number", "difficulty", "gas_limit", "gas_used", "time", "base_fee")
        found = {names.get(name, name): hex(getattr(header, name)) for name in numbers}
        blobs = {
            "parentHash": header.parent_hash,
            "sha3Uncles": header.uncles_hash,
            "miner": header.beneficiary,
            "stateRoot": header.state_root,
            "transactionsRoot": header.transactions_root,
            "receiptsRoot": header.receipts_root,
            "logsBloom": header.bloom,
            "extraData": header.extra_data,
            "mixHash": header.mix_digest,
            "nonce": header.nonce,
            "hash": header.hash,
        }
        weight = hex(self._weight(header))
        return {
            **found,
            **{name: "0x" + blob.hex() for name, blob in blobs.items()},
            "totalDifficulty": weight,
        }

    def _eth_getBlockByNumber(self, number: str, full: bool) -> Any:
        place = len(self.chain) - 1 if number == "latest" else int(number, 16)
        return self._json(self.chain[place] if place < len(self.chain) else None)

    def _eth_getBlockByHash(self, block_hash: str, full: bool) -> Any:
        known = {hex_hash(block): block for block in [*self.chain, *self.aside]}
        return self._json(known.get(block_hash))

    def _eth_mining(self) -> bool:
        return self.mining

    def _eth_coinbase(self) -> str:
        return self.address.lower()

    def _eth_call(self, call: dict[str, str], number: str) -> str:
        return "0x" if self.registry is None else "0x" + encode(["address[]"], [self.registry]).hex()

    def _clique_getSignersAtHash(self, block_hash: str) -> list[str]:
        return [address.lower() for address in self.signers]

    def _clique_proposals(self) -> dict[str, bool]:
        return dict(self.entries)

    def _clique_propose(self, address: str, into: bool) -> None:
        self.entries[address] = into

    def _clique_discard(self, address: str) -> None:
        del self.entries[address]

    def _admin_nodeInfo(self) -> dict[str, str]:
        return {"enode": ENODE.format("00" * 64)}

    def _admin_peers(self) -> list[dict[str, str]]:
        return [{"enode": enode} for enode in self.peers]

    def _admin_addPeer(self, enode: str) -> bool:
        return True

    def _admin_addTrustedPeer(self, enode: str) -> bool:
        return True

    def _miner_start(self) -> None:
        self.mining = True

    def _miner_stop(self) -> None:
        self.mining = False

    def _debug_setHead(self, number: str) -> None:
        assert not self.mining, "a node that seals while it is rewound makes another branch"
        self.chain = self.chain[: int(number, 16) + 1]
        self.aside = [block for block in self.aside if block.number <= int(number, 16)]

    def _admin_importChain(self, path: str) -> bool:
        headers = [Header.from_rlp(rlp.encode(block[0])) for block in _stream(Path(path).read_bytes())]
        self.aside += headers
        if self.follows or not self.mining:
            self.chain = [*self.chain[: headers[0].number], *headers]
        return True


def _stream(data: bytes) -> list[Any]:
    """Blocks written one after the other."""
    blocks = []
    while data:
        block, data = _first(data)
        blocks.append(block)
    return blocks


def _first(data: bytes) -> tuple[Any, bytes]:
    prefix = data[0]
    if prefix < 0xF8:
        end = 1 + prefix - 0xC0
    else:
        size = prefix - 0xF7
        end = 1 + size + int.from_bytes(data[1 : 1 + size], "big")
    return rlp.decode(data[:end]), data[end:]


@dataclass
class FakePeer:
    """Another agent, which has the blocks of `chain`."""

    url: str
    chain: list[Header]
    enode: str = ENODE.format("aa" * 64)
    genesis: str | None = None
    silent: bool = False

    def view(self) -> Any:
        from network.watch.node_view import NodeView

        if self.silent:
            raise PeerSilent(self.url, "ConnectError")
        weight = sum(block.difficulty for block in self.chain)
        tip = Tip(self.chain[-1].number, hex_hash(self.chain[-1]), weight)
        return NodeView(self.genesis or hex_hash(self.chain[0]), self.enode, tip)

    def block(self, block_hash: str) -> RawBlock:
        for block in self.chain:
            if hex_hash(block) == block_hash and not self.silent:
                return raw(block)
        raise PeerSilent(self.url, "that is not the block asked for")


@dataclass(frozen=True)
class Fork:
    """Two branches of equal weight on one chain, as a partition of four leaves them."""

    common: list[Header]
    left: list[Header]
    right: list[Header]

    @property
    def preferred(self) -> list[Header]:
        """The branch with the lower tip hash."""
        return min(self.left, self.right, key=lambda branch: hex_hash(branch[-1]))

    @property
    def other(self) -> list[Header]:
        return self.right if self.preferred is self.left else self.left


@pytest.fixture
def fork() -> Fork:
    """Signers in Clique's order; block 4 is in turn for place 0. Left sealed by places 0 and 3, right by 1 and 2."""
    order = sorted(range(4), key=lambda n: ADDRESSES[n].lower())
    genesis = sealed(None, order[0], difficulty=1, tag="0" * 32)
    tag = hex_hash(genesis)[2:34]
    chain = [genesis]
    for number in (1, 2, 3):
        chain.append(sealed(chain[-1], order[number], difficulty=2, tag=tag))
    left = [sealed(chain[-1], order[0], difficulty=2, tag=tag)]
    left.append(sealed(left[-1], order[3], difficulty=1, tag=tag))
    right = [sealed(chain[-1], order[2], difficulty=1, tag=tag)]
    right.append(sealed(right[-1], order[1], difficulty=2, tag=tag))
    return Fork(chain, left, right)


@pytest.fixture
def ticking() -> Callable[..., float]:
    """A monotonic clock that the test moves: `ticking(5)` adds five seconds, `ticking()` reads it."""
    now = [100.0]

    def clock(step: float = 0.0) -> float:
        now[0] += step
        return now[0]

    return clock


@pytest.fixture
def fakes() -> ModuleType:
    """This file as a module, for its classes: test files of this layout cannot import each other."""
    return sys.modules[FakeGeth.__module__]


@pytest.fixture(scope="session")
def _bare_node(new_anvil: Callable[[Mining], DevNetwork]) -> Iterator[DevNetwork]:
    with new_anvil("each").up(contracts=False) as network:
        yield network


@pytest.fixture
def bare_chain(_bare_node: DevNetwork) -> Iterator[DevNetwork]:
    """A development chain with rich accounts and no contracts; put back as it was after the test."""
    snapshot = _bare_node.rpc("evm_snapshot")
    yield _bare_node
    _bare_node.rpc("evm_revert", snapshot)
    _bare_node.deployment_path.unlink(missing_ok=True)
    _bare_node.trust_path.unlink(missing_ok=True)
