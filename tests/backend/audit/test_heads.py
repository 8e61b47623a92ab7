"""The oracle's side door to the log: nobody else gets in, and what is told must be proven."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

sys.path.insert(0, str(Path(__file__).parents[1]))

from backend_world import World

from backend.audit import service
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from chain.db import reading
from chain.merkle import MerkleTree, leaf_of

ADDRESS = "/internal/v1/audit-heads"


@pytest.fixture
def world(tmp_path: Path):
    with World(tmp_path) as made:
        yield made


def ask(world: World, *anchored: dict[str, Any], token: str | None = None) -> Response:
    body = json.dumps({"issuer": 1, "anchored": list(anchored)}).encode()
    headers = {"authorization": f"Bearer {token or world.tokens.token(body)}"}
    return world.client.post(ADDRESS, content=body, headers=headers)


def on_chain(commitment: str, block: int = 7) -> dict[str, Any]:
    """As the oracle tells it."""
    leaf = leaf_of(bytes.fromhex(commitment))
    tree = MerkleTree.build([os.urandom(32), leaf, os.urandom(32)])
    path = [node.hex() for node in tree.proof(1)]
    return {"commitment": commitment, "root": tree.root.hex(), "path": path, "block": block}


def note(world: World) -> None:
    """Something happens that is in the log."""
    entry = Entry(world.clock(), ActorKind.SYSTEM, "test", Action.EXPORT, ObjectKind.AUDIT_LOG)
    service.record(world.services.database, [entry])


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_nobody_else_gets_in(world: World, token: str) -> None:
    assert world.client.post(ADDRESS, content=b"{}").status_code == 401
    assert ask(world, token=token or "none").status_code == 401


def test_a_token_of_another_body_does_not_count(world: World) -> None:
    assert ask(world, token=world.tokens.token(b"another")).status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"issuer":0,"anchored":[]}', b'{"issuer":1,"anchored":[{}]}']
)
def test_what_is_no_such_request_is_refused(world: World, body: bytes) -> None:
    headers = {"authorization": f"Bearer {world.tokens.token(body)}"}
    assert world.client.post(ADDRESS, content=body, headers=headers).status_code == 422


def test_a_foreign_head_and_a_wrong_path_are_named_and_change_nothing(world: World) -> None:
    given = ask(world).json()["commitment"]
    foreign, wrong = on_chain(os.urandom(32).hex()), on_chain(given)
    wrong["root"] = os.urandom(32).hex()
    answer = ask(world, foreign, wrong).json()
    assert answer["refused"] == [foreign["commitment"], given]
    with reading(world.services.database) as session:
        assert service.last_anchored(session) is None


def test_a_head_on_chain_is_noted_once(world: World) -> None:
    note(world)
    given = ask(world).json()["commitment"]
    note(world)
    told = on_chain(given)
    for _ in range(2):
        assert ask(world, told).json()["refused"] == []
    with reading(world.services.database) as session:
        anchored = service.last_anchored(session)
    assert anchored is not None
    assert anchored.number == 1, "the line after the head is not covered by it"


def test_each_answer_is_another_commitment_though_the_log_stands_still(world: World) -> None:
    assert ask(world).json()["commitment"] != ask(world).json()["commitment"]
