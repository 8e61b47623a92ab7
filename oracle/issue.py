"""From a hospital document to a signed credential and its leaf: checked, issued, in this process or in several.

Nothing here is stored: what is made becomes real in intake's transaction, and is made anew if that never commits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import NamedTuple, Protocol
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from chain.clock import Clock
from chain.merkle import leaf_of
from oracle.errors import SignersLost
from oracle.his.base import HisDocument
from records.credential import issue
from records.errors import RecordInvalid, UnknownKind
from records.issuer import Issuer, IssuerKey
from records.kinds import kind_of, parse
from records.sdjwt.errors import IssuerRefused

_SMALLEST_SHARE = 16
"""Documents below which it is not worth another process."""


class Made(NamedTuple):
    """An issued credential. `compact` is the JWT with all disclosures; `leaf` (32 bytes) is what gets anchored."""

    document_id: str
    vct: str
    kid: str
    compact: str
    leaf: bytes


class Refused(NamedTuple):
    """A document that keeps not to its kind's rules: why, and which fields. No values."""

    reason: str
    paths: tuple[str, ...]


Result = Made | Refused
Pending = Callable[[], list[Result]]
"""Waits for the results, one for each document in their order."""


class Maker(Protocol):
    """Makes credentials. `start` returns at once where others do the work."""

    def start(self, documents: Sequence[HisDocument]) -> Pending:
        """Begin to make a credential of each."""

    def close(self) -> None:
        """End what was started for it."""


@dataclass(frozen=True)
class Issuing:
    """Who issues, and with which key."""

    issuer: Issuer
    key: IssuerKey

    def make(self, document: HisDocument, at: datetime) -> Result:
        """One credential, or why there is none."""
        try:
            record = parse(document.kind, document.payload)
            credential = issue(record, issuer=self.issuer, key=self.key, iat=at)
        except RecordInvalid as invalid:
            return Refused("record-invalid", tuple(problem.path for problem in invalid.problems))
        except UnknownKind:
            return Refused("kind-unknown", ())
        except IssuerRefused:
            return Refused("other-institution", ("institution.name",))
        leaf = leaf_of(credential.digest)
        return Made(str(uuid4()), kind_of(record).vct, self.key.kid, credential.compact, leaf)


class LocalMaker:
    """Makes them in this process, when the results are asked for."""

    def __init__(self, issuing: Issuing, clock: Clock) -> None:
        self._issuing = issuing
        self._clock = clock

    def start(self, documents: Sequence[HisDocument]) -> Pending:
        return lambda: [self._issuing.make(document, self._clock()) for document in documents]

    def close(self) -> None:
        """Nothing to end."""


class PoolMaker:
    """Makes them in `processes` other processes, so that signing uses the cores that are free."""

    def __init__(self, issuing: Issuing, clock: Clock, processes: int) -> None:
        private = issuing.key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._prepared = (private, issuing.key.kid, issuing.issuer)
        self._clock = clock
        self._processes = processes
        self._pool = self._fresh_pool()

    def start(self, documents: Sequence[HisDocument]) -> Pending:
        size = max(_SMALLEST_SHARE, -(-len(documents) // self._processes))
        parts = [documents[start : start + size] for start in range(0, len(documents), size)]
        at = self._clock()
        try:
            shares = [self._pool.submit(_make_share, part, at) for part in parts]
        except BrokenProcessPool as error:
            raise self._lost() from error
        return lambda: self._collect(shares)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _collect(self, shares: Sequence[Future[list[Result]]]) -> list[Result]:
        try:
            return [result for share in shares for result in share.result()]
        except BrokenProcessPool as error:
            raise self._lost() from error

    def _lost(self) -> SignersLost:
        """A signing process ended (killed, out of memory): start anew for the next page."""
        self.close()
        self._pool = self._fresh_pool()
        return SignersLost()

    def _fresh_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._processes,
            mp_context=get_context("spawn"),  # threads run here: a forked child could inherit a held lock
            initializer=_prepare_worker,
            initargs=self._prepared,
        )


_worker: list[Issuing] = []
"""In a worker process: its own copy of what it issues with."""


def _prepare_worker(private: bytes, kid: str, issuer: Issuer) -> None:
    key = load_der_private_key(private, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    _worker[:] = [Issuing(issuer, IssuerKey(key, kid))]
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed oracle cannot end its signing processes, and they hold a private key: they end by themselves."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _make_share(documents: Sequence[HisDocument], at: datetime) -> list[Result]:
    return [_worker[0].make(document, at) for document in documents]
