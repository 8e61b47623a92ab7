"""Asking the chain whether the batches that carry the log's heads are really there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import Engine

from backend.audit.findings import Finding, Kind, Report
from backend.audit.reading import Line, anchors, snapshot
from backend.node import NodeNotUsable, OwnNode
from chain.contracts import DocumentRegistry
from chain.errors import ChainError

AT_ONCE = 200

Anchored = Callable[[int, Sequence[bytes]], Sequence[bool]]
"""Which of these roots an institution anchored."""


def asking(node: OwnNode) -> Anchored:
    """Ask the document registry through the own node. The result raises NodeNotUsable."""
    registry = DocumentRegistry(node.client, node.deployment.address("DocumentRegistry"))

    def anchored(issuer: int, roots: Sequence[bytes]) -> Sequence[bool]:
        try:
            return [batch is not None for batch in registry.batches(issuer, roots)]
        except ChainError as error:
            raise NodeNotUsable(error.code) from error

    return anchored


def checked(engine: Engine, report: Report, anchored: Anchored) -> Report:
    """The report of a whole log, with the first batch that is not on chain as its finding."""
    with snapshot(engine) as connection:
        noted = (anchor for anchor in anchors(connection) if anchor["root"] is not None)
        missing = next(_not_on_chain(noted, anchored), None)
    if missing is None:
        return report
    return replace(report, first=Finding(Kind.ANCHOR, missing["number"], "the chain does not know its root"))


def _not_on_chain(noted: Iterator[Line], anchored: Anchored) -> Iterator[Line]:
    while part := list(islice(noted, AT_ONCE)):
        for issuer in sorted({anchor["issuer"] for anchor in part}):
            own = [anchor for anchor in part if anchor["issuer"] == issuer]
            there = anchored(issuer, [anchor["root"] for anchor in own])
            yield from (anchor for anchor, found in zip(own, there, strict=True) if not found)
