"""One node: a keep-alive HTTP connection, JSON-RPC framing, and what is known about its health."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from chain.errors import ChainError, MalformedAnswer, NodeUnavailable, classify
from chain.headers import Header

Call = tuple[str, Sequence[Any]]
"""A JSON-RPC method and its parameters."""

Outcome = Any
"""A JSON result, or a ChainError where the node answered that call with an error."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""An answer longer than this is not read to its end."""

_FIRST_BACKOFF = 0.5
_LONGEST_BACKOFF = 30.0


@dataclass(frozen=True)
class NodeStatus:
    """A node as last seen. `head_time` None: never reached; `refused`: why it is not used at all."""

    url: str
    reachable: bool
    head_number: int
    head_time: datetime | None
    failures: int
    latency: float
    refused: str | None


class Node:
    """One JSON-RPC end point. Thread-safe. `monotonic` is the clock of back-off and latency, in seconds."""

    def __init__(self, url: str, *, timeout: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self.head: Header | None = None
        self.failures = 0
        self.latency = 0.0
        self.checked = False
        """Whether its chain id was seen since it last failed: something else may listen there now."""
        self.refused: ChainError | None = None
        self._retry_at = 0.0
        self._monotonic = monotonic
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        # trust_env off: a proxy configured for the outside must not see (or break) calls to our own nodes.
        self._http = httpx.Client(timeout=timeout, trust_env=False, limits=httpx.Limits(max_connections=16))

    @property
    def usable(self) -> bool:
        """Not refused, and not resting after a failure."""
        return self.refused is None and self._monotonic() >= self._retry_at

    @property
    def status(self) -> NodeStatus:
        """What is known, without asking."""
        seen = self.head
        return NodeStatus(
            url=self.url,
            reachable=self.failures == 0 and seen is not None,
            head_number=seen.number if seen else -1,
            head_time=datetime.fromtimestamp(seen.time, UTC) if seen else None,
            failures=self.failures,
            latency=self.latency,
            refused=str(self.refused) if self.refused else None,
        )

    def send(self, calls: Sequence[Call]) -> list[Outcome]:
        """One HTTP request with all calls; outcomes in order. Raises NodeUnavailable, MalformedAnswer."""
        started = self._monotonic()
        try:
            outcomes = self._exchange(calls)
        except (NodeUnavailable, MalformedAnswer) as error:
            self.note_failure(error)
            raise
        with self._lock:
            self.latency = 0.8 * self.latency + 0.2 * (self._monotonic() - started)
            self.failures = 0
        return outcomes

    def note_failure(self, error: ChainError) -> None:
        """Count a failure and rest, as long as the node asked for or doubling from half a second."""
        wait = error.retry_after if isinstance(error, NodeUnavailable) else None
        with self._lock:
            self.failures += 1
            self.checked = False
            doubled = min(_FIRST_BACKOFF * 2 ** (self.failures - 1), _LONGEST_BACKOFF)
            self._retry_at = self._monotonic() + (doubled if wait is None else wait)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _exchange(self, calls: Sequence[Call]) -> list[Outcome]:
        first = next(self._ids)
        for _ in calls[1:]:
            next(self._ids)
        requests = [
            {"jsonrpc": "2.0", "id": first + place, "method": method, "params": list(params)}
            for place, (method, params) in enumerate(calls)
        ]
        method = calls[0][0]
        body = self._post(json.dumps(requests if len(calls) > 1 else requests[0]).encode())
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise MalformedAnswer(self.url, method, "no complete JSON") from error
        return self._match(answer, [request["id"] for request in requests], method)

    def _match(self, answer: Any, ids: Sequence[Any], method: str) -> list[Outcome]:
        """Answers in the order asked. Each id must occur exactly once; a node may answer in any order."""
        entries = answer if isinstance(answer, list) else [answer]
        by_id: dict[Any, Any] = {}
        for entry in entries:
            if not isinstance(entry, dict) or ("result" in entry) == (entry.get("error") is not None):
                raise MalformedAnswer(self.url, method, "neither a result nor an error")
            by_id[str(entry.get("id"))] = entry
        if len(entries) == 1 and len(ids) > 1 and entries[0].get("error"):
            failed = classify(entries[0]["error"] if isinstance(entries[0]["error"], dict) else {})
            raise MalformedAnswer(self.url, method, f"the batch as a whole failed: {failed}")
        if len(entries) != len(ids) or by_id.keys() != {str(wanted) for wanted in ids}:
            raise MalformedAnswer(self.url, method, f"{len(entries)} answers do not match {len(ids)} calls")
        return [self._outcome(by_id[str(wanted)], method) for wanted in ids]

    def _outcome(self, entry: dict[str, Any], method: str) -> Outcome:
        if entry.get("error") is None:
            return entry["result"]
        if not isinstance(entry["error"], dict):
            raise MalformedAnswer(self.url, method, "an error that is no object")
        return classify(entry["error"])

    def _post(self, body: bytes) -> bytes:
        """The body of the answer to one POST. Raises NodeUnavailable, MalformedAnswer."""
        headers = {"content-type": "application/json"}
        try:
            with self._http.stream("POST", self.url, content=body, headers=headers) as response:
                if response.status_code == 429 or response.status_code >= 500:
                    wait = _retry_after(response.headers.get("retry-after"))
                    raise NodeUnavailable(self.url, f"HTTP {response.status_code}", retry_after=wait)
                if response.status_code != 200:
                    raise MalformedAnswer(self.url, "HTTP POST", f"HTTP {response.status_code}")
                return self._read(response)
        except httpx.TimeoutException as error:
            raise NodeUnavailable(self.url, "time-out") from error
        except httpx.HTTPError as error:
            raise NodeUnavailable(self.url, error.__class__.__name__) from error

    def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_bytes():
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise MalformedAnswer(self.url, "HTTP POST", f"longer than {MAX_ANSWER_BYTES} bytes")
            parts.append(part)
        return b"".join(parts)


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdigit():
        return min(float(value), 3600.0)
    try:
        wait = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(wait, 0.0), 3600.0)
