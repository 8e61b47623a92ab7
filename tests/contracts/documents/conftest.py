"""A document registry on the members' double, with a clock set by hand and a few batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.frame import Tree, send, some_tree

T0 = 1_767_225_600
"""2026-01-01T00:00:00Z, where the double's clock stands at first: the first second of a day."""
ISSUER, OTHER = 1, 2


@dataclass(frozen=True)
class Clock:
    """The registry's own clock."""

    registry: Any
    keeper: Any

    def set(self, time: int) -> None:
        send(self.registry.setTime, time, sender=self.keeper)


@dataclass(frozen=True)
class Shelf:
    """Institution 1's batches: `early` at T0 + 10, `same` in the same second, `late` at T0 + 20.

    The clock then stands at T0 + 30. Leaves are named by position: `early.levels[0][0]`.
    """

    early: Tree
    same: Tree
    late: Tree


@pytest.fixture(scope="session")
def deployed_documents(project: Any, members: Any, keeper: Any) -> Any:
    return keeper.deploy(project.TestDocumentRegistry, members)


@pytest.fixture
def documents(deployed_documents: Any) -> Any:
    return deployed_documents


@pytest.fixture
def clock(documents: Any, keeper: Any) -> Clock:
    return Clock(documents, keeper)


@pytest.fixture
def shelf(documents: Any, clock: Clock, alice: Any) -> Shelf:
    batches = Shelf(some_tree("early"), some_tree("same"), some_tree("late"))
    for tree, time in ((batches.early, 10), (batches.same, 10), (batches.late, 20)):
        clock.set(T0 + time)
        send(documents.anchor, tree.root, tree.depth, sender=alice)
    clock.set(T0 + 30)
    return batches
