"""Errors of sign-in with an account elsewhere. Each says how to go on: by telephone, which always works."""

from __future__ import annotations

from backend.errors import SaegimError
from backend.web.i18n import N_

_BY_PHONE = N_("휴대전화 본인 확인이나 패스키로 로그인해 주세요.")


class SocialAttemptRefused(SaegimError):
    """What came back belongs to no attempt of this browser that waits. `reason`: a stable code; nothing has changed."""

    status = 403
    message = N_("이 브라우저에서 시작한 로그인이 아니거나 시간이 지났습니다. (%(reason)s)")
    remedy = N_(
        "로그인을 처음부터 다시 시작해 주세요. 다른 사람이 보낸 링크로 들어오셨다면 창을 닫아 주세요."
    )


class SocialDeclined(SaegimError):
    """The person said no at the provider's."""

    status = 403
    message = N_("%(provider)s에서 로그인을 취소하셨습니다.")
    remedy = _BY_PHONE


class SocialScopeMissing(SaegimError):
    """The provider gave no ID token, or may not give what was asked for: a matter between it and the hospital."""

    status = 409
    message = N_("%(provider)s에서 로그인에 필요한 정보를 받지 못했습니다.")
    remedy = N_(
        "휴대전화 본인 확인이나 패스키로 로그인해 주세요. 병원에는 ‘%(provider)s 동의 항목’ 문제라고 알려 주세요."
    )


class SocialRefused(SaegimError):
    """The provider refused, or what it sent does not hold. `reason` is a stable code."""

    status = 409
    message = N_("%(provider)s 로그인을 확인하지 못했습니다. (%(reason)s)")
    remedy = _BY_PHONE


class SocialUnavailable(SaegimError):
    """The provider does not answer; nothing was changed."""

    status = 503
    message = N_("지금 %(provider)s에 연결할 수 없습니다.")
    remedy = _BY_PHONE


class SocialAccountTaken(SaegimError):
    """Another person has linked this account."""

    status = 409
    message = N_("이 %(provider)s 계정은 다른 분의 계정에 연결되어 있습니다.")
    remedy = N_("본인의 %(provider)s 계정으로 다시 시도하거나, 연결된 계정에서 먼저 연결을 끊어 주세요.")


class SocialAlreadyLinked(SaegimError):
    """The person has linked another account of this provider."""

    status = 409
    message = N_("이미 다른 %(provider)s 계정이 연결되어 있습니다.")
    remedy = N_("‘내 기기와 로그인’에서 먼저 연결을 끊은 뒤 다시 연결해 주세요.")


class SocialLinkGone(SaegimError):
    """Nothing waits to be linked in this browser."""

    status = 404
    message = N_("연결할 계정이 없거나 시간이 지났습니다.")
    remedy = N_("‘내 기기와 로그인’에서 다시 연결해 주세요.")
