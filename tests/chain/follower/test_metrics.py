"""The follower's numbers: heights by finality, and what reorganisations undid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from chain.clock import from_block_time
from chain.db import writing
from chain.follower.metrics import FollowerMetrics


class Measured:
    """A watch whose follower is observed; `late` is how far the clock is past the head's time."""

    def __init__(self, watch: Any) -> None:
        self.watch, self.registry, self.late = watch, CollectorRegistry(), timedelta(0)
        chain_id = watch.chain.deployment.chain_id
        metrics = FollowerMetrics(watch.db, chain_id, self.clock, self.registry)
        watch.restart(observe=metrics.note)
        watch.follower._alarm = metrics.settled_block_lost

    def clock(self) -> Any:
        return from_block_time(self.watch.chain.head().time) + self.late

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"saegim_follower_{name}", labels)


def mine(watch: Any, count: int) -> None:
    for _ in range(count):
        watch.chain.mine()


def replace(watch: Any, depth: int) -> None:
    """Another branch, one block longer, takes the place of the newest blocks."""
    watch.chain.cut(depth)
    mine(watch, depth + 1)


@pytest.fixture
def measured(watch: Any) -> Measured:
    return Measured(watch)


def test_nothing_is_said_of_a_chain_not_seen_yet(measured: Measured) -> None:
    assert measured("height", finality="strong") is None
    assert measured("head_age_seconds") is None
    assert measured("leading") == 0


def test_heights_are_those_that_readers_see(measured: Measured) -> None:
    mine(measured.watch, 12)
    measured.watch.follower.step()
    shown = tuple(measured("height", finality=name) for name in ("pending", "settled", "strong"))
    assert shown == measured.watch.heights()
    assert measured("head_number") == measured.watch.chain.head().number
    measured.late = timedelta(seconds=25)
    assert measured("head_age_seconds") == 25


def test_a_reorganisation_is_counted_with_its_depth(measured: Measured) -> None:
    watch = measured.watch
    mine(watch, 12)
    watch.follower.step()
    replace(watch, 2)
    watch.follower.step()
    assert measured("reorganisation_blocks_count") == 1
    assert measured("reorganisation_blocks_sum") == 2
    assert measured("settled_blocks_lost_total") == 0


def test_a_lost_settled_block_is_counted(measured: Measured) -> None:
    watch = measured.watch
    mine(watch, 20)
    watch.follower.step()
    replace(watch, 12)
    watch.follower.step()
    assert measured("settled_blocks_lost_total") == 1


def test_a_database_that_is_gone_ends_the_scrape_of_this_part_only(measured: Measured) -> None:
    with writing(measured.watch.db) as session:
        session.execute(text("DROP TABLE follower_cursor"))
    assert measured("leading") is None
    assert measured("settled_blocks_lost_total") == 0
