"""The oracle's database: locked by somebody else, full, and restored from yesterday's backup."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from signal import SIGKILL
from threading import Event

from fault import Fault
from fault_world import World
from sqlalchemy import select

from chain.db import make_engine, reading, table_of
from oracle.models import Document

LOCKED = 14.0
"""Seconds; a writer of ours waits ten."""
FORGOTTEN = ("", "sender.sent", "sender.mined", "settle.committed", "delivery.answered")
"""Where the oracle may stand when its disk dies; "": everything was done."""


def database(world: World) -> Path:
    return world.site.home / "oracle.sqlite3"


def lock(world: World) -> None:
    """Another process holds the write lock for longer than anybody waits."""
    with world.working():
        world.day(4)
        world.wait(lambda status: status.documents["batched"] + status.documents["anchored"] > 0)
        world.day(4)
        with closing(sqlite3.connect(database(world), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            read = world.status().rows_read
            Event().wait(LOCKED)
            assert world.status().rows_read == read, "somebody wrote past the lock"
            other.execute("ROLLBACK")
        world.wait(lambda status: status.rows_read > read)
        world.wait(lambda status: status.documents["batched"] + status.documents["ready"] == 0)
    log = (world.site.home / "oracle.log").read_text()
    assert "Traceback" not in log, log[-2000:]
    world.note(f"another process held the write lock for {LOCKED:.0f} s")


def fill_up(world: World) -> None:
    """No file of the oracle may grow beyond a size at which it has to write."""
    room = world.random.randrange(32, 128) * 1024
    world.day(12)
    before = world.status().rows_read

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = subprocess.run(
        [sys.executable, "-m", "oracle", "once", "--wait", "6"],
        env=world.site.environment(),
        cwd=world.site.home,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=little_room,
    )
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert "Traceback" not in said, said
    assert world.status().rows_read == before, "half a page was written"
    world.note(f"no file could grow beyond {room // 1024} kB; the oracle said so and wrote nothing")


def leaves(world: World) -> dict[str, bytes]:
    """Leaf by document id, as the database has them."""
    engine, table = make_engine(f"sqlite:///{database(world)}"), table_of(Document)
    with reading(engine) as session:
        found = {
            str(name): bytes(leaf)
            for name, leaf in session.execute(select(table.c.document_id, table.c.leaf))
        }
    engine.dispose()
    return found


def restore(world: World) -> None:
    """The database of before a day's work comes back; what was issued that day is on chain and with the backend."""
    backup = world.site.home / "backup.sqlite3"
    with closing(sqlite3.connect(database(world))) as live, closing(sqlite3.connect(backup)) as copy:
        live.backup(copy)
    point = world.random.choice(FORGOTTEN)
    world.day(8)
    if point:
        assert world.once(crash=point) == -SIGKILL, world.site.output
    else:
        world.finish()
    issued = leaves(world)
    for tail in ("", "-wal", "-shm"):
        database(world).with_name(database(world).name + tail).unlink(missing_ok=True)
    shutil.move(backup, database(world))
    forgotten = issued.keys() - leaves(world).keys()
    assert forgotten, "nothing was forgotten"
    world.finish()
    again = leaves(world)
    assert {name: again.get(name) for name in forgotten} == {name: issued[name] for name in forgotten}
    lost = f"lost at {point}" if point else "lost after the day's work"
    world.note(f"{lost}: {len(forgotten)} documents forgotten, and issued again bit for bit")


FAULTS = (
    Fault("database-locked", "the database is locked by another process", lock),
    Fault("database-full", "the disk is full", fill_up),
    Fault(
        "database-restored",
        "the database is restored from a backup of before the day's work",
        restore,
        short=True,
    ),
)
