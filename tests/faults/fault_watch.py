"""The watchers: what verifiers say while a fault lasts, and which blocks were sealed and then dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

import httpx

from chain.client import ChainClient
from chain.errors import ChainError
from chain.headers import Header
from chain.trust import TrustFile
from verifier import ProofBundle, Verdict, verify

LIMIT = timedelta(seconds=30)
"""How old a status these readers take: short, so that a chain that stops makes them unsure within the fault."""
LEEWAY = timedelta(seconds=2)
"""Blocks carry whole seconds, and a validator's clock may be that much ahead."""


@dataclass
class Watched:
    """A document whose bundle was taken before the fault."""

    name: str
    bundle: ProofBundle
    truth: frozenset[Verdict]
    """What may be said of it for certain; anything else must be UNKNOWN. More than one while it changes."""


@dataclass(frozen=True)
class Nodes:
    """Every node's head, asked without the client's own judgement of which node is healthy."""

    urls: Sequence[str]
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=2, trust_env=False))

    def newest(self) -> list[tuple[int, str, int]]:
        """(number, hash, time) of the newest blocks of all nodes that answer."""
        found: list[tuple[int, str, int]] = []
        for url in self.urls:
            try:
                head = int(self._ask(url, [("eth_blockNumber", [])])[0], 16)
                numbers = range(max(head - 7, 0), head + 1)
                blocks = self._ask(url, [("eth_getBlockByNumber", [hex(n), False]) for n in numbers])
            except (httpx.HTTPError, KeyError, ValueError, TypeError):
                continue
            found += [(int(b["number"], 16), b["hash"], int(b["timestamp"], 16)) for b in blocks if b]
        return found

    def newest_time(self) -> datetime | None:
        """Time of the newest block that any node has."""
        return _latest(self.newest())

    def _ask(self, url: str, calls: list[tuple[str, list[object]]]) -> list[Any]:
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls)
        ]
        answers = sorted(self.http.post(url, json=asked).json(), key=lambda answer: answer["id"])
        return [answer["result"] for answer in answers]


class Watch:
    """Asks over and over, in a thread: each document offline and at the nodes."""

    def __init__(self, urls: Sequence[str], trust: TrustFile, chain_id: int) -> None:
        self.documents: list[Watched] = []
        self.said: Counter[str] = Counter()
        """How often each verdict was given, online and offline together."""
        self.online: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.seen: set[tuple[int, str]] = set()
        """(number, hash) of every block that stood in some node's chain."""
        self._trust, self._nodes = trust, Nodes(urls)
        self._client = ChainClient(urls, chain_id=chain_id, timeout=3)
        self._stop, self._lock = Event(), Lock()

    def judge(self, document: Watched, node: ChainClient | None, newest: datetime | None) -> None:
        """One question. `newest`: time of the newest block that any node had just before it was asked."""
        asked = datetime.now(UTC)
        report = verify(document.bundle, self._trust, now=asked + LEEWAY, freshness=LIMIT, node=node)
        where = f"{document.name}, {'offline' if node is None else 'online'}: {report.verdict.value}"
        with self._lock:
            self.said[report.verdict.value] += 1
            self.online[report.verdict.value] += node is not None
        if report.verdict is Verdict.UNKNOWN:
            return
        if report.verdict not in document.truth:
            codes = {question.value: finding.code for question, finding in report.findings.items()}
            self.wrong.append(f"{where} {codes}")
        if report.verdict is not Verdict.VALID:
            return  # what has ended does not come back by waiting; that it is in force must be known freshly
        held = _sealed_at(document.bundle)
        if _too_old(held, asked) and (node is None or _too_old(newest, asked)):
            later = None if node is None else self._nodes.newest_time()  # the chain may have moved meanwhile
            if _too_old(later, asked):
                self.wrong.append(f"{where}, asked at {asked}, but nobody knew more than of {held}, {later}")

    def round(self) -> None:
        """Every document once, and every node's newest blocks."""
        blocks = self._nodes.newest()
        with self._lock:
            self.seen.update((number, block) for number, block, _ in blocks)
            documents = list(self.documents)
        for document in documents:
            self.judge(document, None, None)
            self.judge(document, self._client, _latest(blocks))

    def reversed_blocks(self) -> int:
        """How many blocks stood in a node's chain and do not stand in the chain there is now."""
        with self._lock:
            seen = set(self.seen)
        numbers = sorted({number for number, _ in seen})
        standing = {header.number: f"0x{header.hash.hex()}" for header in self._client.headers(numbers)}
        return sum(standing[number] != block for number, block in seen)

    def verdicts(self) -> str:
        """As in `VALID 40, UNKNOWN 3`."""
        with self._lock:
            return ", ".join(f"{name} {count}" for name, count in self.said.most_common())

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """Watch until the block ends."""
        thread = Thread(target=self._run, name="fault-watch")
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()
            self._client.close()
            self._nodes.http.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.round()
            except ChainError:
                continue  # a node that goes away while a bundle is made; the next round asks again
            except BaseException as error:
                self.wrong.append(f"the watcher itself failed: {error!r}")
                raise
            self._stop.wait(0.7)


def _sealed_at(bundle: ProofBundle) -> datetime | None:
    """The time in the header that the bundle's proof begins with."""
    if bundle.proof is None:
        return None
    return datetime.fromtimestamp(Header.from_rlp(bundle.proof.headers[0]).time, UTC)


def _latest(blocks: Sequence[tuple[int, str, int]]) -> datetime | None:
    return max((datetime.fromtimestamp(time, UTC) for *_, time in blocks), default=None)


def _too_old(known: datetime | None, asked: datetime) -> bool:
    return known is None or asked - known > LIMIT + LEEWAY
