"""A node that answers as Besu does on a QBFT network: execution by anvil, headers and seals made here.

Each of anvil's blocks gets a QBFT header with its state, receipts and time, linked to ours and sealed by ⌈2N/3⌉ of the
validators that the registry named in the block before; hashes are exchanged in both directions. What Besu does not
offer (Clique's methods, a development node's own) is refused, and blocks come without total difficulty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import httpx
from coincurve import PrivateKey
from eth_abi.abi import decode
from qbft_chain import commit, raw
from synthetic import address, to_rpc

from chain.hashing import keccak256
from chain.headers import Header
from chain.qbft import NO_UNCLES, quorum
from chain.qbft_extra import BFT_DIGEST, QbftExtra

HASH = re.compile(r"0x[0-9a-f]{64}")
OFFERED = re.compile(r"(eth|net|web3|qbft|txpool)_\w+")
LATER = {"withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"}
"""anvil's first block has some of these although London is asked for."""
GET_VALIDATORS = "0x" + keccak256(b"getValidators()")[:4].hex()


@dataclass
class BesuDouble:
    """`url`: where it answers. `seals`: how many validators seal a block, None for as many as QBFT wants."""

    node: str
    registry: str
    keys: Mapping[str, PrivateKey]
    """Of all that may ever be validators, by checksum address."""
    first: Sequence[str]
    """The validators of the first block."""
    url: str = ""
    asked: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    headers: list[Header] = field(default_factory=list)
    _ours: dict[str, str] = field(default_factory=dict)
    _theirs: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20))

    @property
    def genesis_hash(self) -> str:
        with self._lock:
            self._catch_up()
        return "0x" + self.headers[0].hash.hex()

    @property
    def vanity(self) -> bytes:
        return self.headers[0].hash.hex()[:32].encode() if self.headers else bytes(32)

    def answer(self, body: bytes) -> Any:
        """The answer to a JSON-RPC request or batch."""
        with self._lock:
            asked = json.loads(HASH.sub(lambda found: self._theirs.get(found[0], found[0]), body.decode()))
            calls = asked if isinstance(asked, list) else [asked]
            answers = [self._one(call) for call in calls]
        return answers if isinstance(asked, list) else answers[0]

    def _one(self, call: dict[str, Any]) -> dict[str, Any]:
        method, common = call["method"], {"jsonrpc": "2.0", "id": call["id"]}
        self.asked.add(method)
        if not OFFERED.fullmatch(method):
            self.refused.add(method)
            return {**common, "error": {"code": -32601, "message": "Method not found"}}
        answer = self._http.post(self.node, json=call).json()
        self._catch_up()
        if method.startswith("eth_getBlockByN") or method.startswith("eth_getBlockByH"):
            answer["result"] = answer.get("result") and self._block(answer["result"])
        text = HASH.sub(lambda found: self._ours.get(found[0], found[0]), json.dumps(answer))
        return {**json.loads(text), **common}

    def _block(self, block: dict[str, Any]) -> dict[str, Any]:
        header = self.headers[int(block["number"], 16)]
        left_out = {"totalDifficulty", *LATER}
        return {key: value for key, value in {**block, **to_rpc(header)}.items() if key not in left_out}

    def _rpc(self, method: str, *params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self._http.post(self.node, json=asked).json()["result"]

    def _catch_up(self) -> None:
        """Headers for the blocks that anvil has made since."""
        for number in range(len(self.headers), int(self._rpc("eth_blockNumber"), 16) + 1):
            block = self._rpc("eth_getBlockByNumber", hex(number), False)
            london = {name: value for name, value in block.items() if name not in LATER}
            header = self._sealed(Header.from_rpc(london), number)
            self.headers.append(header)
            ours = "0x" + header.hash.hex()
            self._ours[block["hash"]], self._theirs[ours] = ours, block["hash"]

    def _sealed(self, header: Header, number: int) -> Header:
        constants = {"difficulty": 1, "mix_digest": BFT_DIGEST, "nonce": bytes(8), "uncles_hash": NO_UNCLES}
        if number == 0:
            listed = tuple(sorted(bytes.fromhex(name[2:]) for name in self.first))
            return replace(header, **constants, extra_data=QbftExtra(bytes(32), listed).encode())
        sealers = self._sealers(number)
        return commit(
            replace(
                header,
                **constants,
                parent_hash=self.headers[-1].hash,
                beneficiary=raw(sealers[0]),
                extra_data=QbftExtra(self.vanity).encode(),
            ),
            sealers,
        )

    def _sealers(self, number: int) -> list[PrivateKey]:
        """As Besu in contract mode: the set of a block is what the registry says after the one before."""
        call = {"to": self.registry, "data": GET_VALIDATORS}
        answer = bytes.fromhex(self._rpc("eth_call", call, hex(number - 1))[2:])
        names = list(decode(["address[]"], answer)[0]) if answer else [name.lower() for name in self.first]
        by_name = {name.lower(): key for name, key in self.keys.items()}
        count = len(names)
        return [by_name[names[(number + step) % count]] for step in range(quorum(count))]


@contextmanager
def besu_double(
    node: str, registry: str, keys: Sequence[PrivateKey], first: Sequence[PrivateKey]
) -> Iterator[BesuDouble]:
    double = BesuDouble(node, registry, {address(key): key for key in keys}, [address(key) for key in first])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = json.dumps(double.answer(self.rfile.read(int(self.headers["content-length"])))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
