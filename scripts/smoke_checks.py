"""The checks of the smoke run. Each returns a short figure, or raises `CheckFailed` with what was found instead."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import select

from backend.documents.models import Document
from chain.client import ChainClient
from chain.contracts import DocumentRegistry
from chain.db import make_engine, reading
from network.local import LocalNetwork
from oracle import models as oracle_models
from sandbox.his.truth import Truth
from scripts.system import System
from verifier.bundle import ProofBundle

SETTLE_SECONDS = 120.0
WITHOUT_NETWORK = (
    "import socket, sys\n"
    "def refused(*_, **__): raise OSError('the network is off')\n"
    "socket.socket.connect = refused; socket.create_connection = refused; socket.getaddrinfo = refused\n"
    "from verifier.cli import main\n"
    "sys.exit(main(sys.argv[1:]))\n"
)


class CheckFailed(Exception):
    """What was found is not what was promised."""


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckFailed(otherwise)


def eventually(condition: Callable[[], bool], otherwise: Callable[[], str], *, seconds: float) -> None:
    """Wait for something that takes a few blocks."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise CheckFailed(otherwise())
        time.sleep(0.3)


# --- the day


def start(system: System) -> str:
    system.start()
    return f"{len(system.network.rpc_urls)} nodes, backend, oracle"


def network_agrees(system: System) -> str:
    if not isinstance(system.network, LocalNetwork):
        return "development node, blocks prove nothing"
    height = system.network.wait_for_blocks(2)
    status = system.network.status()
    wrong = [node.institution for node in status.nodes if node.agreement != "agrees" or node.alarms]
    require(not wrong and status.moving, f"{wrong} do not agree with the others")
    return f"{len(status.nodes)} validators, block {height}"


def morning(system: System, receipts: int, dirt: int) -> str:
    system.fill(receipts, seed=1, dirty=dirt)
    eventually(
        lambda: system.oracle_status()["rows_read"] > 0,
        lambda: f"the oracle read nothing: {system.oracle.tail()}",
        seconds=SETTLE_SECONDS,
    )
    return f"{len(truth(system).documents)} documents expected, {dirt} hostile rows"


def accident(system: System) -> str:
    """SIGKILL, in the middle of whatever they were doing; more receipts while they are down."""
    system.kill_oracle()
    validators = system.network if isinstance(system.network, LocalNetwork) else None
    if validators:
        validators.kill(2)
    system.fill(15, seed=2)
    system.start_oracle()
    if validators:
        validators.restart(2)
    return "both are back"


def desk(system: System) -> str:
    """Two receipts of the morning, by the numbers the hospital gave them."""
    standing = [
        name.partition(":")[2]
        for name, expected in truth(system).documents.items()
        if name.startswith("receipt:") and expected.state == "issued"
    ]
    require(len(standing) >= 2, "the day has no two receipts that stand")
    system.at_the_desk("cancel", standing[0])
    system.at_the_desk("correct", standing[1])
    return "done at the desk"


def settled(system: System) -> str:
    def waiting() -> int:
        status = system.oracle_status()
        parts = ("documents", ("held", "ready", "batched", "anchored")), ("marks", ("waiting", "submitted"))
        left = sum(status[name][state] for name, states in parts for state in states)
        return int(left) + int(status["deliveries"]["waiting"])

    # The truth counts documents; the oracle must have read every row before "nothing waits" means anything.
    eventually(
        lambda: not unread(system) and waiting() == 0,
        lambda: f"{waiting()} still wait, {len(unread(system))} were not read",
        seconds=SETTLE_SECONDS,
    )
    failed = system.oracle_status()
    require(
        failed["deliveries"]["refused"] == 0, f"{failed['deliveries']['refused']} deliveries were refused"
    )
    require(failed["marks"]["failed"] == 0, f"{failed['marks']['failed']} marks failed")
    return f"{failed['documents']['delivered']} documents with the backend, block {failed['last_anchored_block']}"


# --- what the processes hold


def truth(system: System) -> Truth:
    return Truth.read(system.manifest.read_text("utf-8").splitlines())


def unread(system: System) -> set[str]:
    """Hospital documents that the oracle has neither issued nor seen withdrawn before it could issue them."""
    engine = make_engine(system.settings["SAEGIM_ORACLE_DATABASE_URL"])
    source = oracle_models.Source
    with reading(engine) as session:
        rows = session.execute(select(source.key, source.head)).all()  # type: ignore[call-overload]
    engine.dispose()
    seen, issued = {key for key, _ in rows}, {key for key, head in rows if head is not None}
    return {
        name
        for name, expected in truth(system).documents.items()
        if name not in (seen if expected.state == "withdrawn" else issued)
    }


def delivered(system: System) -> list[Document]:
    engine = make_engine(system.settings["SAEGIM_BACKEND_DATABASE_URL"])
    with reading(engine) as session:
        found = list(session.execute(select(Document)).scalars())
        session.expunge_all()
    engine.dispose()
    return found


def heads(system: System) -> dict[str, str]:
    """The newest document id of each hospital document."""
    engine = make_engine(system.settings["SAEGIM_ORACLE_DATABASE_URL"])
    source, document = oracle_models.Source, oracle_models.Document
    query = select(source.key, document.document_id).join(document, document.id == source.head)  # type: ignore[call-overload]
    with reading(engine) as session:
        rows = session.execute(query).all()
    engine.dispose()
    return {str(key): str(identifier) for key, identifier in rows}


# --- promise 5


def exactly_once(system: System) -> str:
    """The hospital's truth, the backend's documents and the chain agree, one to one."""
    documents = {str(document.id): document for document in delivered(system)}
    newest = heads(system)
    ends = {"issued": "active", "superseded": "superseded", "withdrawn": "withdrawn"}
    for name, expected in truth(system).documents.items():
        if expected.state == "withdrawn" and name not in newest:
            continue  # taken back before the oracle looked: it was never a document
        found = documents.get(newest.get(name, ""))
        require(found is not None, f"{name} was never delivered")
        assert found is not None
        require(
            found.state == ends[expected.state],
            f"{name} is {found.state}, the hospital says {expected.state}",
        )
    leaves = Counter(document.leaf for document in documents.values())
    require(max(leaves.values()) == 1, "a leaf was delivered under two ids")
    anchored_once(system, list(documents.values()))
    return f"{len(documents)} documents, {len({d.root for d in documents.values()})} batches"


def anchored_once(system: System, documents: list[Document]) -> None:
    """Every batch is on chain, and no leaf is in two."""
    client = ChainClient(system.network.rpc_urls)
    registry = DocumentRegistry(client, system.network.deployment.address("DocumentRegistry"))
    for issuer, root in {(document.issuer, document.root) for document in documents}:
        require(registry.batch(issuer, bytes.fromhex(root)) is not None, f"batch {root[:12]} is not on chain")
    client.close()
    roots: dict[str, set[str]] = {}
    for document in documents:
        roots.setdefault(document.leaf, set()).add(document.root)
    require(all(len(found) == 1 for found in roots.values()), "a leaf is in two batches")


def quarantined(system: System) -> str:
    dirt = truth(system).dirt
    became = {each.document for each in dirt} & set(heads(system))
    require(not became, f"{len(became)} hostile rows became documents")
    rows = system.oracle_status()["quarantine"]["open"]
    require(rows > 0, "the quarantine is empty")
    return f"{rows} rows wait for a person, {len(dirt)} were sprinkled"


# --- promise 2


def bundle_of(system: System, state: str) -> Path:
    """A fresh bundle of a document in that state, got as its holder gets it."""
    document = next(d for d in delivered(system) if d.state == state and ":receipt:" in d.vct)
    made = system.run("backend", "links", "--document", str(document.id), "--json").text
    answer = httpx.get(f"{json.loads(made)[0]['url']}/bundle", timeout=30)
    require(answer.status_code == 200, f"the link answered {answer.status_code}")
    path = system.folder / f"{state}.saegim"
    path.write_bytes(answer.content)
    return path


def verify(system: System, path: Path, *options: str) -> int:
    """Exit code of `saegim-verify` on this file, with every way to the network closed."""
    trust = str(system.network.trust_path)
    command = [sys.executable, "-c", WITHOUT_NETWORK, str(path), "--trust", trust, *options]
    return system.execute(command).code


def valid_offline(system: System) -> str:
    path = bundle_of(system, "active")
    code = verify(system, path)
    require(code == 0, f"saegim-verify ended with {code}")
    return f"{path.stat().st_size:,} bytes"


def tampered(system: System) -> str:
    """One character at each of eight places in the issuer-signed part."""
    whole = ProofBundle.decode((system.folder / "active.saegim").read_bytes())
    path = system.folder / "tampered.saegim"
    jwt = whole.credential.partition("~")[0]
    for place in range(5, len(jwt), len(jwt) // 8):
        changed = "A" if whole.credential[place] != "A" else "B"
        text = whole.credential[:place] + changed + whole.credential[place + 1 :]
        path.write_bytes(
            ProofBundle(text, whole.issuer, whole.root, whole.path, whole.key, whole.proof).encode()
        )
        code = verify(system, path)
        require(code in (3, 10), f"place {place}: saegim-verify ended with {code}")
    return "8 places"


def stale(system: System) -> str:
    later = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 8 * 86_400))
    code = verify(system, system.folder / "active.saegim", "--at", later)
    require(code == 3, f"eight days later saegim-verify ended with {code}")
    return "eight days later"


def ended(system: System, state: str, expected: int) -> str:
    """The proof is as of a strong block, so the end shows a few blocks after it settled."""
    codes: list[int] = []

    def says_so() -> bool:
        codes.append(verify(system, bundle_of(system, state)))
        return codes[-1] == expected

    eventually(says_so, lambda: f"saegim-verify ended with {codes[-1]}, not {expected}", seconds=90)
    return f"exit code {expected}"


def public_page(system: System) -> str:
    for name, headline in (("active", "유효한 문서입니다"), ("withdrawn", "발급이 취소된 문서입니다")):
        data = (system.folder / f"{name}.saegim").read_bytes()
        page = httpx.post(f"{system.url}/verify", files={"file": (f"{name}.saegim", data)}, timeout=30)
        require(
            page.status_code == 200 and headline in page.text, f"{name}: the page answered {page.status_code}"
        )
    return "valid and withdrawn"


# --- promise 1


def secrets_of(system: System) -> set[bytes]:
    """Texts that lead to a person or a document: patients' numbers and names, receipts' numbers, the JWTs."""
    texts = {expected.patient for expected in truth(system).documents.values()}
    texts |= {name.partition(":")[2] for name in truth(system).documents}
    texts |= {"환자0", "샘플의사"}
    bundle = ProofBundle.decode((system.folder / "active.saegim").read_bytes())
    return {text.encode() for text in texts if len(text) >= 3} | {bundle.credential.encode()[:80]}


def nothing_on_chain(system: System) -> str:
    """Every transaction's data and every log of the whole chain."""
    client = ChainClient(system.network.rpc_urls)
    head = client.head().number
    numbers = range(system.network.deployment.deployed_at, head + 1)
    blocks = client.batch([("eth_getBlockByNumber", (hex(number), True)) for number in numbers])
    inputs = [bytes.fromhex(tx["input"][2:]) for block in blocks for tx in block["transactions"]]
    everything = {"fromBlock": hex(numbers.start), "toBlock": hex(head)}
    logs = client.call("eth_getLogs", everything)
    client.close()
    said = b"\n".join(
        [*inputs, *(bytes.fromhex("".join(log["topics"] + [log["data"]]).replace("0x", "")) for log in logs)]
    )
    found = [secret for secret in secrets_of(system) if secret in said]
    require(not found, f"{len(found)} texts of documents or persons are on chain")
    require(len(inputs) > 5, "the chain has hardly any transaction: nothing was checked")
    return f"{len(inputs)} transactions, {len(logs)} logs, {len(secrets_of(system))} texts looked for"


def nothing_in_logs(system: System) -> str:
    logs = [*system.folder.glob("logs/*.log")]
    said = b"".join(path.read_bytes() for path in logs)
    found = [secret for secret in secrets_of(system) if len(secret) >= 6 and secret in said]
    require(not found, f"{len(found)} texts of documents or persons are in {system.folder}/logs")
    return f"{len(said):,} bytes of logs"


def erased(system: System) -> str:
    document: UUID = next(d.id for d in delivered(system) if d.state == "active" and ":visit:" in d.vct)
    url = json.loads(system.run("backend", "links", "--document", str(document), "--json").text)[0]["url"]
    require(httpx.get(url, timeout=30).status_code == 200, "the document was not there before")
    system.run("backend", "erase", str(document))
    for address in (url, f"{url}/bundle"):
        code = httpx.get(address, timeout=30).status_code
        require(code == 410, f"after erasing, the link answers {code}")
    return "page and bundle answer 410"


def nothing_runs(system: System) -> str:
    alive = [daemon.name for daemon in system.daemons if daemon.pid()]
    nodes = (
        [node.entry.name for node in system.network.running]
        if isinstance(system.network, LocalNetwork)
        else []
    )
    require(not alive and not nodes, f"still running: {alive + nodes}")
    return "all ended"
