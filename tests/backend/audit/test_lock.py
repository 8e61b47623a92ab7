"""The log's one lock is held for the last statements of a transaction, once for all who write at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from audit_log import KIM, LEE, AuditLog, Undone
from sqlalchemy.orm import Session

from backend.audit import repository, service
from backend.audit.appending import append
from backend.audit.errors import HeadMissing, NotInWriting
from chain.db import reading, writing


def test_a_session_that_only_reads_is_refused_at_once(embedded: AuditLog) -> None:
    with reading(embedded.engine) as session, pytest.raises(NotInWriting):
        append(session, [embedded.entry()])


def test_what_cannot_be_logged_is_not_committed(embedded: AuditLog) -> None:
    embedded.without_triggers().execute("DELETE FROM audit_head")
    with pytest.raises(HeadMissing), writing(embedded.engine) as session:
        append(session, [embedded.entry()])
    assert embedded.stored() == []


def test_lines_of_one_transaction_keep_the_order_of_the_calls(log: AuditLog) -> None:
    with writing(log.engine) as session:
        for name in ("a", "b", "c"):
            append(session, [log.entry(object_id=name)])
        assert log.head().number == 0
    assert [line["object_id"] for line in log.stored()] == ["a", "b", "c"]
    assert log.verify().whole


def test_a_session_that_goes_on_after_a_rollback_writes_nothing_of_before(log: AuditLog) -> None:
    with Session(log.engine) as session:
        append(session, [log.entry(object_id="undone")])  # type: ignore[arg-type]
        session.rollback()
        append(session, [log.entry(object_id="done")])  # type: ignore[arg-type]
        session.commit()
    assert [line["object_id"] for line in log.stored()] == ["done"]


@pytest.mark.postgres
def test_a_transaction_that_still_works_holds_nobody_up(postgres_url: Callable[[], str]) -> None:
    with AuditLog(postgres_url()) as log, ThreadPoolExecutor(1) as pool:
        with writing(log.engine) as session:
            append(session, [log.entry(object_id="slow")])
            other = pool.submit(service.record, log.engine, [log.entry(object_id="quick")])
            assert other.result(timeout=30).number == 1
        assert [line["object_id"] for line in log.stored()] == ["quick", "slow"]
        assert log.verify().whole


def test_many_at_once_are_written_in_few_transactions(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    locks = counted(monkeypatch, "head")
    entries = [[log.entry(patient=(KIM, LEE)[n % 2])] * (1 + n % 3) for n in range(60)]
    with ThreadPoolExecutor(12) as pool:
        heads = list(pool.map(lambda each: service.record(log.engine, each), entries))
    lines = {line["number"]: line["hash"] for line in log.stored()}
    assert len(lines) == 120
    assert all(lines[head.number] == head.hash for head in heads)
    assert len({head.number for head in heads}) == 60
    assert len(locks) < 60
    assert log.verify().whole


def test_what_fails_for_one_fails_for_nobody_else(
    embedded: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, real = [True], repository.add_lines

    def once(*arguments: Any) -> None:
        if failing:
            failing.pop()
            raise Undone
        real(*arguments)

    monkeypatch.setattr(repository, "add_lines", once)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(service.record, embedded.engine, [embedded.entry()]) for _ in range(24)]
        failed = [each for each in asked if isinstance(each.exception(timeout=60), Undone)]
    assert len(failed) == 1
    assert len(embedded.stored()) == 23
    assert embedded.verify().whole


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[None]:
    """One entry for each call of a function of the repository."""
    calls: list[None] = []
    real = getattr(repository, name)

    def counting(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        return real(*arguments, **options)

    monkeypatch.setattr(repository, name, counting)
    return calls
