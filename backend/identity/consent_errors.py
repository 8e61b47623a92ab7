"""Errors about consents: one is owed, cannot be withdrawn, is not known, is a guardian's to give."""

from __future__ import annotations

from backend.errors import SaegimError
from backend.web.i18n import N_


class ConsentRenewalNeeded(SaegimError):
    """A required text has changed, or was never agreed to: until then the account's records stay closed."""

    status = 409
    message = N_("약관이나 동의서가 바뀌었습니다. 계속하려면 새 내용에 동의해 주세요.")
    remedy = N_(
        "/me/consents/renew 에서 바뀐 내용을 읽고 동의해 주세요. 내려받기와 탈퇴는 동의 없이도 할 수 있습니다."
    )
    page = "/me/consents/renew"


class ConsentRequired(SaegimError):
    """A consent without which there is no account: closing the account withdraws it."""

    status = 409
    message = N_("이 동의는 서비스에 꼭 필요해서 따로 철회할 수 없습니다.")
    remedy = N_("철회하려면 ‘내 정보’에서 탈퇴해 주세요.")


class ConsentUnknown(SaegimError):
    """There is no such text."""

    status = 404
    message = N_("그런 동의 항목이 없습니다.")
    remedy = N_("‘내 정보’에서 동의 목록을 다시 확인해 주세요.")


class GuardianNeeded(SaegimError):
    """A child under 14 cannot agree alone (개인정보 보호법 제22조의2). Nothing of it was kept."""

    status = 403
    message = N_("만 14세 미만은 혼자 가입할 수 없습니다.")
    remedy = N_(
        "보호자가 먼저 가입해 ‘가족’ 화면에서 자녀를 등록하거나, 가족관계를 확인할 서류를 가지고 원무과에 와 주세요. "
        "입력하신 내용으로 계정을 만들지 않았습니다."
    )
