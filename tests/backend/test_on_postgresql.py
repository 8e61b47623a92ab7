"""A document's life on PostgreSQL: taken once, shown, withdrawn, erased."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from backend_world import World

from backend.documents import service
from chain.db import writing

pytestmark = pytest.mark.postgres


def test_a_documents_life(postgres_url: Callable[[], str], tmp_path: Path) -> None:
    with World(tmp_path, database_url=postgres_url(), keys_database_url=postgres_url()) as world:
        delivery = world.delivery()
        assert world.post(delivery).json()["accepted"] == [delivery["deliveryId"]]
        assert world.post(delivery).json()["duplicates"] == [delivery["deliveryId"]]
        document = delivery["documentId"]
        link = world.link(document)
        assert "유효한 문서입니다" in world.client.get(link).text
        assert world.client.get(f"/api/v1/documents/{document}/proof").headers["saegim-proof"] == "fresh"
        assert world.post(world.event("withdrawn", document, reason=2)).json()["refused"] == []
        shown = world.client.get(f"/api/v1/documents/{document}").json()
        assert (shown["state"], shown["reason"]) == ("withdrawn", 2)
        with writing(world.services.database) as session:
            service.erase(world.services, session, UUID(document))
        assert world.client.get(link).status_code == 410
