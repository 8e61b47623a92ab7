"""Which links a node should have and has not."""

from __future__ import annotations

from collections.abc import Iterable

from network.watch.node_view import identity


def links_to_make(*, own: str, expected: Iterable[str], linked: Iterable[str]) -> list[str]:
    """Enode addresses to dial: every expected node but this one (`own`) that is not linked, in a fixed order."""
    have = {*linked, identity(own)}
    return sorted({enode for enode in expected if identity(enode) not in have})
