"""The status for a person and for a program."""

from __future__ import annotations

import json
from dataclasses import replace

from network.status import NetworkStatus, NodeStatus, table

GOOD = NodeStatus(
    index=1,
    institution="hospital",
    address="0x" + "11" * 20,
    rpc_url="http://127.0.0.1:8601",
    running=True,
    head=42,
    head_hash="0x" + "22" * 32,
    peers=4,
    sealing=True,
    last_in_turn=40,
    mempool=3,
    agreement="agrees",
)
DOWN = NodeStatus(2, "association", "0x" + "33" * 20, "http://127.0.0.1:8602", running=False)
STATUS = NetworkStatus(
    20193, "0x" + "44" * 32, 42, 1.2, True, (GOOD, replace(GOOD, index=2, institution="city"))
)


def test_one_node_down_is_not_healthy() -> None:
    assert STATUS.healthy
    assert not replace(STATUS, nodes=(GOOD, DOWN)).healthy


def test_an_alarm_a_halt_or_another_branch_is_not_healthy() -> None:
    assert not replace(STATUS, moving=False).healthy
    assert not replace(STATUS, nodes=(replace(GOOD, alarms=("halted",)),)).healthy
    assert not replace(STATUS, nodes=(replace(GOOD, agreement="differs"),)).healthy


def test_the_table_has_a_headline_and_a_row_for_each_node() -> None:
    lines = table(replace(STATUS, nodes=(GOOD, DOWN))).splitlines()
    assert lines[0] == "chain 20193: block 42, 1 s old; blocks come"
    assert lines[3].split() == ["validator-1", "hospital", "42", "4", "yes", "40", "3", "agrees", "-"]
    assert lines[4].split() == ["validator-2", "association", "-", "-", "-", "-", "-", "down", "-"]


def test_a_halt_and_silence_are_said_in_the_headline() -> None:
    assert "NO BLOCKS COME" in table(replace(STATUS, moving=False))
    assert table(replace(STATUS, height=None, age=None, moving=False)).startswith(
        "chain 20193: no validator answers"
    )


def test_programs_get_the_same_as_json() -> None:
    data = json.loads(STATUS.to_json())
    assert data["healthy"] is True
    assert data["nodes"][0]["last_in_turn"] == 40
