"""What the node itself says when Prometheus asks: its newest block, its fees, who seals, and how final its chain is.

Judged here by the seals (`chain.window`), with the same code as the sender's and the verifier's: a node cannot make
itself look better. Each scrape reads the head and the headers that are new since the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chain.clock import Clock, from_block_time
from chain.engine import SealRefused, engine_for
from chain.errors import ChainError
from chain.headers import Header
from chain.window import HeaderWindow
from network.errors import IpcUnavailable, RpcRefused
from network.ipc import Rpc
from network.watch.own import CLIQUE, signers_at

_ROUNDS = 2
"""Rounds of the validators in which each healthy one has sealed at least once."""


class SocketHeaders:
    """Headers through a node's socket, for a `HeaderWindow`."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def head(self) -> Header:
        """The newest header. Raises IpcUnavailable, RpcRefused."""
        return Header.from_rpc(self._rpc.call("eth_getBlockByNumber", "latest", False))

    def headers(self, numbers: Sequence[int]) -> list[Header]:
        """Headers by number. Raises IpcUnavailable, RpcRefused."""
        return [
            Header.from_rpc(self._rpc.call("eth_getBlockByNumber", hex(number), False)) for number in numbers
        ]


class NodeCollector(Collector):
    """One validator's node. `engine` is the name that deployment and trust file give it."""

    def __init__(self, validator: str, rpc: Rpc, clock: Clock, engine: str = CLIQUE) -> None:
        self._validator, self._rpc, self._clock = validator, rpc, clock
        self._engine_name, self._engine = engine, engine_for(engine)
        self._signers: tuple[str, ...] = ()
        self._window = HeaderWindow(SocketHeaders(rpc), self._engine, lambda: (self._signers,))
        self._lost = 0
        self._lock = Lock()

    def collect(self) -> Iterator[Metric]:
        """The node's numbers; only `node_up` 0 while it does not answer."""
        with self._lock:
            try:
                found = list(self._look())
            except (IpcUnavailable, RpcRefused, ChainError):
                found = [self._gauge("node_up", "1 if the node answers its socket", 0)]
        yield from found
        engine = GaugeMetricFamily(
            "saegim_validator_engine_info", "The consensus engine", labels=["validator", "engine"]
        )
        engine.add_metric([self._validator, self._engine_name], 1)
        yield engine

    def _look(self) -> Iterator[Metric]:
        latest = self._rpc.call("eth_getBlockByNumber", "latest", False)["hash"]
        self._signers = signers_at(self._rpc, self._engine_name, latest)
        if self._window.sync().settled_lost:
            self._lost += 1
        head = self._window.head
        age = (self._clock() - from_block_time(head.time)).total_seconds()
        yield self._gauge("node_up", "1 if the node answers its socket", 1)
        yield self._gauge("head_age_seconds", "Age of the newest block; negative: this clock is behind", age)
        yield self._gauge("base_fee_wei", "The newest block's base fee", head.base_fee or 0)
        yield self._gauge("settled_number", "Newest settled block", max(0, self._window.settled))
        yield self._gauge("strong_number", "Newest strong block", max(0, self._window.strong))
        lag = head.number - max(0, self._window.settled)
        yield self._gauge("finality_lag_blocks", "Blocks between the newest and the newest settled one", lag)
        yield self._gauge("sealers_expected", "Validators in force", len(self._signers))
        yield self._gauge(
            "sealers_seen", "Of these, how many sealed in the last two rounds", self._seen(head)
        )
        yield self._gauge(
            "seal_fault", "1 while the head's seals do not count", self._window.fault is not None
        )
        lost = CounterMetricFamily(
            "saegim_validator_settled_blocks_lost",
            "Times that settled blocks were replaced",
            labels=["validator"],
        )
        lost.add_metric([self._validator], self._lost)
        yield lost

    def _seen(self, head: Header) -> int:
        """Distinct sealers of the set in the newest blocks."""
        expected = {address.lower() for address in self._signers}
        first = max(1, head.number - _ROUNDS * len(expected) + 1)
        headers = [self._window.header(number) for number in range(first, head.number + 1)]
        seen = {sealer for header in headers if header is not None for sealer in self._sealers(header)}
        return len(seen & expected)

    def _sealers(self, header: Header) -> tuple[str, ...]:
        try:
            return tuple(sealer.lower() for sealer in self._engine.sealers(header))
        except SealRefused:
            return ()

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"saegim_validator_{name}", text, labels=["validator"])
        family.add_metric([self._validator], float(value))
        return family
