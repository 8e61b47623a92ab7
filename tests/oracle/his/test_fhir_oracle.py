"""The fhir adapter inside the oracle's pipeline: what the server corrects, deletes and mends reaches the backend."""

from __future__ import annotations

from collections.abc import Iterator

import fhir_world
import pytest
from fhir_servers import Resource
from oracle_fakes import World

from oracle.quarantine import Quarantine
from oracle.replay import read_from_start
from oracle.states import QuarantineState


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    return fhir_world.good_resources(tmp_path_factory.mktemp("good"))


@pytest.fixture
def server(good: list[Resource], world: World) -> Iterator[fhir_world.World]:
    server = fhir_world.World(good)
    world.pipeline.intake.adapter = server.adapter()
    yield server
    server.close()


def read(world: World) -> None:
    while world.pipeline.intake.step().more:
        pass
    world.settle()


def told(world: World) -> list[list[str]]:
    """What the backend was told of each document, in order."""
    return sorted(world.backend.events(item["documentId"]) for item in world.backend.issued())


def test_every_document_is_delivered_once_however_often_it_is_read(
    world: World, server: fhir_world.World
) -> None:
    read(world)
    world.pipeline.intake.adapter = server.adapter()
    read_from_start(world.database, "fhir:sandbox")
    read(world)
    assert told(world) == [["issued"]] * 4


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_receipt_taken_back_on_the_server_is_withdrawn_with_its_statement(
    world: World, server: fhir_world.World, status: str
) -> None:
    read(world)
    server.the("Invoice", server.receipt)["status"] = status
    server.touch(server.the("Invoice", server.receipt))
    read(world)
    read(world)
    withdrawn = [events for events in told(world) if len(events) > 1]
    assert len(told(world)) == 4 and len(withdrawn) == 2
    assert withdrawn[0] == withdrawn[1] == ["issued", "withdrawn"]


def test_a_receipt_mended_on_the_server_leaves_the_quarantine(world: World, server: fhir_world.World) -> None:
    receipt = server.the("Invoice", server.receipt)
    kind = receipt["type"]["coding"][0]
    kind["code"], good_code = "99", kind["code"]
    read(world)
    quarantine = Quarantine(world.database, world.clock)
    (row,) = quarantine.rows()
    assert (row.source, row.reason) == (f"receipt:{server.receipt}", "code-unmapped")
    kind["code"] = good_code
    quarantine.retry(world.pipeline.intake, [row.id or 0])
    assert quarantine.row(row.id or 0).state == QuarantineState.RESOLVED
    world.settle()
    assert len(world.backend.issued()) == 4
