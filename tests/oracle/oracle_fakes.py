"""Stand-ins for what surrounds the pipeline: hospital, chain and backend, each with the rules of the real one.

The chain keeps its promise to execute a submission once, in the order of submission, and refuses what the document
registry refuses. The backend takes each delivery id once. Both can be down, and lose answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, String, Table, event, select
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, create_engine

from chain.contracts.vocabulary import DocRef
from chain.db import LeaseRow, reading, table_of
from chain.merkle import leaf_of, verify_path
from chain.sender.tables import TABLES as SENDER_TABLES
from oracle.backend_client import Answer
from oracle.batching import Batching
from oracle.chain_face import Outcome, Pending, RefusedOnChain, Settled
from oracle.cleanup import Cleanup
from oracle.crash import arm, disarm
from oracle.delivery import Delivering
from oracle.delivery_body import BodyMaker
from oracle.errors import DeliveryFailed, DeliveryRejected, DeliveryUnavailable
from oracle.his.base import Action, HisDocument, HisUnavailable, Page, Reject
from oracle.intake import Intake
from oracle.issue import NOTHING, Made, Refused, Result
from oracle.marks import Marking
from oracle.models import ORACLE_TABLES, Cursor
from oracle.pipeline import Pipeline
from oracle.running import is_done
from oracle.settling import Settling
from oracle.trees import TreeCache
from oracle.vault import Vault

ISSUER = 1
SETTLE_AFTER = 3
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)

_metadata = MetaData()
OUTBOX = Table(
    "fake_outbox",
    _metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", String, unique=True, nullable=False),
    Column("act", LargeBinary, nullable=False),
)


class Crash(BaseException):
    """The process ended here. No handler of the code under test may catch it."""


@dataclass
class FakeClock:
    """Moves when told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class FakeChain:
    """The outbox is in the database; the chain itself is here and outlives every crash."""

    database: Engine
    up: bool = True
    height: int = 0
    results: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    """By key: block, and the error of a refused one."""
    batches: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """Time and depth by root."""
    marks: dict[bytes, tuple[str, bytes | None, int]] = field(default_factory=dict)
    suspended: bool = False

    def anchor(self, session: Session, root: bytes, depth: int, key: str) -> None:
        self._submit(session, key, ("anchor", root.hex(), depth))

    def amend(self, session: Session, old: DocRef, new: DocRef, reason: int, key: str) -> None:
        self._submit(session, key, ("amend", _plain(old), _plain(new), reason))

    def withdraw(self, session: Session, document: DocRef, reason: int, key: str) -> None:
        self._submit(session, key, ("withdraw", _plain(document), reason))

    def outcomes(self, session: Session, keys: Sequence[str]) -> dict[str, Outcome]:
        return {key: self._outcome(key) for key in keys}

    def anchored(self, root: bytes) -> Settled | None:
        return _found(root, self.batches[root][0]) if root in self.batches else None

    def ended(self, leaf: bytes, successor: bytes | None) -> Settled | None:
        state, replacement, _ = self.marks.get(leaf, ("", None, 0))
        wanted = ("withdrawn", None) if successor is None else ("superseded", successor)
        return _found(leaf, self.height) if (state, replacement) == wanted else None

    def step(self) -> bool:
        """Everything submitted is mined, in order, in the next block."""
        with reading(self.database) as session:
            acts = session.execute(select(OUTBOX).order_by(OUTBOX.c.seq)).all()
        waiting = [(row.key, json.loads(row.act)) for row in acts if row.key not in self.results]
        if not self.up or not waiting:
            return False
        self.height += 1
        for key, act in waiting:
            self.results[key] = (self.height, self._execute(act))
        return True

    def mine(self, blocks: int = 1) -> None:
        if self.up:
            self.height += blocks

    def _submit(self, session: Session, key: str, act: Any) -> None:
        known = session.execute(select(OUTBOX.c.act).where(OUTBOX.c.key == key)).scalar_one_or_none()
        encoded = json.dumps(act).encode()
        assert known is None or known == encoded, "one key, one payload"
        if known is None:
            session.execute(OUTBOX.insert().values(key=key, act=encoded))

    def _outcome(self, key: str) -> Outcome:
        if key not in self.results or self.height < self.results[key][0] + SETTLE_AFTER - 1:
            return Pending()
        block, error = self.results[key]
        if error is not None:
            return RefusedOnChain(error)
        digest = hashlib.sha256(key.encode()).hexdigest()
        return Settled(f"0x{digest}", block, f"0x{digest[::-1]}", _block_time(block))

    def _execute(self, act: list[Any]) -> str | None:
        if self.suspended:
            return "InstitutionNotActive"
        if act[0] == "anchor":
            root = bytes.fromhex(act[1])
            if root in self.batches:
                return "AlreadyAnchored"
            self.batches[root] = (self.height, act[2])
            return None
        old = _leaf(act[1])
        if (problem := self._not_active(old)) is not None:
            return problem
        if act[0] == "withdraw":
            self.marks[old.leaf] = ("withdrawn", None, act[2])
            return None
        new = _leaf(act[2])
        if (problem := self._not_active(new)) is not None:
            return problem
        if self.batches[new.root][0] <= self.batches[old.root][0]:
            return "NotLater"
        self.marks[old.leaf] = ("superseded", new.leaf, act[3])
        return None

    def _not_active(self, document: DocRef) -> str | None:
        batch = self.batches.get(document.root)
        if batch is None:
            return "NotAnchored"
        if len(document.path) != batch[1] or not verify_path(document.root, document.leaf, document.path):
            return "NotInBatch"
        return "WrongState" if document.leaf in self.marks else None


def _found(name: bytes, block: int) -> Settled:
    return Settled(f"0x{name.hex()}", block, f"0x{name[::-1].hex()}", _block_time(block))


def _plain(leaf: DocRef) -> list[Any]:
    return [leaf.root.hex(), leaf.leaf.hex(), [node.hex() for node in leaf.path]]


def _leaf(plain: list[Any]) -> DocRef:
    return DocRef(bytes.fromhex(plain[0]), bytes.fromhex(plain[1]), tuple(map(bytes.fromhex, plain[2])))


def _block_time(block: int) -> datetime:
    return START + timedelta(seconds=block)


@dataclass
class FakeBackend:
    """Takes each delivery id once, in an order that makes sense, and remembers everything."""

    up: bool = True
    lose_answers: int = 0
    """The next so many requests are taken, but their answer never arrives."""
    poison: set[str] = field(default_factory=set)
    """Document ids over which the backend fails (500)."""
    unwanted: set[str] = field(default_factory=set)
    """Document ids that are refused."""
    rejecting: set[str] = field(default_factory=set)
    """Document ids because of which the whole request is refused (422)."""
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: int = 0
    sizes: list[int] = field(default_factory=list)

    def deliver(self, body: bytes, ids: frozenset[str]) -> Answer:
        items = json.loads(body)["deliveries"]
        self.requests += 1
        self.sizes.append(len(items))
        named = {item["documentId"] for item in items}
        if not self.up:
            raise DeliveryUnavailable("ConnectError")
        if named & self.rejecting:
            raise DeliveryRejected(422)
        if named & self.poison:
            raise DeliveryFailed
        accepted, refused = set(), {}
        for item in items:
            if item["documentId"] in self.unwanted:
                refused[item["deliveryId"]] = "Unwanted"
                continue
            accepted.add(item["deliveryId"])
            if item["deliveryId"] not in self.taken:
                self.taken[item["deliveryId"]] = item
        if self.lose_answers:
            self.lose_answers -= 1
            raise DeliveryUnavailable("ReadTimeout")
        return Answer(frozenset(accepted), refused)

    def events(self, document_id: str) -> list[str]:
        """What was told of one document, in order."""
        return [item["event"] for item in self.taken.values() if item["documentId"] == document_id]

    def issued(self) -> list[dict[str, Any]]:
        return [item for item in self.taken.values() if item["event"] == "issued"]


@dataclass
class FakeHis:
    """A log of what happened in the hospital, read by position."""

    log: list[HisDocument | Reject] = field(default_factory=list)
    up: bool = True
    name: str = "fake"

    def read(self, cursor: str | None, limit: int) -> Page:
        if not self.up:
            raise HisUnavailable(self.name, "reading")
        start = int(cursor or 0)
        part = self.log[start : start + limit]
        end = start + len(part)
        return _page(part, str(end), more=end < len(self.log))

    def reread(self, source_keys: Sequence[str]) -> Page:
        newest = {row.source_key: row for row in self.log if row.source_key in set(source_keys)}
        return _page(list(newest.values()), "", more=False)

    def check(self) -> None:
        if not self.up:
            raise HisUnavailable(self.name, "checking")

    def unread(self, database: Engine) -> int:
        """Entries of the log that were not taken in yet."""
        with reading(database) as session:
            cursor = session.get(Cursor, self.name)
        return len(self.log) - int(cursor.position if cursor else 0)


def _page(rows: Sequence[HisDocument | Reject], cursor: str, *, more: bool) -> Page:
    return Page(
        [row for row in rows if isinstance(row, HisDocument)],
        [row for row in rows if isinstance(row, Reject)],
        cursor,
        more,
    )


class StubMaker:
    """Makes short credentials; refuses a payload that says it is bad."""

    def start(
        self, documents: Sequence[HisDocument], before: Mapping[str, str] = NOTHING
    ) -> Callable[[], list[Result]]:
        return lambda: [self._make(document) for document in documents]

    def close(self) -> None:
        """Nothing was started."""

    def _make(self, document: HisDocument) -> Result:
        if document.payload.get("bad"):
            return Refused("record-invalid", ("total",))
        name = str(uuid4())
        compact = f"e30.{name}.c2ln~{document.source_key}~"
        leaf = leaf_of(hashlib.sha256(name.encode()).digest())
        return Made(name, f"urn:saegim:{document.kind}:1", "k" * 43, compact, leaf)


def issue(
    key: str, at: float, content: str = "a", *, replaces: str | None = None, bad: bool = False
) -> HisDocument:
    """An issue of `receipt:<key>` at second `at`."""
    name = None if replaces is None else f"receipt:{replaces}"
    payload = {"content": content, "bad": bad}
    return _said(key, at, f"{content}{bad}", Action.ISSUE, payload, name)


def cancel(key: str, at: float) -> HisDocument:
    """A cancellation of `receipt:<key>` at second `at`."""
    return _said(key, at, "cancel", Action.CANCEL, {}, None)


def _said(
    key: str, at: float, content: str, action: Action, payload: dict[str, Any], replaces: str | None
) -> HisDocument:
    return HisDocument(
        kind="receipt",
        source_key=f"receipt:{key}",
        revision=hashlib.sha256(content.encode()).hexdigest(),
        action=action,
        payload=payload,
        patient_number=f"P{key}",
        replaces=replaces,
        changed_at=START + timedelta(seconds=at),
    )


def memory_database() -> Engine:
    """SQLite in memory, with every table the pipeline needs and the fake outbox."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def explicit_transactions(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    create_tables(engine)
    return engine


def create_tables(engine: Engine) -> None:
    LeaseRow.metadata.create_all(
        engine, tables=[table_of(model) for model in (*ORACLE_TABLES, *SENDER_TABLES)]
    )
    _metadata.create_all(engine)


_owners = count(1)


@dataclass
class World:
    """Hospital, pipeline, chain and backend. `restart` is a new process on the same database."""

    database: Engine = field(default_factory=memory_database)
    clock: FakeClock = field(default_factory=FakeClock)
    his: FakeHis = field(default_factory=FakeHis)
    backend: FakeBackend = field(default_factory=FakeBackend)
    size: int = 8
    page: int = 4
    patience: float = 0
    crashes: int = 0

    def __post_init__(self) -> None:
        self.chain = FakeChain(self.database)
        self.vault = Vault(AESGCM(bytes(32)))
        self.pipeline = self.start()

    def start(self) -> Pipeline:
        """A process's own pipeline."""
        owner, second = f"process-{next(_owners)}", timedelta(seconds=1)
        return Pipeline(
            database=self.database,
            clock=self.clock,
            intake=Intake(self.database, self.his, StubMaker(), self.vault, self.clock, self.page),
            batching=Batching(
                self.database, self.chain, self.clock, owner, self.size, second / 2, 30 * second
            ),
            chain=self.chain,
            settling=Settling(self.database, self.chain, self.clock),
            marking=Marking(
                self.database, self.chain, self.clock, owner, self.patience * second, 30 * second
            ),
            delivering=Delivering(
                self.database,
                self.backend,
                BodyMaker(self.vault, TreeCache(), ISSUER),
                self.clock,
                16,
                second,
                timedelta(minutes=5),
                claim=120 * second,
                jitter=lambda: 1.0,
            ),
            cleanup=Cleanup(self.database, self.clock, timedelta(days=7), timedelta(days=400)),
        )

    def restart(self) -> None:
        """The old process is dead; a new one starts once its leases have run out."""
        disarm()
        self.clock.forward(31)
        self.pipeline = self.start()

    def crash_at(self, point: str) -> None:
        """The process ends when it next passes `point`."""

        def crash() -> None:
            self.crashes += 1
            raise Crash(point)

        arm(point, crash)

    def run(self, stage: str) -> bool:
        """One pass of one stage. True if the process died in it (a new one has started)."""
        try:
            self.pipeline.stages()[stage]()
        except Crash:
            self.restart()
            return True
        return False

    def tell(self, *said: HisDocument | Reject) -> None:
        """It happened in the hospital."""
        self.his.log.extend(said)

    def settle(self, passes: int = 80) -> None:
        """Let everything be up and carry all there is to its end."""
        disarm()
        self.his.up = self.chain.up = self.backend.up = True
        for _ in range(passes):
            self.clock.forward(200)
            for stage in ("intake", "batching", "sender", "settling", "marks", "delivery"):
                while self.pipeline.stages()[stage]():
                    pass
            self.chain.mine(SETTLE_AFTER)
            if is_done(self.pipeline) and not self.his.unread(self.database):
                return

    def close(self) -> None:
        self.database.dispose()
