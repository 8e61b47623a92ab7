"""Nothing that names a person gets into the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from audit_log import DOCTOR, START

from backend.audit.entries import Entry, EntryInvalid, origin_of, typed_reason
from backend.audit.terms import Action, ActorKind, ObjectKind


def entry(**changes: Any) -> Entry:
    whole: dict[str, Any] = {
        "at": START,
        "actor_kind": ActorKind.STAFF,
        "actor_id": DOCTOR,
        "action": Action.READ,
        "object_kind": ObjectKind.RECEIPT,
    }
    return Entry(**whole | changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", datetime(2026, 3, 2)),
        ("actor_id", ""),
        ("actor_id", "김민지"),
        ("actor_id", "Kim Minji"),
        ("actor_id", "900101-2345678"),
        ("actor_id", "010-1234-5678"),
        ("object_id", "00123456"),
        ("object_id", "x" * 101),
        ("patient", "00123456"),
        ("patient", "A" * 64),
        ("origin", "10.0.0.1\n10.0.0.2"),
        ("origin", "병원"),
        ("reason", "환자 요청"),
        ("reason", "case-900101"),
        ("reason", ""),
    ],
)
def test_an_entry_of_another_form_is_refused_without_repeating_it(field: str, value: Any) -> None:
    with pytest.raises(EntryInvalid) as refused:
        entry(**{field: value})
    assert refused.value.field == field
    assert not str(value) or str(value) not in str(refused.value)


@pytest.mark.parametrize("reason", ["응급", "  ", "주민번호 900101-2345678 환자", "가" * 201, "두\n줄"])
def test_a_typed_reason_goes_in_only_for_break_glass_and_only_as_cleaned(reason: str) -> None:
    with pytest.raises(EntryInvalid):
        entry(reason=reason)
    cleaned = typed_reason(reason)
    if cleaned != reason:
        with pytest.raises(EntryInvalid):
            entry(action=Action.BREAK_GLASS, reason=reason)
    if cleaned:
        assert entry(action=Action.BREAK_GLASS, reason=cleaned).reason == cleaned


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("의식 없음,\n  응급실", "의식 없음, 응급실"),
        ("환자 900101-2345678", "환자 ●●●●●●"),
        ("보호자 010 1234 5678 통화", "보호자 ●●●●●● 통화"),
        ("등록번호 00123456", "등록번호 ●●●●●●"),
        ("체온 39.5 혈압 180/110", "체온 39.5 혈압 180/110"),
        ("\x00\u202e뒤집힘", "뒤집힘"),
    ],
)
def test_numbers_that_could_be_somebodys_are_blotted_out_of_a_reason(typed: str, kept: str) -> None:
    assert typed_reason(typed) == kept
    assert typed_reason(kept) == kept


@pytest.mark.parametrize(
    ("address", "kind", "kept"),
    [
        (None, ActorKind.PERSON, ""),
        ("testclient", ActorKind.STAFF, ""),
        ("203.0.113.77", ActorKind.PERSON, "203.0.113.0/24"),
        ("203.0.113.77", ActorKind.NOBODY, "203.0.113.0/24"),
        ("2001:db8:1:2::9", ActorKind.PERSON, "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", ActorKind.PERSON, "203.0.113.0/24"),
        ("fe80::1%eth0", ActorKind.PERSON, "fe80::/48"),
        ("10.20.30.40", ActorKind.STAFF, "10.20.30.40"),
        ("fe80::1%eth0", ActorKind.STAFF, "fe80::1"),
    ],
)
def test_the_place_is_whole_for_those_at_work_and_a_network_for_those_at_home(
    address: str | None, kind: ActorKind, kept: str
) -> None:
    assert origin_of(address, kind) == kept
    assert entry(origin=kept).origin == kept
