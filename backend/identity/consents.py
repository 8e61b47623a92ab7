"""The texts that a person agrees to, by kind and version. The digest of exactly what was shown is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from backend.web.i18n import N_, Message, current_language, translate


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A text. A changed text is a new version, and the old one is not asked for any more."""

    kind: str
    version: str
    required: bool
    title: Message
    text: Message


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to. `digest`: SHA-256 (hex) of title and text as shown."""

    version: str
    digest: str
    language: str


TEXTS: tuple[ConsentText, ...] = (
    ConsentText(
        "terms",
        "2026-11",
        True,
        N_("이용약관"),
        N_(
            "새김은 진료 문서를 보고, 내려받고, 원하는 곳에 보낼 수 있게 합니다. 계정은 본인만 쓸 수 있으며, "
            "언제든지 탈퇴할 수 있습니다."
        ),
    ),
    ConsentText(
        "privacy",
        "2026-11",
        True,
        N_("개인정보 수집·이용"),
        N_(
            "본인 확인을 위해 이름, 생년월일, 성별, 휴대전화번호, 연계정보(CI)를 받아 암호화해 보관합니다. "
            "탈퇴하면 바로 파기합니다. 동의하지 않을 수 있으나, 그러면 가입할 수 없습니다."
        ),
    ),
    ConsentText(
        "health",
        "2026-11",
        True,
        N_("민감정보(건강정보) 처리"),
        N_(
            "진료 문서를 보여 드리기 위해 병원이 가진 진료 기록 가운데 본인의 문서를 처리합니다. 블록체인에는 "
            "문서의 내용도, 개인을 알아볼 수 있는 정보도 기록하지 않습니다."
        ),
    ),
    ConsentText(
        "notice",
        "2026-11",
        False,
        N_("선택: 건강 정보와 행사 안내"),
        N_("건강검진 안내와 병원 소식을 보내 드립니다. 동의하지 않아도 모든 기능을 쓸 수 있습니다."),
    ),
)


def given(kinds: set[str]) -> dict[str, Consent]:
    """Consents to the present versions of these kinds, in the language of the request. Unknown kinds are left out."""
    language = current_language()
    return {each.kind: Consent(each.version, _digest(each), language) for each in TEXTS if each.kind in kinds}


def missing(consents: Mapping[str, Consent]) -> list[str]:
    """Titles of the required texts that were not agreed to in their present version."""
    return [
        translate(each.title)
        for each in TEXTS
        if each.required and (each.kind not in consents or consents[each.kind].version != each.version)
    ]


def _digest(text: ConsentText) -> str:
    shown = f"{translate(text.title)}\n{translate(text.text)}"
    return hashlib.sha256(shown.encode()).hexdigest()
