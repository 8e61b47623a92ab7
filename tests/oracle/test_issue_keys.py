"""The secrets that salts are drawn from: one a month, kept while a backup may be restored, then destroyed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from oracle.errors import KeyFileInvalid
from oracle.his.base import Action, HisDocument
from oracle.issue_keys import IssueKeys, delivery_name, issued_at, name_of

NOW = datetime(2026, 3, 31, 12, 0, 0, 5, tzinfo=UTC)
KID = "k" * 43


def document(at: datetime = NOW) -> HisDocument:
    return HisDocument("receipt", "receipt:1", "0" * 64, Action.ISSUE, {}, "P1", None, at)


def test_no_seed_is_made_from_a_damaged_secret(tmp_path: Path) -> None:
    (tmp_path / "2026-03.key").write_text("00")
    with pytest.raises(KeyFileInvalid):
        IssueKeys(tmp_path).seed(document(), KID, "", NOW)


def test_without_the_secret_the_same_row_has_another_seed(tmp_path: Path) -> None:
    seeds = [IssueKeys(tmp_path / name).seed(document(), KID, "", NOW) for name in ("a", "b")]
    assert seeds[0] != seeds[1]


def test_another_process_and_another_day_find_the_same_seed(tmp_path: Path) -> None:
    first = IssueKeys(tmp_path).seed(document(), KID, "", NOW)
    assert IssueKeys(tmp_path).seed(document(), KID, "", NOW + timedelta(days=40)) == first
    assert IssueKeys(tmp_path).seed(document(), "other", "", NOW) != first
    assert IssueKeys(tmp_path).seed(document(), KID, "an earlier version", NOW) != first
    assert (tmp_path / "2026-03.key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["2026-03.key"]


def test_a_month_that_is_long_over_is_destroyed_with_its_secret(tmp_path: Path) -> None:
    keys = IssueKeys(tmp_path)
    first = keys.seed(document(), KID, "", NOW)
    june = datetime(2026, 6, 1, tzinfo=UTC)
    later = keys.seed(document(), KID, "", june)  # a row from March, read again in June
    assert [path.name for path in tmp_path.iterdir()] == ["2026-06.key"]
    assert later != first


def test_a_document_from_the_future_is_issued_now() -> None:
    assert issued_at(document(NOW + timedelta(hours=1)), NOW) == NOW.replace(microsecond=0)
    assert issued_at(document(NOW - timedelta(hours=1)), NOW) == (NOW - timedelta(hours=1)).replace(
        microsecond=0
    )


def test_names_are_uuids_and_tell_events_apart() -> None:
    name = name_of(bytes(32))
    assert UUID(name).version == 4
    told = {delivery_name(name, event) for event in ("issued", "superseded", "withdrawn")}
    assert len(told) == 3
    assert all(UUID(one).version == 4 for one in told)
