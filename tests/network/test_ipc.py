"""The IPC client against a socket that behaves well, badly, and comes back."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from network.errors import IpcUnavailable, RpcRefused
from network.ipc import IpcClient

Reply = Callable[[dict[str, Any]], bytes]


class Node:
    """A socket that answers each request line with `reply(request)` and closes after an empty reply."""

    def __init__(self, path: Path, reply: Reply) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.reply = reply
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                answer = self.reply(json.loads(line))
                if not answer:
                    return connection.shutdown(socket.SHUT_RDWR)
                connection.sendall(answer)
        return None

    def close(self) -> None:
        self.listener.close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Reply], Path]]:
    nodes: list[Node] = []

    def start(reply: Reply) -> Path:
        path = tmp_path / f"{len(nodes)}.ipc"
        nodes.append(Node(path, reply))
        return path

    yield start
    for node in nodes:
        node.close()


def answer(request: dict[str, Any], **content: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], **content}).encode() + b"\n"


def test_a_missing_socket_is_unavailable_and_named(tmp_path: Path) -> None:
    with pytest.raises(IpcUnavailable, match=r"nowhere\.ipc") as caught:
        IpcClient(tmp_path / "nowhere.ipc").call("eth_chainId")
    assert caught.value.path == tmp_path / "nowhere.ipc"


def test_an_error_answer_keeps_code_and_words(serve: Callable[[Reply], Path]) -> None:
    path = serve(lambda request: answer(request, error={"code": -32601, "message": "no such method"}))
    with pytest.raises(RpcRefused, match="no such method") as caught:
        IpcClient(path).call("admin_fly")
    assert (caught.value.method, caught.value.rpc_code) == ("admin_fly", -32601)


def test_a_closed_connection_is_unavailable(serve: Callable[[Reply], Path]) -> None:
    with pytest.raises(IpcUnavailable):
        IpcClient(serve(lambda request: b"")).call("eth_chainId")


@pytest.mark.parametrize("garbage", [b"not json\n", b"\xff\xfe\n"], ids=["text", "bytes"])
def test_garbage_is_unavailable(serve: Callable[[Reply], Path], garbage: bytes) -> None:
    with pytest.raises(IpcUnavailable):
        IpcClient(serve(lambda request: garbage)).call("eth_chainId")


def test_an_answer_without_end_is_cut_off(
    serve: Callable[[Reply], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("network.ipc.MAX_ANSWER_BYTES", 1000)
    with pytest.raises(IpcUnavailable):
        IpcClient(serve(lambda request: b"x" * 5000)).call("eth_chainId")


def test_results_come_back_whole_and_in_turn(serve: Callable[[Reply], Path]) -> None:
    client = IpcClient(serve(lambda request: answer(request, result=request["params"])))
    long = "a" * 300_000
    assert [client.call("echo", n, long) for n in range(3)] == [[n, long] for n in range(3)]


def test_notices_and_answers_to_others_are_passed_over(serve: Callable[[Reply], Path]) -> None:
    def reply(request: dict[str, Any]) -> bytes:
        notice = json.dumps({"jsonrpc": "2.0", "method": "eth_subscription"}).encode() + b"\n"
        return notice + answer({"id": -1}, result="not yours") + answer(request, result="yours")

    assert IpcClient(serve(reply)).call("eth_chainId") == "yours"


def test_it_connects_again_after_the_node_was_restarted(tmp_path: Path) -> None:
    path = tmp_path / "node.ipc"
    first = Node(path, lambda request: answer(request, result="first"))
    client = IpcClient(path)
    assert client.call("eth_chainId") == "first"
    first.close()
    path.unlink()
    second = Node(path, lambda request: answer(request, result="second"))
    assert client.call("eth_chainId") == "second"
    client.close()
    second.close()


def test_threads_get_their_own_answers(serve: Callable[[Reply], Path]) -> None:
    client = IpcClient(serve(lambda request: answer(request, result=request["params"][0])))
    found: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: client.call("echo", n)})) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(20)}
