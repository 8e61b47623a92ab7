"""A hospital with its oracle on real validators, its past, and the questions asked after every fault."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from fault import Fault
from fault_watch import Watch, Watched
from oracle_harness import Site, check_exactly_once, site, wait_until
from sqlalchemy import func, select

from chain import p256
from chain.clock import utc_now
from chain.db import reading, table_of
from chain.sender import OutboxRow
from chain.sender.tables import AttemptRow
from chain.trust import TrustFile
from network.local import LocalNetwork
from oracle.assembly import open_database
from oracle.status import Status, look
from sandbox.his.truth import Truth
from verifier import Verdict, make_bundle

HOSPITAL = 1
CALM = {"issued": Verdict.VALID, "superseded": Verdict.SUPERSEDED, "withdrawn": Verdict.WITHDRAWN}


@dataclass
class World:
    """One fault's hospital. `random` draws, `notes` tell what was drawn and done."""

    fault: Fault
    network: LocalNetwork
    site: Site
    random: random.Random
    stack: ExitStack
    watch: Watch
    notes: list[str] = field(default_factory=list)
    days: int = 0
    truth: Truth = field(default_factory=Truth)
    kept: dict[str, Any] = field(default_factory=dict)
    """What one step leaves for the next."""

    def note(self, text: str) -> None:
        """Tell what was drawn or done."""
        self.notes.append(text)

    def day(self, receipts: int = 6) -> None:
        """More receipts in the hospital, with their corrections and cancellations."""
        seed = self.random.randrange(1 << 16)
        self.truth = self.site.day(receipts, seed)
        self.days += 1

    def once(self, *, crash: str = "", wait: float = 150.0) -> int:
        """`python -m oracle once`, its exit code."""
        return self.site.oracle("once", "--wait", str(wait), crash=crash, seconds=wait + 90)

    def finish(self) -> None:
        """Everything that the hospital has is carried to its end."""
        assert self.once() == 0, self.site.output

    @contextmanager
    def working(self, *arguments: str, **extra: str) -> Iterator[subprocess.Popen[bytes]]:
        """`python -m oracle run` while the block lasts; killed at its end."""
        log = (self.site.home / "oracle.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "oracle", "run", *arguments],
            env=self.site.environment(**extra),
            cwd=self.site.home,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            log.close()

    def status(self) -> Status:
        """How the pipeline stands."""
        database = open_database(self.site.settings)
        try:
            return look(database, utc_now)
        finally:
            database.dispose()

    def wait(self, true: Callable[[Status], bool], seconds: float = 120) -> None:
        """Until the pipeline stands so."""
        wait_until(lambda: true(self.status()), seconds)

    def replacements(self) -> int:
        """How many transactions were sent again with a higher fee."""
        attempt, row = table_of(AttemptRow), table_of(OutboxRow)
        database = open_database(self.site.settings)
        with reading(database) as session:
            made = session.execute(select(func.count()).select_from(attempt)).scalar_one()
            rows = session.execute(select(func.count(func.distinct(attempt.c.outbox_id)))).scalar_one()
            assert row is not None
        database.dispose()
        return int(made - rows)

    def deepest(self) -> int:
        """The newest block that the backend was told of."""
        return max(int(event["block"]) for event in self.site.backend.taken.values())

    def bundle(self, document_id: str, truth: Verdict | None = None) -> Watched:
        """A fresh bundle of a delivered document, to be watched. `truth`: if it is not what became of it."""
        events = self.site.backend.events()[document_id]
        issued, last = events[0], events[-1]["event"]
        key, _ = self.network.keys.document_key("hospital-sign")
        client = self.network.client()
        try:
            made = make_bundle(
                client,
                TrustFile.load(self.network.trust_path),
                credential=issued["credential"],
                root=bytes.fromhex(issued["root"]),
                path=[bytes.fromhex(node) for node in issued["path"]],
                issuer=HOSPITAL,
                key=p256.coordinates(key.public_key()),
            )
        finally:
            client.close()
        return Watched(f"{last} document", made, frozenset({truth or CALM[last]}))

    def past(self) -> None:
        """Days that are over: anchored, delivered, strong. A document of each fate is watched from now on."""
        ends: dict[str, str] = {}
        while len(ends) < len(CALM):
            assert self.days < 6, f"the days ended documents only so: {sorted(ends)}"
            self.day(15)
            self.finish()
            for document_id, events in self.site.backend.events().items():
                ends.setdefault(events[-1]["event"], document_id)
        check_exactly_once(self.site, self.truth)
        client, deepest = self.network.client(), self.deepest()
        wait_until(lambda: client.head().number > deepest + 6)
        client.close()
        self.watch.documents = [self.bundle(document_id) for document_id in ends.values()]

    def come_right(self) -> float:
        """After the fault: all is anchored once and told once, and a further day passes. Seconds it took."""
        began = monotonic()
        self.finish()
        seconds = monotonic() - began
        check_exactly_once(self.site, self.truth, replaced_may_be_withdrawn=self.fault.late)
        self.day(3)
        self.finish()
        check_exactly_once(self.site, self.truth, replaced_may_be_withdrawn=self.fault.late)
        self._nothing_jams(self.status())
        return seconds

    def _nothing_jams(self, status: Status) -> None:
        waiting = [status.documents[s] for s in ("held", "ready", "batched")]
        waiting += [status.marks[s] for s in ("waiting", "submitted", "failed")]
        waiting += [status.deliveries[s] for s in ("waiting", "refused")]
        waiting += [status.batches[s] for s in ("fixed", "failed")]
        assert not any(waiting), status


@dataclass(frozen=True)
class Outcome:
    """What a fault did and how the system bore it."""

    name: str
    what: str
    did: str
    verdicts: str
    reversed_blocks: int
    replacements: int
    seconds: float


def endure(fault: Fault, network: LocalNetwork, home: Path, seed: int) -> Outcome:
    """Let one fault happen. AssertionError when something is lost, doubled, jammed, or a verdict was wrong."""
    watch = Watch(network.rpc_urls, TrustFile.load(network.trust_path), network.chain_id)
    with ExitStack() as stack:
        made = stack.enter_context(site(home, network))
        world = World(fault, network, made, random.Random(f"{fault.name}:{seed}"), stack, watch)
        fault.setup(world)
        world.past()
        with watch.running():
            fault.inject(world)
            fault.heal(world)
            seconds = world.come_right()
            reversed_blocks = watch.reversed_blocks()
        assert not watch.wrong, "\n".join(watch.wrong[:5])
        assert watch.said, "nobody asked anything"
        did = "; ".join(world.notes)
        replaced = world.replacements()
    return Outcome(fault.name, fault.what, did, watch.verdicts(), reversed_blocks, replaced, seconds)


def draw(world: World, among: Sequence[Any], count: int) -> list[Any]:
    """`count` different ones, in the order drawn."""
    return world.random.sample(list(among), count)
