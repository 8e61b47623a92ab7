"""Quarantine as a person uses it."""

from __future__ import annotations

import pytest
from oracle_fakes import World, issue

from oracle.errors import CannotReread, UnknownRow
from oracle.quarantine import Quarantine
from oracle.states import QuarantineState


@pytest.fixture
def quarantine(world: World) -> Quarantine:
    world.tell(issue("1", 0, bad=True), issue("2", 0, bad=True))
    world.pipeline.intake.step()
    return Quarantine(world.database, world.clock)


def test_it_shows_the_fields_at_fault_and_no_values(quarantine: Quarantine) -> None:
    rows = quarantine.rows()
    assert [(row.source, row.paths, row.state) for row in rows] == [
        ("receipt:1", "total", "open"),
        ("receipt:2", "total", "open"),
    ]


def test_an_unknown_number_is_told(quarantine: Quarantine) -> None:
    with pytest.raises(UnknownRow):
        quarantine.row(99)
    with pytest.raises(UnknownRow):
        quarantine.discard(99)


def test_retry_takes_the_row_as_it_is_now(world: World, quarantine: Quarantine) -> None:
    world.tell(issue("1", 1))
    report = quarantine.retry(world.pipeline.intake, [row.id or 0 for row in quarantine.rows()])
    assert dict(report.outcomes) == {"issued": 1, "quarantined": 1}
    assert quarantine.row(1).state == QuarantineState.RESOLVED
    assert quarantine.row(2).seen == 2
    world.settle()
    assert len(world.backend.issued()) == 1, "reading on by the cursor finds a duplicate"


def test_retry_needs_an_adapter_that_can_read_one_row(world: World, quarantine: Quarantine) -> None:
    class Forward:
        name = "forward"

    world.pipeline.intake.adapter = Forward()  # type: ignore[assignment]
    with pytest.raises(CannotReread):
        quarantine.retry(world.pipeline.intake, [1])


def test_a_discarded_row_stays_so_until_it_has_another_fault(world: World, quarantine: Quarantine) -> None:
    quarantine.discard(1)
    quarantine.retry(world.pipeline.intake, [1])
    assert quarantine.row(1).state == QuarantineState.DISCARDED
    from oracle.his.base import Reject

    world.tell(Reject("receipt:1", "no-detail", ""))
    world.pipeline.intake.step()
    assert quarantine.row(1).state == QuarantineState.OPEN
