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
