"""Documents by id, by link, with their proofs, and after erasure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from backend_world import World
from sqlalchemy import text

from backend.documents import service
from chain.db import writing
from verifier import ProofBundle, Verdict, verify


def test_a_document_that_nobody_delivered_is_not_found(world: World) -> None:
    for address in (
        f"/api/v1/documents/{uuid4()}",
        f"/api/v1/documents/{uuid4()}/proof",
        "/d/unknown",
        "/d/x/bundle",
    ):
        assert world.client.get(address).status_code == 404


def test_an_id_shows_no_content(world: World) -> None:
    answer = world.client.get(f"/api/v1/documents/{world.delivered()}")
    assert set(answer.json()) == {
        "id", "vct", "issuer", "leaf", "root", "block", "anchoredAt", "state", "reason", "supersededBy",
    }  # fmt: skip


def test_a_proof_by_id_carries_no_content_and_completes_the_holders_copy(world: World) -> None:
    answer = world.client.get(f"/api/v1/documents/{world.delivered()}/proof")
    assert answer.headers["saegim-proof"] == "fresh"
    proof = ProofBundle.decode(answer.content)
    assert proof.credential == ""
    whole = service.with_credential(proof, world.case.document.compact)
    assert verify(whole, world.case.trust, now=world.clock()).verdict is Verdict.VALID


def test_without_a_node_the_last_proof_is_given_and_called_so(world: World) -> None:
    address = f"/api/v1/documents/{world.delivered()}/proof"
    first = world.client.get(address)
    world.node.down = True
    world.late = timedelta(hours=1)
    later = world.client.get(address)
    assert (later.headers["saegim-proof"], later.content) == ("kept", first.content)


def test_without_a_node_and_without_a_kept_proof_it_says_so(world: World) -> None:
    document = world.delivered()
    world.node.down = True
    answer = world.client.get(f"/api/v1/documents/{document}/proof")
    assert (answer.status_code, answer.json()["error"]) == (503, "ProofUnavailable")


def test_a_young_proof_is_not_made_twice_and_an_old_one_is(world: World) -> None:
    address = f"/api/v1/documents/{world.delivered()}/proof"
    first = world.client.get(address).content
    world.case.chain.mine(5)  # five seconds
    assert world.client.get(address).content == first
    world.case.chain.mine(60)
    assert world.client.get(address).content != first


def test_a_link_shows_the_document_and_gives_the_bundle(world: World) -> None:
    link = world.link(world.delivered())
    page = world.client.get(link)
    assert "유효한 문서입니다" in page.text
    bundle = ProofBundle.decode(world.client.get(f"{link}/bundle").content)
    assert bundle.credential == world.case.document.compact


def test_a_link_ends(world: World) -> None:
    link = world.link(world.delivered())
    world.late = world.settings.share_link_lifetime
    assert world.client.get(link).status_code == 404
    world.late -= timedelta(seconds=1)
    assert world.client.get(link).status_code == 200


def test_the_database_alone_opens_no_link(world: World) -> None:
    token = world.link(world.delivered()).removeprefix("/d/")
    stored = b"".join(path.read_bytes() for path in world.folder.glob("main.sqlite3*"))
    assert token.encode() not in stored


def test_after_erasure_there_is_no_content_anywhere_but_the_proof_still_answers(world: World) -> None:
    document = world.delivered()
    link = world.link(document)
    with writing(world.services.database) as session:
        service.erase(world.services, session, UUID(document))
    for address in (link, f"{link}/bundle"):
        assert world.client.get(address).status_code == 410
    assert world.client.get(f"/api/v1/documents/{document}/proof").status_code == 200


def test_a_withdrawn_document_shows_it_at_once(world: World) -> None:
    link = world.link(world.delivered())
    world.case.chain.mark(1, world.case.leaf, 3)
    world.case.chain.mine(60)
    assert "발급이 취소된 문서입니다" in world.client.get(link).text


def test_nobodys_write_waits_while_the_node_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"/api/v1/documents/{world.delivered()}/proof"
    prove, written = world.node.prove, []

    def slowly(*arguments: Any) -> Any:
        with writing(world.services.database) as session:  # another request, at the same moment
            session.execute(text("UPDATE document SET reason = NULL"))
            written.append(True)
        return prove(*arguments)

    monkeypatch.setattr(world.node, "prove", slowly)
    assert world.client.get(address).headers["saegim-proof"] == "fresh"
    assert written == [True]
