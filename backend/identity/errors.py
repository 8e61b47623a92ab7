"""Errors of the identity domain."""

from __future__ import annotations

from backend.errors import SaegimError, Unauthenticated
from backend.web.i18n import N_


class SignInRequired(Unauthenticated):
    """Nobody is signed in in this browser, or the session has ended."""

    message = N_("로그인이 필요합니다.")
    remedy = N_("로그인한 뒤 다시 시도해 주세요.")
    page = "/sign-in"


class StepUpRequired(SaegimError):
    """Signed in, but the person has not proved to be there within the last minutes."""

    status = 403
    message = N_("본인 확인을 한 번 더 해 주세요.")
    remedy = N_("패스키로 확인한 뒤 다시 시도해 주세요. 입력하신 내용은 그대로 있습니다.")
    page = "/me/step-up"


class PasskeyRefused(SaegimError):
    """The authenticator's answer does not hold. `reason` is a stable code; nothing has changed."""

    status = 401
    message = N_("패스키를 확인하지 못했습니다. (%(reason)s)")
    remedy = N_("다시 시도해 주세요. 계속되면 다른 방법으로 본인 확인을 해 주세요.")


class PasskeyKnown(SaegimError):
    """This authenticator is registered already."""

    status = 409
    message = N_("이미 등록된 패스키입니다.")
    remedy = N_("이 기기로 바로 로그인할 수 있습니다.")


class PasskeyNotFound(SaegimError):
    """No such passkey of this person."""

    status = 404
    message = N_("등록된 패스키가 아닙니다.")
    remedy = N_("내 기기 목록을 새로 열어 주세요.")


class LastPasskey(SaegimError):
    """The only passkey would go, and with it the way in."""

    status = 409
    message = N_("하나뿐인 패스키는 지울 수 없습니다.")
    remedy = N_("다른 패스키를 먼저 등록해 주세요.")


class ConsentMissing(SaegimError):
    """A text that must be agreed to was not. `kinds`: which."""

    status = 422
    message = N_("필수 동의가 빠졌습니다: %(kinds)s")
    remedy = N_("내용을 읽고 동의해 주세요. 동의하지 않으면 가입할 수 없습니다.")


class IdentityNotChecked(SaegimError):
    """The identity check has not succeeded: pending, failed, used before, or somebody else's."""

    status = 409
    message = N_("본인 확인이 끝나지 않았습니다. (%(reason)s)")
    remedy = N_("본인 확인을 처음부터 다시 해 주세요.")


class AlreadyBound(SaegimError):
    """The registration number belongs to another person, or this person has another number here."""

    status = 409
    message = N_("이미 다른 등록과 연결되어 있습니다.")
    remedy = N_("원무과에서 이중등록 여부를 확인해 주세요.")


class FormExpired(SaegimError):
    """The form's token is missing or of another session (CSRF)."""

    status = 403
    message = N_("화면을 연 지 오래되어 요청을 받을 수 없습니다.")
    remedy = N_("화면을 새로 열어 다시 시도해 주세요.")


class TooManyTries(SaegimError):
    """The check was answered wrongly too often: six digits must not be guessed."""

    status = 429
    message = N_("번호를 너무 많이 틀렸습니다.")
    remedy = N_("본인 확인을 처음부터 다시 해 주세요.")


class IdentityUnchecked(SaegimError):
    """Nobody has checked who has this account: no registration number is bound to it."""

    status = 409
    message = N_("아직 본인 확인을 하지 않은 계정입니다.")
    remedy = N_(
        "휴대전화로 본인을 확인하거나, ‘외국인 신분증 확인’ 화면에서 신분증을 확인한 뒤 연결해 주세요."
    )


class NumberSame(SaegimError):
    """A number cannot be merged into itself, nor into one that leads to it."""

    status = 422
    message = N_("두 등록번호가 이미 같은 번호로 처리됩니다.")
    remedy = N_("없어진 번호와 남은 번호를 다시 확인해 주세요.")


class NumberOfAnother(SaegimError):
    """Two accounts hold the two numbers."""

    status = 409
    message = N_("두 등록번호가 서로 다른 계정에 연결되어 있습니다.")
    remedy = N_("같은 분이 맞는지 확인하고 ‘두 계정 합치기’를 먼저 해 주세요.")


class AccountsDiffer(SaegimError):
    """Not one human's accounts, as far as can be seen. `reason` is a stable code."""

    status = 409
    message = N_("두 계정을 합칠 수 없습니다. (%(reason)s)")
    remedy = N_("같은 분의 계정이 맞는지 생년월일과 신분증을 다시 확인해 주세요.")


class MergeGone(SaegimError):
    """The offer to merge was used, has run out, or is somebody else's."""

    status = 404
    message = N_("합칠 계정이 없거나 시간이 지났습니다.")
    remedy = N_("본인 확인을 처음부터 다시 해 주세요.")


class CodeNotGood(SaegimError):
    """No such code of the desk, or it was used or has run out."""

    status = 401
    message = N_("코드가 맞지 않거나 이미 사용했거나 시간이 지났습니다.")
    remedy = N_("코드를 다시 확인해 주세요. 원무과에서 신분증을 확인하고 새로 받을 수 있습니다.")


class ForeignFormInvalid(SaegimError):
    """A field of the sign-up without a Korean telephone does not fit. `where`: which, never what was typed."""

    status = 422
    message = N_("다시 확인해 주세요: %(where)s")
    remedy = N_("여권이나 외국인등록증에 적힌 그대로 입력해 주세요.")


class DocumentDiffers(SaegimError):
    """The document in the desk's hand says another number or day of birth than was named at sign-up."""

    status = 409
    message = N_("가입할 때 입력한 신분증 번호나 생년월일과 다릅니다.")
    remedy = N_(
        "신분증을 다시 확인해 주세요. 여권을 새로 발급받았다면 새 번호로 다시 가입한 계정을 확인해 주세요."
    )


class LinkSpent(SaegimError):
    """A link to go on in another browser that was used, has run out, or never was."""

    status = 410
    message = N_("이미 사용했거나 시간이 지난 링크입니다.")
    remedy = N_("원래 화면에서 ‘다른 브라우저에서 계속하기’를 다시 눌러 주세요.")


class MotherUnknown(SaegimError):
    """No checked account is bound to the mother's registration number."""

    status = 404
    message = N_("산모의 등록번호에 연결된 계정이 없습니다.")
    remedy = N_("산모의 계정을 먼저 등록번호에 연결한 뒤 아기를 등록해 주세요.")


class NewbornFormInvalid(SaegimError):
    """A field of the newborn's form does not fit. `where`: which."""

    status = 422
    message = N_("다시 확인해 주세요: %(where)s")
    remedy = N_("출생 기록과 서류에 적힌 그대로 입력해 주세요.")


class NewbornUnknown(SaegimError):
    """No newborn was registered under this number."""

    status = 404
    message = N_("이 등록번호로 등록한 신생아가 없습니다.")
    remedy = N_("아기의 등록번호를 확인해 주세요. 이미 본인 계정과 합쳐졌을 수도 있습니다.")
