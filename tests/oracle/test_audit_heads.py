"""Heads of the log of accesses: each batch takes the newest along, and the backend learns where it stands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from oracle_fakes import SETTLE_AFTER, World, issue
from sqlmodel import select

from chain.db import reading
from chain.merkle import leaf_of, verify_path
from oracle.audit_heads import ALONE_AFTER, AnchoredHead, AuditHeads
from oracle.crash import arm, disarm
from oracle.errors import DeliveryUnavailable
from oracle.models import AuditHead, Batch
from oracle.status import look


@dataclass
class Log:
    """The backend's side: gives a new commitment each time and keeps what it is told."""

    up: bool = True
    given: list[bytes] = field(default_factory=list)
    told: dict[bytes, AnchoredHead] = field(default_factory=dict)

    def exchange_heads(self, issuer: int, anchored: Sequence[AnchoredHead]) -> bytes:
        if not self.up:
            raise DeliveryUnavailable("down")
        for each in anchored:
            assert verify_path(each.root, leaf_of(each.commitment), each.path)
            self.told[each.commitment] = each
        self.given.append(os.urandom(32))
        return self.given[-1]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def heads(world: World, log: Log) -> AuditHeads:
    return AuditHeads(world.database, log, world.clock, 1)


def batch(world: World, number: int) -> None:
    """One receipt comes, and its batch settles."""
    world.tell(issue(str(number), number))
    world.run("intake")
    world.clock.forward(1)
    world.run("batching")
    world.run("sender")
    world.chain.mine(SETTLE_AFTER)
    world.run("settling")


def states(world: World) -> list[str]:
    with reading(world.database) as session:
        return [row.state for row in session.exec(select(AuditHead).order_by(AuditHead.id)).all()]


def test_a_batch_takes_the_head_along_and_the_backend_learns_where_it_stands(
    world: World, heads: AuditHeads, log: Log
) -> None:
    heads.step()
    batch(world, 1)
    assert states(world) == ["batched"]
    world.clock.forward(2)
    assert heads.step()
    (told,) = log.told.values()
    assert told.commitment == log.given[0]
    with reading(world.database) as session:
        (formed,) = session.exec(select(Batch)).all()
    assert (told.root, told.block, formed.size) == (formed.root, formed.block, 1)
    assert states(world) == ["told", "waiting"]


def test_every_batch_has_a_head_of_its_own(world: World, heads: AuditHeads, log: Log) -> None:
    for number in range(1, 5):
        world.clock.forward(2)
        heads.step()
        batch(world, number)
    world.clock.forward(2)
    heads.step()
    assert list(log.told) == log.given[:4]
    assert len({each.root for each in log.told.values()}) == 4


def test_one_head_waits_at_a_time_and_is_kept_fresh(world: World, heads: AuditHeads, log: Log) -> None:
    for _ in range(5):
        world.clock.forward(15)
        heads.step()
    assert len(log.given) == 3
    assert states(world) == ["waiting"]
    batch(world, 1)
    world.clock.forward(2)
    heads.step()
    assert list(log.told) == [log.given[2]]


def test_a_head_that_finds_no_batch_goes_alone(world: World, heads: AuditHeads, log: Log) -> None:
    heads.step()
    world.clock.forward(ALONE_AFTER.total_seconds() - 1)
    world.run("batching")
    assert states(world) == ["waiting"]
    world.clock.forward(1)
    world.run("batching")
    world.run("sender")
    world.chain.mine(SETTLE_AFTER)
    world.run("settling")
    heads.step()
    assert list(log.told) == log.given[:1]
    batch(world, 1)
    world.settle()
    assert look(world.database, world.clock).documents["delivered"] == 1, "as ever"


def test_a_backend_that_is_down_keeps_no_document_waiting(world: World, heads: AuditHeads, log: Log) -> None:
    log.up = False
    with pytest.raises(DeliveryUnavailable):
        heads.step()
    batch(world, 1)
    assert states(world) == []
    world.settle()
    assert look(world.database, world.clock).documents["delivered"] == 1


@pytest.mark.parametrize("point", ["heads.answered", "heads.committed", "batch.taken", "batch.committed"])
def test_a_kill_loses_no_head_and_tells_none_wrongly(
    world: World, heads: AuditHeads, log: Log, point: str
) -> None:
    class Killed(Exception):
        pass

    def kill() -> None:
        raise Killed

    heads.step()
    arm(point, kill)
    try:
        batch(world, 1)
        world.clock.forward(2)
        heads.step()
    except Killed:
        pass
    disarm()
    world.restart()
    again = AuditHeads(world.database, log, world.clock, 1, timedelta(seconds=1))
    batch(world, 2)
    for _ in range(3):
        world.clock.forward(2)
        again.step()
        world.run("batching")
        world.run("sender")
        world.chain.mine(SETTLE_AFTER)
        world.run("settling")
    assert log.given[0] in log.told
    assert set(log.told) <= set(log.given)
