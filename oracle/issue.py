"""From a hospital document to a signed credential and its leaf: checked, issued, in this process or in several.

Nothing here is stored: what is made becomes real in intake's transaction, and is made anew if that never commits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context, parent_process
from threading import Thread
from types import MappingProxyType
from typing import NamedTuple, Protocol

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
from oracle.issue_keys import IssueKeys, issued_at, name_of
from records.credential import issue
from records.errors import RecordInvalid, UnknownKind
from records.issuer import Issuer, IssuerKey
from records.kinds import kind_of, parse
from records.sdjwt.drawing import SeededDraws
from records.sdjwt.errors import IssuerRefused

NOTHING: Mapping[str, str] = MappingProxyType({})
"""No version is known of any."""

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


class Order(NamedTuple):
    """One credential to be made: of what, of which time, from which seed."""

    document: HisDocument
    at: datetime
    seed: bytes


class Maker(Protocol):
    """Makes credentials. `start` returns at once where others do the work."""

    def start(self, documents: Sequence[HisDocument], before: Mapping[str, str] = NOTHING) -> Pending:
        """Begin to make a credential of each. `before`: by source key, the newest version that is known of it."""

    def close(self) -> None:
        """End what was started for it."""


@dataclass(frozen=True)
class Issuing:
    """Who issues, and with which key."""

    issuer: Issuer
    key: IssuerKey

    def make(self, document: HisDocument, at: datetime, seed: bytes) -> Result:
        """One credential of this time, all that is random about it drawn from `seed`; or why there is none."""
        try:
            record = parse(document.kind, document.payload)
            credential = issue(record, issuer=self.issuer, key=self.key, iat=at, draws=SeededDraws(seed))
        except RecordInvalid as invalid:
            return Refused("record-invalid", tuple(problem.path for problem in invalid.problems))
        except UnknownKind:
            return Refused("kind-unknown", ())
        except IssuerRefused:
            return Refused("other-institution", ("institution.name",))
        leaf = leaf_of(credential.digest)
        return Made(name_of(seed), kind_of(record).vct, self.key.kid, credential.compact, leaf)


@dataclass(frozen=True)
class Orders:
    """What is to be made of documents: when each is issued, and the seed of what is random about it."""

    keys: IssueKeys
    kid: str
    clock: Clock

    def of(self, documents: Sequence[HisDocument], before: Mapping[str, str]) -> list[Order]:
        """One for each document, in their order. Raises KeyFileInvalid.

        A version's seed names the one before it: content that comes back is a document of its own.
        """
        now, newest = self.clock(), dict(before)
        made: dict[tuple[str, str, datetime], bytes] = {}
        orders: list[Order] = []
        for document in documents:
            same = (document.source_key, document.revision, document.changed_at)
            if same not in made:
                earlier = newest.get(document.source_key, "")
                made[same] = self.keys.seed(document, self.kid, earlier, now)
                newest[document.source_key] = name_of(made[same])
            orders.append(Order(document, issued_at(document, now), made[same]))
        return orders


class LocalMaker:
    """Makes them in this process, when the results are asked for."""

    def __init__(self, issuing: Issuing, clock: Clock, keys: IssueKeys) -> None:
        self._issuing = issuing
        self._orders = Orders(keys, issuing.key.kid, clock)

    def start(self, documents: Sequence[HisDocument], before: Mapping[str, str] = NOTHING) -> Pending:
        return lambda: [self._issuing.make(*order) for order in self._orders.of(documents, before)]

    def close(self) -> None:
        """Nothing to end."""


class PoolMaker:
    """Makes them in `processes` other processes, so that signing uses the cores that are free."""

    def __init__(self, issuing: Issuing, clock: Clock, keys: IssueKeys, processes: int) -> None:
        private = issuing.key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._prepared = (private, issuing.key.kid, issuing.issuer)
        self._orders = Orders(keys, issuing.key.kid, clock)
        self._processes = processes
        self._pool = self._fresh_pool()

    def start(self, documents: Sequence[HisDocument], before: Mapping[str, str] = NOTHING) -> Pending:
        size = max(_SMALLEST_SHARE, -(-len(documents) // self._processes))
        orders = self._orders.of(documents, before)
        parts = [orders[start : start + size] for start in range(0, len(orders), size)]
        try:
            shares = [self._pool.submit(_make_share, part) for part in parts]
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


def _make_share(orders: Sequence[Order]) -> list[Result]:
    return [_worker[0].make(*order) for order in orders]
