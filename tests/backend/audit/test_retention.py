"""Lines leave the log only as its whole oldest range, after two years, and what stays still verifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from audit_log import KIM, LEE, START, AuditLog
from sqlalchemy.exc import DBAPIError

from backend.audit import retention, service
from backend.audit.checks import years_before
from backend.audit.entries import EntryInvalid
from backend.audit.errors import RetentionTooShort, SoundLogNeeded
from backend.audit.findings import Kind
from backend.audit.line import Head
from chain.db import reading

OFFICER = "b7c1c2ae-52c3-4b0f-8a54-6a8a0c1f7e11"


def two_years_later(log: AuditLog) -> AuditLog:
    """Twelve old lines; then six of today, the first of them committed to."""
    log.filled(12)
    log.anchored_head()
    log.now = START.replace(year=START.year + 2, month=4)
    log.filled(1)
    log.anchored_head()
    return log.filled(5)


def prune(log: AuditLog, **arguments: Any):
    return retention.prune(log.engine, log.now, **{"approved_by": OFFICER} | arguments)


def test_less_than_two_years_is_never_kept(log: AuditLog) -> None:
    two_years_later(log)
    with pytest.raises(RetentionTooShort):
        prune(log, years=1)
    with pytest.raises(EntryInvalid):
        prune(log, approved_by="홍길동")
    assert len(log.stored()) == 18


def test_nothing_is_removed_while_all_is_young_or_one_young_line_lies_before(log: AuditLog) -> None:
    log.filled(3)
    assert prune(log) is None
    log.now = START.replace(year=START.year + 2, month=4)
    late = log.entry()
    log.append(late)
    assert prune(log, years=3) is None
    made = prune(log)
    assert made is not None
    assert (made.number, made.count) == (3, 3)


def test_a_log_that_does_not_verify_is_not_shortened(log: AuditLog) -> None:
    two_years_later(log).without_triggers().overwrite(4, {"outcome": "refused"})
    with pytest.raises(SoundLogNeeded) as refused:
        prune(log)
    assert refused.value.number == 4
    assert len(log.stored()) == 18


def test_the_rest_stays_provable_and_patients_go_on_counting(log: AuditLog) -> None:
    two_years_later(log)
    made = prune(log)
    assert made is not None
    assert (made.number, made.count, made.approved_by) == (12, 12, OFFICER)
    assert made.until == START + timedelta(minutes=12)
    lines = log.stored()
    assert [line["number"] for line in lines] == list(range(13, 20))
    assert (lines[-1]["action"], lines[-1]["actor_id"]) == ("prune", OFFICER)
    log.append(log.entry(patient=KIM))
    report = log.verify()
    assert report.whole
    assert (report.lines, report.begins_after, report.heads_checked) == (8, 12, 2)
    with reading(log.engine) as session:
        numbers = [event.patient_number for event in service.of_patient(session, KIM).events]
    assert numbers == [8, 7, 6, 5]  # four of Kim's are gone, their numbers are not used again


def test_a_log_of_old_lines_only_begins_anew_and_goes_on(log: AuditLog) -> None:
    log.filled(4)
    for _ in range(2):
        log.now = log.now.replace(year=log.now.year + 3)
        assert prune(log) is not None
        log.filled(2)
        assert log.verify().whole
    assert [line["number"] for line in log.stored()] == [8, 9, 10]


def test_the_database_refuses_a_removal_without_a_true_checkpoint(log: AuditLog) -> None:
    two_years_later(log)
    lines = {line["number"]: line for line in log.stored()}
    true = {
        "number": 12,
        "hash": lines[12]["hash"],
        "until": START + timedelta(minutes=12),
        "count": 12,
        "made_at": log.now,
    }
    insert = "INSERT INTO audit_checkpoint VALUES (:number, :hash, :until, :count, :made_at, 'x')"
    young = {"number": 13, "hash": lines[13]["hash"], "count": 13, "until": log.now}
    for false in ({"hash": b"h" * 32}, {"count": 3}, {"until": START}, {"made_at": START}, young):
        values = {
            name: value.astimezone(UTC).replace(tzinfo=None)
            if isinstance(value, datetime) and log.engine.dialect.name == "sqlite"
            else value
            for name, value in (true | false).items()
        }
        with pytest.raises(DBAPIError):
            log.execute(insert, "DELETE FROM audit_event WHERE number <= 12", **values)
    assert len(log.stored()) == 18
    assert prune(log) is not None
    for statement in ("DELETE FROM audit_checkpoint", "UPDATE audit_checkpoint SET count = 1"):
        with pytest.raises(DBAPIError):
            log.execute(statement)


FORGERIES = {
    "an earlier line named": "UPDATE audit_checkpoint SET number = 11",
    "another hash": "UPDATE audit_checkpoint SET hash = (SELECT hash FROM audit_event WHERE number = 15)",
    "somebody else's approval": "UPDATE audit_checkpoint SET approved_by = 'x'",
    "another count": "UPDATE audit_checkpoint SET count = 5",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_changed_checkpoint_is_found(log: AuditLog, name: str) -> None:
    two_years_later(log)
    prune(log)
    log.without_triggers().execute(FORGERIES[name])
    first = log.verify().first
    assert first is not None
    assert first.kind in (Kind.CHECKPOINT, Kind.REMOVED)
    assert first.number in (11, 12)


def test_a_removal_behind_a_checkpoint_that_the_log_does_not_tell_of_is_found(log: AuditLog) -> None:
    log.filled(12)
    fifth = log.stored()[4]
    log.without_triggers()
    log.execute(
        "INSERT INTO audit_checkpoint SELECT number, hash, at, 5, at, 'x' FROM audit_event WHERE number = 5",
        "DELETE FROM audit_event WHERE number <= 5",
        "UPDATE audit_patient_head SET pruned = 2",
    )
    first = log.verify().first
    assert first is not None
    assert (first.kind, first.number) == (Kind.CHECKPOINT, 5)
    assert log.verify(Head(5, fifth["hash"])).heads_checked == 1
    assert log.verify(Head(3, fifth["hash"])).too_old == [3]


def test_a_checkpoint_told_of_but_made_too_early_is_found(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By somebody who takes the triggers away and calls this very code with other rules."""
    log.filled(12).without_triggers()
    log.now += timedelta(days=400)
    monkeypatch.setattr(retention, "MINIMUM_YEARS", 1)
    assert prune(log, years=1) is not None
    first = log.verify().first
    assert first is not None
    assert (first.kind, first.number) == (Kind.CHECKPOINT, 12)


@pytest.mark.parametrize("patient", [KIM, LEE])
def test_a_line_removed_after_the_checkpoint_is_found(log: AuditLog, patient: str) -> None:
    two_years_later(log)
    prune(log)
    line = next(line for line in log.stored() if line["patient"] == patient)
    log.without_triggers().execute("DELETE FROM audit_event WHERE number = :number", number=line["number"])
    first = log.verify().first
    assert first is not None
    assert (first.kind, first.number) == (Kind.REMOVED, line["number"])


def test_two_years_before_a_leap_day_keep_more_not_less() -> None:
    assert years_before(datetime(2028, 2, 29, 9, tzinfo=UTC), 2) == datetime(2026, 2, 28, 9, tzinfo=UTC)
    assert years_before(START, 2) == START.replace(year=START.year - 2)
