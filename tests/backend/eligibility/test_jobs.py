"""What is old is destroyed, rows and keys; what is not known is asked again. By command, for a timer."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from counter import AID_ONE, AID_TWO, INSURED, Counter
from sqlalchemy import text

from backend.eligibility import commands, jobs
from backend.services import Services
from chain.db import reading
from sandbox.faults import Fault
from sandbox.people import person

KEEP = timedelta(days=1827)
TABLES = ("look_up", "letter", "visit", "identity_check", "identity_exception", "identity_owed")


def prune(counter: Counter, keep: timedelta = KEEP) -> dict[str, int]:
    services = counter.world.services
    return dict(jobs.prune(services.database, services.vault, services.clock(), keep))


def keys(counter: Counter) -> int:
    with reading(counter.world.services.keys_database) as session:
        return int(session.execute(text("SELECT count(*) FROM vault_wrapped_key")).scalar_one())


def everything(counter: Counter) -> UUID:
    """A patient with one row of each kind."""
    patient = counter.known(counter.fresh(AID_ONE))
    counter.do(patient, "owed")
    counter.do(patient, "exception", exempt="emergency")
    counter.do(patient, "identity", how="id-card")
    counter.letter(patient, counter.today)
    assert counter.confirm(patient, 0).json()["state"] == "confirmed"
    return patient


def test_a_period_too_short_destroys_nothing(counter: Counter) -> None:
    patient = everything(counter)
    with pytest.raises(ValueError, match="a year"):
        prune(counter, timedelta(days=364))
    assert all(len(counter.kept(table, patient)) == 1 for table in TABLES)


def test_what_is_younger_stays(counter: Counter) -> None:
    patient = everything(counter)
    counter.world.late += KEEP - timedelta(minutes=1)
    prune(counter)
    assert all(len(counter.kept(table, patient)) == 1 for table in TABLES)


def test_what_is_older_goes_with_its_keys_and_the_log_says_so(counter: Counter) -> None:
    patient = everything(counter)
    before = keys(counter)
    counter.world.late += KEEP + timedelta(minutes=1)
    done = prune(counter)
    assert all(counter.kept(table, patient) == [] for table in TABLES)
    assert all(done[f"eligibility_{table}"] >= 1 for table in TABLES)
    assert keys(counter) <= before - 4, "patient, look-up, letter and confirmation had one each"
    assert (
        counter.rows("SELECT count(*) FROM audit_event WHERE action = 'erase' AND reason = 'retention'")[0][0]
        >= 1
    )
    counter.begin()
    assert counter.api("GET", f"/patients/{patient}").status_code == 404


def test_what_is_not_known_yet_is_never_destroyed(counter: Counter) -> None:
    index = counter.fresh(AID_TWO)
    patient = counter.known(index)
    counter.letter(patient, counter.today)
    counter.do(patient, "look-up")
    counter.fails(Fault.DOWN, times=10)
    assert counter.confirm(patient).json()["state"] == "open"
    counter.world.late += KEEP + timedelta(days=1)
    prune(counter)
    assert counter.kept("visit", patient, "state") == [("open",)]


def test_the_commands(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    services = counter.world.services
    monkeypatch.setattr(Services, "build", lambda settings: services)
    monkeypatch.setattr(Services, "close", lambda self: None)
    counter.well()
    commands.settle(services.settings, None)  # type: ignore[arg-type] - it has no arguments
    assert "uncertain 0" in capsys.readouterr().out
    patient = counter.known(counter.fresh(AID_TWO))
    counter.letter(patient, counter.today)
    counter.do(patient, "look-up")
    counter.fails(Fault.DOWN, times=20)
    counter.confirm(patient)
    assert commands.settle(services.settings, None) == 1  # type: ignore[arg-type]
    assert "uncertain 1" in capsys.readouterr().out
    counter.well()
    assert commands.settle(services.settings, None) == 0  # type: ignore[arg-type]
    assert "confirmed 1; uncertain 0" in capsys.readouterr().out
    assert commands.prune(services.settings, None) == 0  # type: ignore[arg-type]
    assert "eligibility_look_up" in capsys.readouterr().out
    short = services.settings.model_copy(update={"eligibility_keep": timedelta(days=1)})
    assert commands.prune(short, None) == 1  # type: ignore[arg-type]


def test_nothing_personal_is_in_metrics_or_logs(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    patient = counter.known(index := counter.fresh(INSURED))
    counter.fails(Fault.GARBAGE, times=10)
    counter.do(patient, "look-up")
    ours = [each.getMessage() for each in caplog.records if each.name.startswith(("saegim", "backend"))]
    assert ours, "the request itself is logged"
    said = "\n".join(ours) + counter.world.client.get("/metrics").text
    for secret in (person(index).name, person(index).resident, person(index).number, str(patient)):
        assert secret not in said
