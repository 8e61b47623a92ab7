"""Errors of the staff domain."""

from __future__ import annotations

from backend.errors import SaegimError, Unauthenticated
from backend.web.i18n import N_


class StaffSignInRequired(Unauthenticated):
    """Nobody of the staff is signed in in this browser, or the session has ended."""

    message = N_("직원 로그인이 필요합니다.")
    remedy = N_("직원 로그인을 한 뒤 다시 시도해 주세요.")
    page = "/staff/sign-in"


class StaffStepUpRequired(SaegimError):
    """Nobody has proved within the last five minutes that the session's owner is at the screen."""

    status = 403
    message = N_("본인이 맞는지 직원 패스키로 한 번 더 확인해야 합니다.")
    remedy = N_("확인한 뒤 다시 시도해 주세요. 환자에게 중요한 일을 하기 전에는 5분마다 확인합니다.")
    page = "/staff/step-up"


class NotYourRole(SaegimError):
    """The role may not do this."""

    status = 403
    message = N_("이 업무의 권한이 없습니다.")
    remedy = N_("맡은 업무가 바뀌었다면 정보 부서에 권한을 요청해 주세요.")


class EnrolmentRefused(SaegimError):
    """Staff number and code do not belong together, or the code was used or is too old."""

    status = 401
    message = N_("직원 번호나 등록 코드가 맞지 않습니다.")
    remedy = N_(
        "다시 확인해 주세요. 코드는 하루 동안 한 번만 쓸 수 있으며, 정보 부서에서 새로 받을 수 있습니다."
    )


class StaffPasskeyRefused(SaegimError):
    """The authenticator's answer does not hold. `reason` is a stable code."""

    status = 401
    message = N_("직원 패스키를 확인하지 못했습니다. (%(reason)s)")
    remedy = N_("다시 시도해 주세요. 계속되면 정보 부서에서 등록 코드를 새로 받아 주세요.")


class ReasonMissing(SaegimError):
    """Emergency access without a reason that says something."""

    status = 422
    message = N_("긴급 열람의 사유를 적어 주세요.")
    remedy = N_("어떤 상황인지 다섯 글자 이상 적어 주세요. 환자와 사후 검토자가 읽습니다.")


class NumberMissing(SaegimError):
    """No registration number was given."""

    status = 422
    message = N_("환자 등록번호를 입력해 주세요.")
    remedy = N_("등록번호를 확인하고 다시 시도해 주세요.")


class GlassClosed(SaegimError):
    """The thirty minutes are over."""

    status = 403
    message = N_("긴급 열람 시간이 끝났습니다.")
    remedy = N_("아직 필요하면 사유를 적고 다시 열어 주세요.")


class AlreadyReviewed(SaegimError):
    """Somebody has reviewed this access already."""

    status = 409
    message = N_("이미 검토한 긴급 열람입니다.")
    remedy = N_("목록을 새로 열어 주세요.")


class AccountUnknown(SaegimError):
    """No active account has this number."""

    status = 404
    message = N_("그런 계정이 없습니다.")
    remedy = N_("환자의 화면에 나오는 계정 번호를 그대로 입력해 주세요.")


class StaffUnknown(LookupError):
    """No member of the staff has this id, or the account has ended."""


class StaffKnown(ValueError):
    """This staff number has an account already."""


class NotTheirNumber(SaegimError):
    """The hospital's record of the number is another person's. In what it differs stands in the log."""

    status = 409
    message = N_("계정의 본인확인 정보와 병원의 환자 기록이 다릅니다.")
    remedy = N_("신분증과 등록번호를 다시 확인해 주세요. 병원 기록이 틀렸다면 먼저 바로잡아 주세요.")


class NumberUnknown(SaegimError):
    """The hospital has no such registration number."""

    status = 404
    message = N_("병원에 없는 등록번호입니다.")
    remedy = N_("등록번호를 확인하고 다시 시도해 주세요.")


class NotCompared(SaegimError):
    """The hospital system could not be asked."""

    status = 503
    message = N_("병원의 환자 기록과 비교하지 못했습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 아무것도 연결되지 않았습니다.")


class NotMergedThere(SaegimError):
    """The hospital system, which is the master of numbers, still has both."""

    status = 409
    message = N_("병원 시스템에 아직 두 등록번호가 모두 있습니다.")
    remedy = N_("병원 시스템에서 먼저 등록번호를 합친 뒤 다시 시도해 주세요. 아무것도 바뀌지 않았습니다.")
