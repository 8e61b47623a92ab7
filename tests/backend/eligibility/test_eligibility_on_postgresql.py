"""The desk's whole way on PostgreSQL, four desks at once among it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from backend_world import World
from counter import AID_ONE, Counter

from backend.eligibility import jobs, service
from backend.eligibility.service import VisitPlan, VisitToConfirm
from sandbox.eligibility.register import BALANCE
from sandbox.people import person

pytestmark = pytest.mark.postgres


def test_a_visit_from_identity_to_confirmation_and_destruction(
    postgres_url: Callable[[], str], tmp_path: Path, new_counter: Callable[[World], Counter]
) -> None:
    urls = {"database_url": postgres_url(), "keys_database_url": postgres_url()}
    with World(tmp_path, **urls) as world, new_counter(world) as counter:
        index = counter.fresh(AID_ONE)
        patient = counter.known(index)
        assert counter.known(index) == patient
        counter.do(patient, "owed")
        counter.do(patient, "exception", exempt="emergency")
        counter.do(patient, "exception", exempt="emergency")
        counter.do(patient, "identity", how="id-card")
        assert len(counter.kept("identity_owed", patient, more="AND shown_by IS NOT NULL")) == 1
        counter.letter(patient, counter.today)
        counter.do(patient, "look-up")
        assert "더 필요한 확인이 없습니다" in counter.page(patient)
        numbers = four_at_once(counter, index)
        assert len(numbers) == 1
        assert counter.ledger.balance(person(index)) == BALANCE - 1500
        world.late += timedelta(days=1828)
        services = world.services
        done = jobs.prune(services.database, services.vault, services.clock(), timedelta(days=1827))
        assert min(done.values()) >= 1


def four_at_once(counter: Counter, index: int) -> set[str | None]:
    services, whose = counter.world.services, counter.whose(index)
    wanted = VisitToConfirm("V-1", VisitPlan(counter.today, "01"), 1500)
    together, found = threading.Barrier(4), []

    def desk() -> None:
        together.wait()
        found.append(service.confirm_visit(services, whose, wanted, counter.by))

    threads = [threading.Thread(target=desk) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4
    return {each.content.number for each in found}
