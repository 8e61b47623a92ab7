"""The batch trees, built again from the leaves that were stored with the batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlmodel import Session

from chain.db import table_of
from chain.merkle import MerkleTree
from oracle.models import Batch

_LEAF = 32
_KEPT = 8
"""Trees kept in memory; one of 1,024 leaves takes about 150 kB and 10 ms to build."""


@dataclass(frozen=True)
class StoredTree:
    """One batch's tree; gives the path of a leaf that is in it."""

    root: bytes
    tree: MerkleTree
    places: dict[bytes, int]

    def path(self, leaf: bytes) -> list[bytes]:
        """Siblings from `leaf` to the root."""
        return self.tree.proof(self.places[leaf])


def pack_leaves(tree: MerkleTree) -> bytes:
    """All leaves of `tree`, padding included, as they are stored."""
    return b"".join(tree.levels[0])


def unpack_tree(leaves: bytes) -> StoredTree:
    """The tree that `pack_leaves` stored: a power of two of leaves, so nothing is padded again."""
    split = [leaves[start : start + _LEAF] for start in range(0, len(leaves), _LEAF)]
    tree = MerkleTree.build(split)
    return StoredTree(tree.root, tree, {leaf: place for place, leaf in enumerate(split)})


@dataclass
class TreeCache:
    """The trees used last. For one thread."""

    _trees: OrderedDict[int, StoredTree] = field(default_factory=OrderedDict)

    def load(self, session: Session, batches: Iterable[int]) -> dict[int, StoredTree]:
        """The trees of `batches`, by number; those whose leaves were dropped are left out."""
        wanted = set(batches)
        missing = wanted - self._trees.keys()
        table = table_of(Batch)
        query = select(table.c.id, table.c.leaves).where(table.c.id.in_(sorted(missing)))
        loaded = (
            {row.id: unpack_tree(row.leaves) for row in session.execute(query) if row.leaves is not None}
            if missing
            else {}
        )
        found = {number: self._trees[number] for number in wanted - missing} | loaded
        self._trees.update(loaded)
        while len(self._trees) > _KEPT:
            self._trees.popitem(last=False)
        return found
