"""For tests on real parts: the oracle as a process, a backend over HTTP, a node behind a bad connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import httpx
from delivery_contract import check_request
from sqlmodel import col, select

from chain.clock import utc_now
from chain.contracts import DocumentRegistry
from chain.contracts.vocabulary import DocRef
from chain.db import reading
from chain.merkle import leaf_of, verify_path
from network.base import Network
from oracle.assembly import open_database, service_tokens
from oracle.backend_client import AUDIT_HEADS
from oracle.config import OracleSettings
from oracle.models import Document
from records.credential import verify
from records.issuer import IssuerKey
from sandbox.his.__main__ import main as hospital
from sandbox.his.truth import Truth

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class BackendServer:
    """A backend over HTTP that takes each delivery once. Checks every token and body as agreed."""

    jwks: dict[str, Any]
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: int = 0
    down: bool = False
    lose_answers: int = 0
    faults: list[str] = field(default_factory=list)
    anchored: list[dict[str, Any]] = field(default_factory=list)
    """Heads of the log of accesses that were told to be on chain."""
    url: str = ""

    def answer(self, body: bytes, authorization: str) -> tuple[int, dict[str, Any]] | None:
        """Status and body, or None for an answer that gets lost."""
        if self.down:
            return 503, {"error": "Unavailable"}
        try:
            items = check_request(body, authorization, self.jwks, utc_now())
        except AssertionError as fault:
            self.faults.append(str(fault))
            return 422, {"error": "Malformed"}
        known = {item["deliveryId"] for item in items if item["deliveryId"] in self.taken}
        self.repeated += len(known)
        self.taken.update({item["deliveryId"]: item for item in items if item["deliveryId"] not in known})
        if self.lose_answers:
            self.lose_answers -= 1
            return None
        accepted = [item["deliveryId"] for item in items if item["deliveryId"] not in known]
        return 200, {"accepted": accepted, "duplicates": sorted(known), "refused": []}

    def heads(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """A log of accesses that moves with every question."""
        if self.down:
            return 503, {"error": "Unavailable"}
        told = json.loads(body)["anchored"]
        self.anchored.extend(told)
        return 200, {"commitment": os.urandom(32).hex(), "refused": []}

    def events(self) -> dict[str, list[dict[str, Any]]]:
        """What was told of each document, in order of arrival."""
        found: dict[str, list[dict[str, Any]]] = {}
        for item in self.taken.values():
            found.setdefault(item["documentId"], []).append(item)
        return found


@contextmanager
def backend_server(jwks: dict[str, Any]) -> Iterator[BackendServer]:
    backend, lock = BackendServer(jwks), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == AUDIT_HEADS:
                status, content = backend.heads(body)
                _reply(self, status, json.dumps(content).encode())
                return
            with lock:
                answer = backend.answer(body, self.headers.get("authorization", ""))
            if answer is None:
                self.close_connection = True
                return
            _reply(self, answer[0], json.dumps(answer[1]).encode())

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with _serving(Handler) as backend.url:
        yield backend


@dataclass
class BadConnection:
    """A way to a node that can lose the answer to a method after the node has acted on it."""

    url: str = ""
    lose: Counter[str] = field(default_factory=Counter)
    lost: int = 0


@contextmanager
def bad_connection(node: str) -> Iterator[BadConnection]:
    way, client = BadConnection(), httpx.Client(timeout=10)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = client.post(node, content=body, headers={"content-type": "application/json"})
            asked = json.loads(body)
            methods = [call["method"] for call in (asked if isinstance(asked, list) else [asked])]
            for method in methods:
                if way.lose[method] > 0:
                    way.lose[method] -= 1
                    way.lost += 1
                    self.close_connection = True
                    return
            _reply(self, answer.status_code, answer.content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with _serving(Handler) as way.url:
        yield way
    client.close()


def _reply(handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Site:
    """One hospital with its oracle on a network: a folder with both databases."""

    home: Path
    network: Network
    backend: BackendServer
    node_urls: Sequence[str] = ()
    document_keys: list[str] = field(default_factory=lambda: ["hospital-sign"])
    """Names of the keys that documents were signed with; the last is in use."""

    @property
    def hospital_url(self) -> str:
        return f"sqlite:///{self.home}/his.sqlite3"

    @property
    def settings(self) -> OracleSettings:
        return OracleSettings(
            _env_file=None,
            database_url=f"sqlite:///{self.home}/oracle.sqlite3",
            store_key_file=self.home / "store.key",
            adapter_config={"url": self.hospital_url},
            deployment_file=self.network.deployment_path,
            node_urls=tuple(self.node_urls),
            keys_folder=self.network.folder / "keys",
            document_key=self.document_keys[-1],
            backend_url=self.backend.url,
            delivery_timeout=timedelta(seconds=2),
            retry_first=timedelta(milliseconds=200),
            lease=timedelta(seconds=2),
            health_port=0,
        )

    def environment(self, **extra: str) -> dict[str, str]:
        """The same settings for a process."""
        values = self.settings.model_dump(mode="json", exclude_none=True)
        named = {
            f"SAEGIM_ORACLE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
            if name not in {"environment", "node_urls"}
        }
        urls = {"SAEGIM_ORACLE_NODE_URLS": ",".join(self.node_urls)} if self.node_urls else {}
        return {**os.environ, **named, **urls, "SAEGIM_ENV": "test", "PYTHONPATH": str(ROOT), **extra}

    def day(self, receipts: int, seed: int = 0, *options: str) -> Truth:
        """Receipts are written in the hospital. What must be true in the end, all days so far together."""
        manifest = self.home / "truth.jsonl"
        arguments = ["--db", self.hospital_url, "--manifest", str(manifest), "--date", "2026-03-02"]
        hospital(["fill", *arguments, "--receipts", str(receipts), "--seed", str(seed), *options])
        return Truth.read(manifest.read_text("utf-8").splitlines())

    def oracle(self, *arguments: str, crash: str = "", seconds: float = 120, **extra: str) -> int:
        """Run a command of the oracle in a process of its own; its exit code (−9: killed)."""
        done = subprocess.run(
            [sys.executable, "-m", "oracle", *arguments],
            env=self.environment(SAEGIM_CRASH_POINT=crash, **extra),
            cwd=self.home,
            timeout=seconds,
            capture_output=True,
            text=True,
        )
        self.output = done.stdout + done.stderr
        return done.returncode

    @contextmanager
    def running(self, **extra: str) -> Iterator[RunningOracle]:
        """`python -m oracle run` with one signing process, and where its health is asked."""
        environment = self.environment(SAEGIM_ORACLE_SIGNING_PROCESSES="1", **extra)
        process = subprocess.Popen(
            [sys.executable, "-m", "oracle", "run"],
            env=environment,
            cwd=self.home,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "health and metrics on" in line)
            Thread(target=process.stderr.read, daemon=True).start()
            yield RunningOracle(process, line.split()[-1])
        finally:
            process.kill()
            process.wait()


@dataclass
class RunningOracle:
    """An oracle that runs until it is told to stop, or killed."""

    process: subprocess.Popen[str]
    url: str

    def children(self) -> list[int]:
        """Its own processes."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]

    def metric(self, name: str) -> float:
        """A metric without labels, or with them as it is written."""
        text = httpx.get(f"{self.url}/metrics").text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def wait_until(true: Callable[[], bool], seconds: float = 90) -> None:
    """Poll until it is so. AssertionError when it takes longer than any slow machine would."""
    until, pause = monotonic() + seconds, Event()
    while not true():
        assert monotonic() < until, "it did not come to that"
        pause.wait(0.1)


def check_exactly_once(site: Site, truth: Truth, *, replaced_may_be_withdrawn: bool = False) -> None:
    """Each truth of the hospital is one document: anchored, with its status on chain, told once to the backend.

    `replaced_may_be_withdrawn`: rows came out of order, so that a replacement may have come before what it replaces.
    """
    assert site.backend.faults == []
    documents = site.backend.events()
    _check_credentials(site, documents)
    _check_against_chain(site, documents)
    versions = _versions(site)
    assert {name for names in versions.values() for name in names} == set(documents), (
        "all delivered, no others"
    )
    for key, expected in truth.documents.items():
        if key not in versions:
            assert expected.state == "withdrawn", f"{key} is missing"  # cancelled before it was ever read
            continue
        *earlier, head = versions[key]
        late = replaced_may_be_withdrawn and expected.state == "superseded"
        assert _end(documents[head]) in {expected.state, "withdrawn" if late else expected.state}, key
        assert all(_end(documents[name]) in {"superseded", "withdrawn"} for name in earlier), key
        if expected.superseded_by is not None and _end(documents[head]) == "superseded":
            assert documents[head][-1]["supersededBy"] in versions[expected.superseded_by]
    assert set(versions) <= set(truth.documents), "nothing that the hospital did not say"


def _end(events: list[dict[str, Any]]) -> str:
    return str(events[-1]["event"])


def _versions(site: Site) -> dict[str, list[str]]:
    """Document ids of each hospital document, oldest first, as the oracle has them."""
    database = open_database(site.settings)
    found: dict[str, list[str]] = {}
    with reading(database) as session:
        for document in session.exec(select(Document).order_by(col(Document.id))):
            found.setdefault(document.source, []).append(document.document_id)
    database.dispose()
    return found


def _check_credentials(site: Site, documents: dict[str, list[dict[str, Any]]]) -> None:
    """Each document was told as issued once and first, holds, and its path leads to its root."""
    pairs = [site.network.keys.document_key(name)[0] for name in site.document_keys]
    keys = {IssuerKey.of(pair).kid: pair.public_key() for pair in pairs}
    leaves = set()
    for events in documents.values():
        issued = events[0]
        assert [event["event"] for event in events].count("issued") == 1
        assert len({event["event"] for event in events}) == len(events) <= 2
        held = verify(issued["credential"], keys.__getitem__, now=utc_now() + timedelta(minutes=1))
        leaf = bytes.fromhex(issued["leaf"])
        assert leaf == leaf_of(held.digest)
        path = [bytes.fromhex(node) for node in issued["path"]]
        assert verify_path(bytes.fromhex(issued["root"]), leaf, path)
        leaves.add(leaf)
    assert len(leaves) == len(documents)


def _check_against_chain(site: Site, documents: dict[str, list[dict[str, Any]]]) -> None:
    client = site.network.client()
    registry = DocumentRegistry(client, site.network.deployment.address("DocumentRegistry"))
    names = {"issued": "ACTIVE", "superseded": "SUPERSEDED", "withdrawn": "WITHDRAWN"}
    leaf_by_id = {name: events[0]["leaf"] for name, events in documents.items()}
    for events in documents.values():
        first, last = events[0], events[-1]
        path = tuple(bytes.fromhex(node) for node in first["path"])
        found = registry.status(1, DocRef(bytes.fromhex(first["root"]), bytes.fromhex(first["leaf"]), path))
        assert found.state.name == names[last["event"]]
        assert found.batch is not None
        if last["event"] == "superseded":
            assert found.successor_leaf is not None
            assert found.successor_leaf.hex() == leaf_by_id[last["supersededBy"]]
    client.close()


@contextmanager
def site(home: Path, network: Network, node_urls: Sequence[str] = ()) -> Iterator[Site]:
    """A hospital with its oracle and a backend."""
    made = Site(home, network, BackendServer({}), node_urls)
    tokens = service_tokens(made.settings)
    with backend_server({"keys": [tokens.public_jwk()]}) as backend:
        made.backend = backend
        yield made
