"""A line becomes a sentence that its patient understands, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from audit_log import DOCTOR, KIM, START

from backend.audit import view
from backend.audit.models import AuditEvent
from backend.audit.terms import (
    ACTORS,
    OBJECTS,
    TELLINGS,
    Action,
    ActorKind,
    Both,
    ObjectKind,
    object_kind_of,
)
from records.kinds import KINDS

READER = "9a9a0f6e-0000-4000-8000-000000000001"


def event(**changes: Any) -> AuditEvent:
    whole: dict[str, Any] = {
        "number": 40,
        "at": START,
        "actor_kind": "staff",
        "actor_id": DOCTOR,
        "origin": "10.20.30.40",
        "patient": KIM,
        "patient_number": 3,
        "action": "read",
        "object_kind": "receipt",
        "object_id": "x1",
        "outcome": "allowed",
        "reason": None,
        "salt": bytes(16),
        "previous": bytes(32),
        "hash": bytes(32),
    }
    return AuditEvent(**whole | changes)


def doctor(kind: ActorKind, identifier: str) -> Both | None:
    return Both("내과 의사", "a doctor of internal medicine") if identifier == DOCTOR else None


def test_a_read_receipt_is_told_plainly() -> None:
    row = view.row(event(), reader=READER, naming=doctor)
    assert row.sentence == Both(
        "2026년 3월 2일 14:05 내과 의사가 진료비 영수증을 열람했습니다",
        "2 March 2026, 14:05: a doctor of internal medicine viewed a receipt for medical costs",
    )
    assert (row.number, row.yours, row.refused, row.reason) == (3, False, False, None)


@pytest.mark.parametrize(
    ("changes", "ko", "en"),
    [
        (
            {"outcome": "refused", "actor_kind": "nobody"},
            "신원을 알 수 없는 사람이 진료비 영수증을 열람하려 했으나 거절되었습니다",
            "somebody who did not sign in tried to view a receipt for medical costs and was refused",
        ),
        (
            {"actor_kind": "person", "actor_id": READER, "object_kind": "statement", "action": "download"},
            "본인이 진료비 세부산정내역을 내려받았습니다",
            "you downloaded an itemised statement of medical costs",
        ),
        (
            {"actor_kind": "person", "actor_id": "someone-else", "object_kind": "result"},
            "다른 회원이 검사 결과를 열람했습니다",
            "another account holder viewed test results",
        ),
        (
            {"actor_kind": "oracle", "action": "create", "object_kind": "prescription"},
            "병원 중계 서버가 처방전을 새로 기록했습니다",
            "the hospital's relay server recorded a prescription",
        ),
        (
            {"action": "from-a-later-version", "object_kind": "unheard-of", "actor_kind": "unheard-of"},
            "신원을 알 수 없는 사람이 기록에 접근했습니다",
            "somebody who did not sign in used a record",
        ),
    ],
)
def test_who_did_what_and_whether_it_was_let(changes: dict[str, Any], ko: str, en: str) -> None:
    sentence = view.row(event(**changes), reader=READER).sentence
    assert sentence.ko.endswith(f" {ko}")
    assert sentence.en.endswith(f": {en}")


def test_only_the_reason_for_emergency_access_is_shown() -> None:
    assert view.row(event(reason="step-up"), reader=READER).reason is None
    assert view.row(event(action="break-glass", reason="의식 없음"), reader=READER).reason == "의식 없음"


def test_every_code_is_told_in_both_languages_with_its_particles() -> None:
    assert set(TELLINGS) == set(Action)
    assert set(OBJECTS) == set(ObjectKind)
    assert set(ACTORS) == set(ActorKind)
    for action in Action:
        for kind in ObjectKind:
            for outcome in ("allowed", "refused"):
                sentence = view.row(
                    event(action=action, object_kind=kind, outcome=outcome), reader=READER
                ).sentence
                assert sentence.ko.endswith("니다")
                assert "(" not in sentence.ko
                assert "{" not in sentence.ko + sentence.en
                assert not re.search("[가-힣]", sentence.en)
                assert ("거절" in sentence.ko) == ("refused" in sentence.en)


def test_a_name_that_does_not_end_in_korean_takes_both_particles() -> None:
    named = view.row(event(), reader=READER, naming=lambda kind, identifier: Both("MRI", "MRI"))
    assert "MRI이(가) 진료비" in named.sentence.ko


def test_every_kind_of_document_has_a_word() -> None:
    for kind in KINDS.values():
        assert object_kind_of(kind.vct) is not ObjectKind.DOCUMENT
    assert object_kind_of("urn:saegim:something-new:1") is ObjectKind.DOCUMENT
    assert object_kind_of("") is ObjectKind.DOCUMENT
