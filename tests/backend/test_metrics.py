"""The backend's numbers: what answers, who agrees, how long the trust file serves; and no word on anybody."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from backend_world import World
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from backend.metrics import BackendCollector
from chain.clock import from_block_time
from chain.db import make_engine
from chain.errors import NodeUnavailable


def samples(world: World) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = world.client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(world: World, name: str, **labels: str) -> float | None:
    return samples(world).get((f"saegim_backend_{name}", tuple(sorted(labels.items()))))


class Node:
    """One own node: a head, and which branch it is on."""

    def __init__(self, number: int, branch: str = "a", *, up: bool = True) -> None:
        self.number, self.branch, self.up = number, branch, up

    def head(self) -> Any:
        if not self.up:
            raise NodeUnavailable("http://node", "refused")
        return SimpleNamespace(number=self.number, time=1_700_000_000 + self.number)

    def header(self, block: int) -> Any:
        return SimpleNamespace(hash=f"{self.branch}{block}")


def agreement(*nodes: Node) -> float | None:
    services: Any = SimpleNamespace(
        node=SimpleNamespace(
            sources=lambda: nodes, trust=SimpleNamespace(checkpoint=SimpleNamespace(time=0))
        ),
        clock=lambda: from_block_time(1_700_000_000),
        database=make_engine("sqlite://"),
        keys_database=make_engine("sqlite://"),
    )
    registry = CollectorRegistry()
    registry.register(BackendCollector(services))
    return registry.get_sample_value("saegim_backend_nodes_agree")


def test_nodes_on_two_branches_disagree_and_a_silent_one_says_nothing() -> None:
    assert agreement(Node(20), Node(21, "b")) == 0
    assert agreement(Node(20), Node(21)) == 1
    assert agreement(Node(20), Node(21, "b", up=False)) == 1
    assert agreement(Node(20)) == 1


def test_the_node_s_age_shows_and_a_dead_one_has_none(world: World) -> None:
    age = value(world, "node_head_age_seconds", node="1")
    world.late = timedelta(seconds=40)
    assert value(world, "node_head_age_seconds", node="1") == pytest.approx((age or 0) + 40)
    world.node.down = True
    assert value(world, "node_up", node="1") == 0
    assert value(world, "node_head_age_seconds", node="1") is None


def test_the_trust_file_s_last_day_shows(world: World) -> None:
    checkpoint = from_block_time(world.node.trust.checkpoint.time)
    until = (checkpoint + timedelta(days=400)).timestamp()
    assert value(world, "trust_file_valid_until_timestamp_seconds") == until


def test_each_database_has_its_own_word(world: World, tmp_path: Any) -> None:
    assert value(world, "database_up", database="keys") == 1
    broken = make_engine(f"sqlite:///{tmp_path}")  # a folder, where the file of the database should be
    object.__setattr__(world.services, "keys_database", broken)
    assert value(world, "database_up", database="keys") == 0
    assert value(world, "database_up", database="documents") == 1


def test_deliveries_are_counted_by_what_became_of_them(world: World) -> None:
    before = samples(world)
    delivery = world.delivery()
    world.post(delivery)
    world.post(delivery, world.delivery(documentId=str(uuid4()), leaf="00"))
    after = samples(world)

    def grown(event: str, outcome: str) -> float:
        key = ("saegim_backend_deliveries_total", (("event", event), ("outcome", outcome)))
        return after[key] - before.get(key, 0)

    assert (grown("issued", "accepted"), grown("", "duplicate"), grown("", "refused")) == (1, 1, 1)


def test_a_request_shows_by_its_route_never_by_its_address(world: World) -> None:
    link = world.link(world.delivered())
    world.client.get(link)
    text = world.client.get("/metrics").text
    assert 'route="/d/{token}"' in text
    assert link.removeprefix("/d/") not in text
    assert "MARKED-PATIENT-77" not in text
