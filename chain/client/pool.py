"""Several nodes as one: reads go to the healthiest and fall over to the next, transactions go to all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from chain.client import answers
from chain.client.answers import AnswerShape
from chain.client.node import Call, Node, NodeStatus, Outcome
from chain.errors import (
    ChainError,
    MalformedAnswer,
    MethodMissing,
    NodeError,
    NodeUnavailable,
    StateMissing,
    WrongChain,
)
from chain.hashing import keccak256

T = TypeVar("T")

BATCH = 250
"""Calls in one HTTP request: geth refuses more than 1,000 and stops at 25 MB of answers."""

_ELSEWHERE = (NodeUnavailable, MalformedAnswer, StateMissing, MethodMissing)
"""What another node may do better."""

SURVEY_EVERY = 2.0
"""Seconds between looks at every node's head; in between only the preferred one is asked."""


@dataclass(frozen=True)
class BroadcastResult:
    """What each node said about one transaction: None = taken into its pool. `hash` is computed here."""

    hash: bytes
    outcomes: Mapping[str, ChainError | None]

    @property
    def accepted(self) -> bool:
        """Whether at least one node has taken it."""
        return any(outcome is None for outcome in self.outcomes.values())

    @property
    def errors(self) -> tuple[ChainError, ...]:
        """What the nodes that did not take it said."""
        return tuple(outcome for outcome in self.outcomes.values() if outcome is not None)


class NodePool:
    """Transport over several nodes. Thread-safe; the constructor does no I/O.

    `chain_id`: refuse nodes of any other chain; if not given, the first answer decides. `timeout` seconds per
    request. `monotonic` is the clock of back-off and latency.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        timeout: float = 5.0,
        chain_id: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not urls:
            raise ValueError("give the address of at least one node")
        self._nodes = [Node(url, timeout=timeout, monotonic=monotonic) for url in dict.fromkeys(urls)]
        self._chain_id = chain_id
        self._monotonic = monotonic
        self._preferred = self._nodes[0]
        self._surveyed_at = float("-inf")
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def call(self, method: str, *params: Any) -> Any:
        """One JSON-RPC call. Raises NodeError if no node can answer, AnswerError or Reverted as answered."""
        return self.batch([(method, params)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Several calls, results in order. Raises the first error among them."""
        return self._ask(calls, lambda outcomes: [raised(outcome) for outcome in outcomes])

    def batch_outcomes(self, calls: Sequence[Call]) -> list[Outcome]:
        """As `batch`, but a call answered with an error yields that ChainError in its place."""
        return self._ask(calls, lambda outcomes: outcomes)

    def chain_id(self) -> int:
        """The chain all these nodes are on, or must be on to be used."""
        if self._chain_id is not None:
            return self._chain_id
        known: int | None = self._ask([], lambda _: self._chain_id)
        assert known is not None  # every node is asked for it before its first use
        return known

    def broadcast(self, raw: bytes) -> BroadcastResult:
        """Send one signed transaction to every node."""
        return self.broadcast_many([raw])[0]

    def broadcast_many(self, raws: Sequence[bytes]) -> list[BroadcastResult]:
        """Send signed transactions to every node, in order. Never raises for a node's refusal or silence."""
        hashes = [keccak256(raw) for raw in raws]
        nodes = [node for node in self._nodes if node.usable] or self._nodes
        told = self._everywhere(nodes, lambda node: self._send_raw(node, raws, hashes))
        return [
            BroadcastResult(found, {node.url: told[node.url][place] for node in nodes})
            for place, found in enumerate(hashes)
        ]

    def status(self) -> tuple[NodeStatus, ...]:
        """What is known of each node, without asking."""
        return tuple(node.status for node in self._nodes)

    def close(self) -> None:
        """Close all connections."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)
        for node in self._nodes:
            node.close()

    def _ask(self, calls: Sequence[Call], read: Callable[[list[Outcome]], T]) -> T:
        """Put `calls` to the healthiest node and `read` the outcomes; on a failure try the next.

        `read` raises AnswerShape for an answer that cannot be right. Raises the last node's error.
        """
        last: ChainError | None = None
        for node in self._ranked():
            try:
                return self._ask_one(node, calls, read)
            except _ELSEWHERE as error:
                last = error
            except WrongChain as error:
                last = last or error
        assert last is not None
        raise last

    def _ask_one(self, node: Node, calls: Sequence[Call], read: Callable[[list[Outcome]], T]) -> T:
        self._check_chain(node)
        outcomes: list[Outcome] = []
        for start in range(0, len(calls), BATCH):
            outcomes += node.send(calls[start : start + BATCH])
        try:
            return read(outcomes)
        except AnswerShape as error:
            malformed = MalformedAnswer(node.url, calls[0][0], str(error))
            node.note_failure(malformed)
            raise malformed from error

    def _ranked(self) -> list[Node]:
        """Usable nodes, best first; if all are resting, all of them (better a try than a certain no)."""
        highest = max((node.head.number for node in self._nodes if node.head), default=0)

        def rank(node: Node) -> tuple[bool, bool, bool, float]:
            lagging = node.head is None or node.head.number < highest - 1
            return (node.failures > 0, lagging, node is not self._preferred, node.latency)

        usable = [node for node in self._nodes if node.usable]
        return sorted(usable or self._nodes, key=rank)

    def _check_chain(self, node: Node) -> None:
        """Refuse a node of another chain, at first use and again after each failure. Raises NodeError."""
        if node.checked:
            return
        outcome = node.send([("eth_chainId", ())])[0]
        try:
            found = answers.quantity(raised(outcome))
        except (AnswerShape, ChainError) as error:
            malformed = MalformedAnswer(node.url, "eth_chainId", str(error))
            node.note_failure(malformed)
            raise malformed from error
        with self._lock:
            self._chain_id = self._chain_id if self._chain_id is not None else found
            expected = self._chain_id
        node.refused = None if found == expected else WrongChain(node.url, expected, found)
        if node.refused is not None:
            raise node.refused
        node.checked = True

    def _send_raw(
        self, node: Node, raws: Sequence[bytes], hashes: Sequence[bytes]
    ) -> list[ChainError | None]:
        """One node's word on each transaction. Half a batch that went through keeps its answers."""
        told: list[ChainError | None] = []
        try:
            self._check_chain(node)
            for start in range(0, len(raws), BATCH):
                part = raws[start : start + BATCH]
                outcomes = node.send([("eth_sendRawTransaction", (f"0x{raw.hex()}",)) for raw in part])
                told += [
                    _told(node, outcome, hashes[start + place]) for place, outcome in enumerate(outcomes)
                ]
        except NodeError as error:
            told += [error] * (len(raws) - len(told))
        return told

    def _everywhere(self, nodes: Sequence[Node], ask: Callable[[Node], T]) -> dict[str, T]:
        """Ask several nodes at once; the slowest decides how long it takes."""
        if len(nodes) == 1:
            return {nodes[0].url: ask(nodes[0])}
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(len(self._nodes), thread_name_prefix="chain-node")
        answered: Iterable[T] = self._threads.map(ask, nodes)
        return {node.url: answer for node, answer in zip(nodes, answered, strict=True)}


def raised(outcome: Outcome) -> Any:
    """The result itself; an error among the outcomes is raised."""
    if isinstance(outcome, ChainError):
        raise outcome
    return outcome


def _told(node: Node, outcome: Outcome, expected: bytes) -> ChainError | None:
    """None if the node took the transaction and names its right hash."""
    if isinstance(outcome, ChainError):
        return outcome
    if outcome != f"0x{expected.hex()}":
        return MalformedAnswer(node.url, "eth_sendRawTransaction", "another transaction's hash")
    return None
