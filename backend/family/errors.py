"""Errors of the family domain."""

from __future__ import annotations

from typing import Final

from backend.errors import SaegimError
from backend.web.i18n import N_, translate


class TieNotFound(SaegimError):
    """No such guardianship or delegation of this person."""

    status = 404
    message = N_("보호자나 대리인 관계를 찾을 수 없습니다.")
    remedy = N_("이미 끝난 관계일 수 있습니다. 가족 화면을 새로 열어 주세요.")


class CodeRefused(SaegimError):
    """The delegate's code is unknown, used or too old, or the person's own; which of them is not told."""

    status = 409
    message = N_("이 대리 코드를 쓸 수 없습니다.")
    remedy = N_("코드는 만든 날부터 하루 동안 한 번만 쓸 수 있습니다. 맡기는 분께 새 코드를 요청해 주세요.")


_FIELDS: Final = {
    "hospital": N_("병원"),
    "relation": N_("관계"),
    "name": N_("자녀 이름"),
    "born": N_("자녀 생년월일"),
    "function": N_("맡길 일"),
    "days": N_("기간"),
}
"""What a person reads of a field, for its name in the form."""


class FamilyFormInvalid(SaegimError):
    """What was asked for does not fit the matrix. `fields`: as the forms call them."""

    status = 422
    message = N_("입력한 내용을 확인해 주세요: %(where)s")
    remedy = N_("표시된 항목을 고쳐 다시 보내 주세요. 입력하신 내용은 그대로 있습니다.")

    def __init__(self, *fields: str) -> None:
        self.fields = fields
        super().__init__(where=", ".join(translate(_FIELDS[field]) for field in fields))


class NotAdult(SaegimError):
    """Who is under 19 cannot name a delegate; their guardians act for them (민법 제5조)."""

    status = 409
    message = N_("만 19세부터 대리인을 지정할 수 있습니다.")
    remedy = N_("미성년자는 보호자가 원무과에서 보호자 등록을 신청할 수 있습니다.")


class ConsentNotYours(SaegimError):
    """Consent of this kind is not this person's to give at this age."""

    status = 409
    message = N_("지금은 이 동의를 할 수 없습니다.")
    remedy = N_("보호자의 열람 동의는 만 14세부터 18세까지의 환자 본인이 할 수 있습니다.")


class ConsentNeeded(SaegimError):
    """The tie holds, but at the patient's age this takes their own consent."""

    status = 403
    message = N_("환자 본인의 동의가 필요합니다.")
    remedy = N_("만 14세가 되면 환자 본인이 가족 화면에서 동의하거나 원무과에 자필 동의서를 내야 합니다.")


class DeskNeeded(SaegimError):
    """The tie holds, but this takes more papers, or is done at the desk alone, or not at all."""

    status = 403
    message = N_("지금은 이 환자의 문서를 여기에서 볼 수 없습니다.")
    remedy = N_("필요한 서류를 가족 화면에서 확인하고 원무과에 문의해 주세요.")
