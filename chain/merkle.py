"""The batch tree: OpenZeppelin's standard Merkle tree, padded so that its size tells little.

Sorted leaves, sorted pairs, Keccak-256, double-hashed leaves: the tree that the `@openzeppelin/merkle-tree`
package builds over the same leaves and that `MerkleProof.verify` checks on chain. Random leaves fill it up to
a power of two of at least 16; as leaves are sorted by value, nobody can tell padding from documents.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chain.hashing import keccak256

MIN_LEAVES = 16
"""Smallest tree: a batch of one document looks like a batch of sixteen."""

MAX_DEPTH = 32
"""Longest path that is looked at; a tree of 2³² documents is beyond any batch."""


class MerkleInputError(ValueError):
    """Leaves or padding that are not 32 bytes each, or no leaf at all. `position` is the offending index."""

    def __init__(self, problem: str, position: int | None = None) -> None:
        super().__init__(problem if position is None else f"{problem} (position {position})")
        self.problem = problem
        self.position = position


def leaf_of(digest: bytes) -> bytes:
    """The leaf of a document: keccak256(keccak256(abi.encode(bytes32 digest))).

    `digest` is the SHA-256 of the issuer-signed JWT (32 bytes). Hashing twice keeps an inner node from
    being passed off as a leaf.
    """
    if len(digest) != 32:
        raise MerkleInputError("a document digest has 32 bytes")
    return keccak256(keccak256(digest))


def hash_pair(a: bytes, b: bytes) -> bytes:
    """The parent of two nodes, whichever side they stand on (sorted pair)."""
    return keccak256(a + b if a < b else b + a)


def verify_path(root: bytes, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` (siblings from the leaf upward, 32 bytes each) leads from `leaf` to `root`."""
    if len(path) > MAX_DEPTH or any(len(node) != 32 for node in (root, leaf, *path)):
        return False
    node = leaf
    for sibling in path:
        node = hash_pair(node, sibling)
    return node == root


@dataclass(frozen=True)
class MerkleTree:
    """A built tree. Make it with `build`; indices are positions in the leaves that were given."""

    levels: tuple[tuple[bytes, ...], ...]
    """All nodes, leaves (sorted, padded) first, the root's level last."""
    positions: tuple[int, ...]
    """For each given leaf its place among the sorted ones."""

    @classmethod
    def build(cls, leaves: Sequence[bytes], *, pad: Callable[[int], bytes] = os.urandom) -> MerkleTree:
        """The tree over `leaves` (32 bytes each, at least one), padded with `pad(32)`.

        Raises MerkleInputError for an empty list and for leaves of another length.
        """
        if not leaves:
            raise MerkleInputError("a batch needs at least one leaf")
        filled = [*leaves, *(pad(32) for _ in range(_size_for(len(leaves)) - len(leaves)))]
        for position, leaf in enumerate(filled):
            if len(leaf) != 32:
                raise MerkleInputError("a leaf has 32 bytes", position)
        order = sorted(range(len(filled)), key=filled.__getitem__)
        positions = [0] * len(filled)
        for place, given in enumerate(order):
            positions[given] = place
        levels = _levels([filled[given] for given in order])
        return cls(levels, tuple(positions[: len(leaves)]))

    @property
    def root(self) -> bytes:
        """The 32 bytes that are anchored."""
        return self.levels[-1][0]

    @property
    def depth(self) -> int:
        """Length of every path: 4 for 16 leaves, 10 for 1,024."""
        return len(self.levels) - 1

    def proof(self, index: int) -> list[bytes]:
        """Siblings from the leaf given at `index` up to the root. Raises IndexError outside those."""
        if index < 0:
            raise IndexError(index)
        place = self.positions[index]
        path: list[bytes] = []
        for level in self.levels[:-1]:
            path.append(level[place ^ 1])
            place >>= 1
        return path


def _size_for(count: int) -> int:
    """The smallest power of two that holds `count` leaves, at least MIN_LEAVES."""
    return max(MIN_LEAVES, 1 << (count - 1).bit_length())


def _levels(leaves: list[bytes]) -> tuple[tuple[bytes, ...], ...]:
    """All levels above (and with) a power-of-two list of leaves."""
    levels = [tuple(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(tuple(map(hash_pair, below[::2], below[1::2])))
    return tuple(levels)
