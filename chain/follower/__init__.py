"""Following the chain: events into tables, undone when blocks are replaced, final only when the seals say so.

Invariants: a span's blocks, rows and cursor are written in one transaction · every log is checked against the
hash and bloom filter of a linked header · finality comes from seals by validators that the set before vouched
for · readers see `settled` and `strong` through `Follower.height` only.
"""

from __future__ import annotations

from chain.follower.errors import LogsInconsistent, OtherChain
from chain.follower.follower import Follower, FollowerReport, create_tables
from chain.follower.projections import (
    DocumentsProjection,
    InstitutionsProjection,
    Occurrence,
    Place,
    Projection,
)

__all__ = [
    "DocumentsProjection",
    "Follower",
    "FollowerReport",
    "InstitutionsProjection",
    "LogsInconsistent",
    "Occurrence",
    "OtherChain",
    "Place",
    "Projection",
    "create_tables",
]
