"""Nodes over real HTTP that misbehave on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fake_chain import block_json, make_header

from chain.client import ChainClient
from chain.headers import Header


class FakeNode:
    """A JSON-RPC server on a free port. `answers` maps a method to its result, an error, or a function."""

    def __init__(self) -> None:
        self.chain: list[Header] = [make_header(None, 0)]
        for _ in range(5):
            self.grow()
        self.chain_id = 7
        self.answers: dict[str, Any] = {}
        self.requests: list[list[dict[str, Any]]] = []
        self.raw_reply: Callable[[bytes], tuple[int, dict[str, str], bytes]] | None = None
        """Replaces everything: (status, headers, body) for the JSON reply that would be right."""
        self.hang = threading.Event()
        self._hanging = False
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                calls = body if isinstance(body, list) else [body]
                node.requests.append(calls)
                if node._hanging:
                    node.hang.wait(10)
                    self.close_connection = True
                    return
                replies = [node.reply(call) for call in calls]
                good = json.dumps(replies if isinstance(body, list) else replies[0]).encode()
                status, headers, data = node.raw_reply(good) if node.raw_reply else (200, {}, good)
                self.send_response(status)
                for name, value in {"content-length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                if len(data) < int(headers.get("content-length", "0")):
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def grow(self, salt: int = 0) -> Header:
        self.chain.append(make_header(self.chain[-1], salt))
        return self.chain[-1]

    def hangs(self) -> None:
        self._hanging = True

    def methods(self) -> list[str]:
        return [call["method"] for calls in self.requests for call in calls]

    def reply(self, call: dict[str, Any]) -> dict[str, Any]:
        method, parameters = call["method"], call["params"]
        answer = self.answers.get(method, self._standard)
        result = answer(method, parameters) if callable(answer) else answer
        if isinstance(result, dict) and set(result) == {"error"}:
            return {"jsonrpc": "2.0", "id": call["id"], "error": result["error"]}
        return {"jsonrpc": "2.0", "id": call["id"], "result": result}

    def _standard(self, method: str, parameters: list[Any]) -> Any:
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_getBlockByNumber":
            number = len(self.chain) - 1 if parameters[0] == "latest" else int(parameters[0], 16)
            return block_json(self.chain[number]) if number < len(self.chain) else None
        return {"error": {"code": -32601, "message": f"the method {method} does not exist/is not available"}}

    def stop(self) -> None:
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()


class Ticks:
    """A monotonic clock that stands still unless told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def make_node() -> Iterator[Callable[[], FakeNode]]:
    nodes: list[FakeNode] = []

    def make() -> FakeNode:
        nodes.append(FakeNode())
        return nodes[-1]

    yield make
    for node in nodes:
        node.stop()


@pytest.fixture
def node(make_node: Callable[[], FakeNode]) -> FakeNode:
    return make_node()


@pytest.fixture
def connect(ticks: Ticks) -> Iterator[Callable[..., ChainClient]]:
    clients: list[ChainClient] = []

    def make(*nodes: FakeNode, **options: Any) -> ChainClient:
        client = ChainClient([n.url for n in nodes], monotonic=ticks, **{"timeout": 5.0, **options})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
