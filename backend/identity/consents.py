"""The texts that a person agrees to, by kind and version. The digest of exactly what was shown is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

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


THIRD_PARTY: Final = "third-party"
VERSION: Final = "2026-12"

TEXTS: tuple[ConsentText, ...] = (
    ConsentText(
        "terms",
        VERSION,
        True,
        N_("이용약관"),
        N_(
            "새김은 진료 문서를 보고, 내려받고, 원하는 곳에 보낼 수 있게 합니다. 계정은 본인만 쓸 수 있으며, "
            "언제든지 탈퇴할 수 있습니다. 만 14세 미만은 혼자 가입할 수 없고 보호자가 원무과에서 등록합니다."
        ),
    ),
    ConsentText(
        "privacy",
        VERSION,
        True,
        N_("개인정보 수집·이용"),
        N_(
            "목적: 본인 확인과 병원 등록. 항목: 이름, 생년월일, 성별, 휴대전화번호, 연계정보(CI). 한국 휴대전화가 "
            "없으면 여권이나 외국인등록증 번호와 국적. 모두 암호화해 보관합니다. 보유 기간: 탈퇴할 때까지이며, "
            "탈퇴하면 이 항목들을 바로 파기합니다. 탈퇴한 뒤에도 이름 없이 임의 번호로만 남는 것: 누가 기록을 "
            "보았는지 적은 접근 기록 2년 이상(개인정보의 안전성 확보조치 기준), 동의하고 철회한 기록과 로그인한 기록은 "
            "서비스가 운영되는 동안. 창구에서 확인한 본인 확인과 건강보험 자격 기록은 병원이 암호화해 5년 동안 "
            "보관합니다. 동의하지 않을 수 있으나, 그러면 가입할 수 없습니다."
        ),
    ),
    ConsentText(
        "health",
        VERSION,
        True,
        N_("민감정보(건강정보) 처리"),
        N_(
            "목적: 진료 문서를 보여 드리고 진짜인지 확인해 드리며, 창구에서 건강보험 자격을 확인하는 것. 항목: 등록한 "
            "병원의 진료이력, 진료비 영수증·계산서·세부산정내역, 진단내역, 건강보험·의료급여 자격. 자격은 진료받는 날 "
            "원무과가 국민건강보험공단에 조회합니다. 보유 기간: 문서를 보는 것은 병원 등록을 끝내거나 탈퇴할 때까지, "
            "자격을 조회한 기록은 5년. 병원이 법에 따라 보관하는 진료기록은 병원에 남습니다. 블록체인에는 "
            "문서의 내용도, 개인을 알아볼 수 있는 정보도 기록하지 않습니다. 동의하지 않을 수 있으나, 그러면 새김에서 "
            "진료 문서를 볼 수 없어 가입할 수 없습니다. 진료는 그대로 받을 수 있습니다."
        ),
    ),
    ConsentText(
        THIRD_PARTY,
        VERSION,
        False,
        N_("선택: 다른 병원에 개인정보 제공"),
        N_(
            "받는 곳: 본인이 ‘이용할 병원’에서 고른 다른 병원. 목적: 예비등록과 첫 방문 때의 본인 확인. 항목: 이름, "
            "생년월일, 성별, 휴대전화번호. 보유 기간: 그 병원 등록을 끝내거나 탈퇴할 때까지이며, 진료를 받은 뒤의 "
            "진료기록은 그 병원이 법에 따라 보관합니다. 진료 문서는 제공하지 않으며, 문서를 보낼 때는 그때마다 "
            "받는 곳을 본인이 정합니다. 동의하지 않을 수 있으나, 그러면 다른 병원을 등록할 수 없습니다."
        ),
    ),
    ConsentText(
        "notice",
        VERSION,
        False,
        N_("선택: 건강 정보와 행사 안내"),
        N_(
            "목적: 건강검진 안내와 병원 소식을 보내는 것. 항목: 이름, 휴대전화번호. 보유 기간: 철회하거나 탈퇴할 "
            "때까지. 동의하지 않아도 모든 기능을 쓸 수 있습니다."
        ),
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


def titles(texts: Iterable[ConsentText]) -> str:
    """What texts are called, in the reader's language."""
    return ", ".join(translate(each.title) for each in texts)


def _digest(text: ConsentText) -> str:
    shown = f"{translate(text.title)}\n{translate(text.text)}"
    return hashlib.sha256(shown.encode()).hexdigest()
