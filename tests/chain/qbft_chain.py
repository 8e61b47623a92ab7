"""A QBFT chain in memory: the same state and trust file as `SyntheticChain`, headers as Besu writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from coincurve import PrivateKey
from synthetic import SyntheticChain, address

from chain.headers import Header
from chain.qbft import NO_UNCLES, quorum, seal_hash
from chain.qbft_extra import BFT_DIGEST, QbftExtra, decode_extra


class QbftChain(SyntheticChain):
    """A network whose validators the registry names (Besu's contract mode): the lists in headers are empty.

    `mine` seals with the set in force, the first ⌈2N/3⌉ from the proposer on, as Besu stops collecting there.
    """

    engine = "qbft"

    def genesis_extra(self) -> bytes:
        return QbftExtra(bytes(32), tuple(raw(key) for key in self.validators)).encode()

    def mine(
        self, count: int = 1, *, by: PrivateKey | Sequence[PrivateKey] | None = None, **changes: Any
    ) -> Header:
        """Adds blocks. `by`: who seals, the proposer first. `changes`: header fields, or parts of the extra data."""
        extra_changes = {name: changes.pop(name) for name in _PARTS & changes.keys()}
        for _ in range(count):
            sealers = self._sealers(by)
            extra = replace(QbftExtra(self.vanity), **extra_changes)
            header = self._unsealed(self.head.number + 1, self.head.hash, self.next_time, extra.encode())
            header = replace(header, **{"beneficiary": raw(sealers[0]), **changes})
            self.add(commit(header, sealers))
        return self.head

    def _sealers(self, by: PrivateKey | Sequence[PrivateKey] | None) -> Sequence[PrivateKey]:
        if isinstance(by, PrivateKey):
            return [by]
        if by is not None:
            return by
        start, n = (self.head.number + 1) % len(self.validators), len(self.validators)
        return [self.validators[(start + i) % n] for i in range(quorum(n))]

    def _unsealed(self, number: int, parent: bytes, time: int, extra: bytes) -> Header:
        header = super()._unsealed(number, parent, time, extra)
        return replace(header, difficulty=1, mix_digest=BFT_DIGEST, uncles_hash=NO_UNCLES, base_fee=0)


_PARTS = {"vanity", "validators", "vote", "round"}


def raw(key: PrivateKey) -> bytes:
    return bytes.fromhex(address(key)[2:])


def commit(header: Header, sealers: Sequence[PrivateKey]) -> Header:
    """The header with committed seals of `sealers` in place of those it has."""
    extra = decode_extra(header.extra_data)
    digest = seal_hash(header, extra)
    seals = tuple(key.sign_recoverable(digest, hasher=None) for key in sealers)
    return with_extra(header, replace(extra, seals=seals))


def with_extra(header: Header, extra: QbftExtra) -> Header:
    return replace(header, extra_data=extra.encode())
