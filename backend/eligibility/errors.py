"""Errors of identity and eligibility at the visit."""

from __future__ import annotations

from backend.errors import SaegimError
from backend.web.i18n import N_


class PatientNotHere(SaegimError):
    """This hospital has no such patient, as far as can be known."""

    status = 404
    message = N_("이 병원에서 찾을 수 없는 환자입니다.")
    remedy = N_("등록번호를 확인해 주세요. 새로 등록한 환자라면 이름과 생년월일을 함께 입력해 주세요.")


class VisitFormInvalid(SaegimError):
    """Fields that do not fit. `where`: their names."""

    status = 422
    message = N_("입력한 내용이 맞지 않습니다: %(where)s")
    remedy = N_("표시된 항목을 고쳐 다시 시도해 주세요.")


class InsuredNumberNeeded(SaegimError):
    """Nobody can be looked up without a number."""

    status = 422
    message = N_("자격을 조회하려면 주민등록번호나 건강보험증 번호가 필요합니다.")
    remedy = N_("신분증이나 건강보험증을 확인하고 번호를 입력해 주세요. 번호는 암호화해 보관합니다.")


class TooManyLookUps(SaegimError):
    """A person asked too often."""

    status = 429
    message = N_("자격을 너무 자주 조회했습니다.")
    remedy = N_("한 시간 뒤에 다시 시도해 주세요. 급하면 원무과에 문의해 주세요.")


class NotExempt(SaegimError):
    """No rule excepts this patient for this reason."""

    status = 409
    message = N_("이 환자에게는 해당하지 않는 예외입니다.")
    remedy = N_("신분증을 확인하고 본인확인을 기록해 주세요.")


class LetterNotFound(SaegimError):
    """No such letter of this patient."""

    status = 404
    message = N_("그런 의뢰서가 없습니다.")
    remedy = N_("목록을 새로 열어 주세요.")


class LetterTooLate(SaegimError):
    """The letter was not handed in, nor a visit booked with it, in time."""

    status = 409
    message = N_("의뢰서의 제출 기한이 지났습니다.")
    remedy = N_("의뢰한 의료급여기관에서 새 의뢰서를 받아야 합니다. 지금은 전액 본인부담입니다.")


class LetterNeeded(SaegimError):
    """The visit is not covered without a letter that holds."""

    status = 409
    message = N_("이 진료에 쓸 수 있는 의뢰서가 없습니다.")
    remedy = N_("의뢰서를 접수한 뒤 다시 시도해 주세요. 없으면 전액 본인부담입니다.")


class NotMedicalAid(SaegimError):
    """진료확인번호 is for medical aid alone."""

    status = 409
    message = N_("의료급여 자격이 아니어서 진료확인번호가 필요하지 않습니다.")
    remedy = N_("자격을 다시 조회해 확인해 주세요.")


class CoverUncertain(SaegimError):
    """Whether the person is covered is not known now; nothing was confirmed or deducted."""

    status = 503
    message = N_("지금은 자격을 확인할 수 없습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 아무것도 차감되지 않았습니다.")


class ConfirmationDiffers(SaegimError):
    """This visit was sent with other content before, and whether that was done is decided first."""

    status = 409
    message = N_("이 진료는 다른 내용으로 이미 확인을 요청했습니다.")
    remedy = N_("앞의 요청을 확인하거나 취소한 뒤 다시 시도해 주세요.")


class ConfirmationRefused(SaegimError):
    """The insurer issued nothing. `reason`: the gateway's code."""

    status = 409
    message = N_("진료확인번호를 받지 못했습니다. (%(reason)s)")
    remedy = N_("자격을 다시 조회해 주세요. 아무것도 차감되지 않았습니다.")


class ConfirmationNotFound(SaegimError):
    """No such visit confirmation of this patient."""

    status = 404
    message = N_("그런 진료확인이 없습니다.")
    remedy = N_("목록을 새로 열어 주세요.")
