"""What desk and patient read: every kind, reason and place in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from backend.eligibility.days import start_of
from backend.eligibility.models import Exempt, How, VisitState
from backend.eligibility.rules import Missing, Place, Reason
from backend.providers.eligibility import Cover, Eligible, Lost, NotFound, Outcome, Suspended, Uncertain
from backend.web.dates import day
from backend.web.i18n import N_, Message, translate

HOW: Mapping[How, Message] = {
    How.ID_CARD: N_("주민등록증"),
    How.MOBILE_ID: N_("모바일 신분증"),
    How.DRIVING_LICENCE: N_("운전면허증"),
    How.PASSPORT: N_("여권"),
    How.RESIDENCE_CARD: N_("외국인등록증"),
    How.DISABILITY_CARD: N_("장애인등록증"),
    How.VETERAN_CARD: N_("국가보훈등록증"),
    How.HEALTH_CARD_QR: N_("모바일 건강보험증 QR"),
    How.CERTIFIED_PHONE: N_("휴대전화 본인확인"),
}
AT_DESK = tuple(each for each in How if each is not How.CERTIFIED_PHONE)
"""What a desk can see; the telephone is certified by the identity check itself, never by somebody's word."""
EXEMPT: Mapping[Exempt, Message] = {
    Exempt.UNDER_19: N_("19세 미만"),
    Exempt.EMERGENCY: N_("응급환자"),
    Exempt.REFERRED: N_("진료 의뢰 환자"),
    Exempt.RETURNED: N_("회송 환자"),
}
COVER: Mapping[Cover, Message] = {
    Cover.NATIONAL_HEALTH: N_("건강보험"),
    Cover.NEAR_POOR: N_("차상위 본인부담경감"),
    Cover.MEDICAL_AID_1: N_("의료급여 1종"),
    Cover.MEDICAL_AID_2: N_("의료급여 2종"),
    Cover.VETERANS: N_("보훈"),
}
REASONS: Mapping[Reason, Message] = {
    Reason.IDENTITY_NEVER_CHECKED: N_("이 병원에서 본인확인을 한 적이 없습니다. 신분증이 필요합니다."),
    Reason.IDENTITY_CHECK_TOO_OLD: N_("본인확인의 유효기간이 지났습니다. 신분증이 필요합니다."),
    Reason.ELIGIBILITY_NOT_LOOKED_UP: N_("오늘 보험 자격을 아직 조회하지 않았습니다."),
    Reason.ELIGIBILITY_UNCERTAIN: N_("지금은 보험 자격을 확인할 수 없습니다. 자격이 없다는 뜻이 아닙니다."),
    Reason.ELIGIBILITY_NOT_FOUND: N_("보험 자격을 찾지 못했습니다. 이름과 번호를 확인해 주세요."),
    Reason.ELIGIBILITY_LOST: N_("보험 자격이 상실된 것으로 조회됩니다."),
    Reason.ELIGIBILITY_SUSPENDED: N_("보험 급여가 정지되거나 제한된 것으로 조회됩니다."),
    Reason.REFERRAL_MISSING: N_("의료급여의뢰서가 필요합니다."),
    Reason.REFERRAL_EXPIRED: N_(
        "의료급여의뢰서의 기한이 지났거나 진료가 끝났습니다. 새 의뢰서가 필요합니다."
    ),
    Reason.REFERRAL_NOT_YET: N_("의료급여의뢰서의 발급일이 진료일보다 늦습니다."),
    Reason.REFERRAL_OTHER_DEPARTMENT: N_("의료급여의뢰서가 다른 진료과의 것입니다."),
    Reason.REFERRAL_OTHER_INSTITUTION: N_(
        "지금의 선택의료급여기관이 발급한 의뢰서가 아닙니다. 새로 받아야 합니다."
    ),
}
PLACES: Mapping[Place, Message] = {
    Place.RECEPTION: N_("접수·수납 창구"),
    Place.INSURANCE: N_("보험 상담 창구"),
    Place.REFERRAL: N_("진료의뢰 접수 창구"),
}
STATES: Mapping[VisitState, Message] = {
    VisitState.OPEN: N_("확인 중입니다. 결과를 아직 모릅니다"),
    VisitState.CONFIRMED: N_("진료확인번호를 받았습니다"),
    VisitState.REFUSED: N_("받지 못했습니다. 차감되지 않았습니다"),
    VisitState.CANCELLING: N_("취소 중입니다. 결과를 아직 모릅니다"),
    VisitState.CANCELLED: N_("취소했습니다"),
}
_SUSPENDED: Mapping[str, Message] = {
    "unpaid": N_("보험료 체납"),
    "abroad": N_("국외 체류"),
    "military": N_("군 복무"),
    "custody": N_("교정시설 수용"),
}
_REFUSALS: Mapping[str, Message] = {
    "not-eligible": N_("의료급여 자격이 없습니다"),
    "balance-too-low": N_("건강생활유지비 잔액이 모자랍니다"),
}


def missing_words(found: Missing) -> dict[str, str]:
    """A reason in plain words, with its stable code and the place to go; place empty: nowhere."""
    return {
        "code": found.reason.value,
        "said": translate(REASONS[found.reason]),
        "place": translate(PLACES[found.place]) if found.place is not None else "",
    }


def outcome_words(found: Outcome) -> str:
    """What was answered, in a sentence."""
    match found:
        case Eligible(eligibility):
            return translate("%(cover)s 자격이 있습니다.", {"cover": translate(COVER[eligibility.kind])})
        case NotFound():
            return translate("이름과 번호로 자격을 찾지 못했습니다.")
        case Lost(since):
            return translate("%(day)s부터 자격이 상실되었습니다.", {"day": day(start_of(since))})
        case Suspended(since, reason):
            why = translate(_SUSPENDED.get(reason, N_("그 밖의 사유")))
            said: dict[str, str | int] = {"day": day(start_of(since)), "why": why}
            return translate("%(day)s부터 급여가 정지되었습니다. (%(why)s)", said)
        case Uncertain():
            return translate("보험자의 답을 받지 못해 자격을 아직 모릅니다.")


def refusal_words(reason: str | None) -> str:
    """Why nothing was confirmed."""
    return translate(_REFUSALS.get(reason or "", N_("그 밖의 사유")))


def won(amount: int) -> str:
    """An amount for people."""
    return translate("%(amount)s원", {"amount": f"{amount:,}"})
