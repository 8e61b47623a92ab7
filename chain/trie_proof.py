"""Reading accounts and storage slots out of a bag of Merkle-Patricia-trie nodes, given a state root.

The bag holds each node once, whatever number of proofs share it. Nodes are looked up by their own Keccak-256,
so a node that was altered is a node that is missing. The walk (Yellow Paper, appendix D) is our own because a
proof may come from anybody: each shape that a node can have is checked here and refused with a reason, where
the `trie` package, made for one's own database, raises whatever comes up. The tests compare the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chain.encoding import RlpMalformed, decode_rlp
from chain.hashing import keccak256

MAX_NODES = 2048
MAX_NODE_BYTES = 1024
"""A branch of a secure trie has 17 references of at most 33 bytes."""

EMPTY_ROOT = keccak256(b"\x80")
"""Root of the trie that holds nothing."""

_BRANCH = 17


class StateUnreadable(ValueError):
    """The nodes do not show what was asked. `code` is a stable word: "node_missing", "node_malformed",
    "account_absent", "account_malformed", "slot_malformed", "bag_too_large"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NodeBag:
    """Trie nodes by their hash; remembers which were needed."""

    def __init__(self, nodes: Iterable[bytes]) -> None:
        self._nodes: dict[bytes, bytes] = {}
        self._decoded: dict[bytes, list[Any]] = {}
        for node in nodes:
            if len(node) > MAX_NODE_BYTES or len(self._nodes) >= MAX_NODES:
                raise StateUnreadable("bag_too_large")
            self._nodes[keccak256(node)] = node

    def __len__(self) -> int:
        return len(self._nodes)

    def load(self, reference: bytes) -> list[Any]:
        """The decoded node whose hash is `reference`. Raises StateUnreadable."""
        if reference not in self._decoded:
            if reference not in self._nodes:
                raise StateUnreadable("node_missing")
            self._decoded[reference] = _decode_list(self._nodes[reference], "node_malformed")
        return self._decoded[reference]

    def used(self) -> list[bytes]:
        """The nodes that were needed so far, in the order given."""
        return [node for key, node in self._nodes.items() if key in self._decoded]


class StateReader:
    """The state of one block as far as a bag shows it. Every answer is proven, absence (0) included."""

    def __init__(self, state_root: bytes, bag: NodeBag) -> None:
        self._state_root = state_root
        self._bag = bag
        self._storage_roots: dict[bytes, bytes] = {}

    def slot(self, account: bytes, slot: bytes) -> int:
        """The value at a storage slot (32 bytes) of an account (20 bytes); 0 if it was never written.

        Raises StateUnreadable.
        """
        if account not in self._storage_roots:
            self._storage_roots[account] = self._storage_root(account)
        item = _walk(self._bag, self._storage_roots[account], keccak256(slot).hex())
        if not item:
            return 0
        value = _decode(item, "slot_malformed")
        # No node that validates writes a zero, but anvil keeps one for every slot it ever read; both mean zero.
        if not isinstance(value, bytes) or len(value) > 32:
            raise StateUnreadable("slot_malformed")
        return int.from_bytes(value, "big")

    def _storage_root(self, account: bytes) -> bytes:
        item = _walk(self._bag, self._state_root, keccak256(account).hex())
        if not item:
            raise StateUnreadable("account_absent")
        fields = _decode_list(item, "account_malformed")
        if len(fields) != 4 or not isinstance(fields[2], bytes) or len(fields[2]) != 32:
            raise StateUnreadable("account_malformed")
        return fields[2]


def _walk(bag: NodeBag, root: bytes, nibbles: str) -> bytes:
    """The value under a key (64 hexadecimal digits), or nothing if the trie shows that it is absent."""
    reference: Any = b"" if root == EMPTY_ROOT else root
    while reference != b"":
        node = reference if isinstance(reference, list) else bag.load(_as_hash(reference))
        if len(node) == _BRANCH and nibbles:
            reference, nibbles = node[int(nibbles[0], 16)], nibbles[1:]
            continue
        if len(node) != 2:
            raise StateUnreadable("node_malformed")
        path, is_leaf = _path(node[0])
        if is_leaf:
            value = _as_value(node[1])
            return value if path == nibbles else b""
        if not path:  # an extension that leads nowhere: no trie has one, and it could be followed for ever
            raise StateUnreadable("node_malformed")
        if not nibbles.startswith(path):
            return b""
        reference, nibbles = node[1], nibbles[len(path) :]
    return b""


def _path(item: Any) -> tuple[str, bool]:
    """The nibbles of a hex-prefix encoded path and whether it ends in a leaf (Yellow Paper, appendix C)."""
    encoded = _as_value(item).hex()
    flag = encoded[0]
    if flag in "13":
        return encoded[1:], flag == "3"
    if flag in "02" and encoded[1] == "0":
        return encoded[2:], flag == "2"
    raise StateUnreadable("node_malformed")


def _as_hash(reference: Any) -> bytes:
    if isinstance(reference, bytes) and len(reference) == 32:
        return reference
    raise StateUnreadable("node_malformed")


def _as_value(item: Any) -> bytes:
    if isinstance(item, bytes) and item:
        return item
    raise StateUnreadable("node_malformed")


def _decode(item: bytes, code: str) -> Any:
    try:
        return decode_rlp(item)
    except RlpMalformed as error:
        raise StateUnreadable(code) from error


def _decode_list(item: bytes, code: str) -> list[Any]:
    decoded = _decode(item, code)
    if not isinstance(decoded, list):
        raise StateUnreadable(code)
    return decoded
