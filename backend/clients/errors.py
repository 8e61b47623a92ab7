"""Errors of the institutions' clients. The token address speaks RFC 6749; the rest as everywhere."""

from __future__ import annotations

from enum import StrEnum

from backend.errors import SaegimError, Unauthenticated
from backend.web.i18n import N_


class OAuthError(StrEnum):
    """RFC 6749 section 5.2; the last one for status 429, which the RFC has no word for."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    TOO_MANY_REQUESTS = "temporarily_unavailable"


STATUS = {OAuthError.INVALID_CLIENT: 401, OAuthError.TOO_MANY_REQUESTS: 429}
"""All others are 400."""


class TokenRequestRefused(Exception):
    """No token. Attributes: `error`, as the RFC has it; `reason`, a stable code; `client`, whom it claimed to be;
    `seconds`, when to come back, where there are too many requests.

    Nothing of the assertion is in it.
    """

    def __init__(self, error: OAuthError, reason: str, client: str = "", *, seconds: int = 0) -> None:
        super().__init__(f"{error}: {reason}")
        self.error = error
        self.reason = reason
        self.client = client
        self.seconds = seconds

    @property
    def status(self) -> int:
        """HTTP status."""
        return STATUS.get(self.error, 400)


class ClientTokenRefused(Unauthenticated):
    """No access token, or one that does not hold any more."""

    message = N_("기관 인증이 유효하지 않습니다.")
    remedy = N_("토큰을 새로 받아 다시 요청해 주세요.")


class OutOfScope(SaegimError):
    """The institution is not to be given this kind of document for this purpose."""

    status = 403
    message = N_("이 기관에는 이 목적으로 제공하지 않는 자료입니다.")
    remedy = N_("자료 제공 범위표를 확인하고, 필요하면 병원과 협의해 주세요.")


class NotAdministrator(SaegimError):
    """The token is not one of the institution's administrator (scope `clients.manage`)."""

    status = 403
    message = N_("이 토큰으로는 기관의 클라이언트를 관리할 수 없습니다.")
    remedy = N_("clients.manage 범위로 등록된 관리자 클라이언트의 토큰으로 요청해 주세요.")


class KeyProofRefused(SaegimError):
    """Adding a client or changing keys wants a proof, signed for this one request with the manager's present key.

    `reason`: why this one does not hold, a stable code.
    """

    status = 403
    message = N_("관리자의 현재 키로 서명한 요청이 아닙니다: %(reason)s")
    remedy = N_("이 요청의 메서드, 경로, 본문에 맞춰 새로 서명한 Saegim-Key-Proof 머리글과 함께 보내 주세요.")


class ClientNotFound(SaegimError):
    """No client of the administrator's own institution has this id."""

    status = 404
    message = N_("그런 클라이언트가 없습니다.")
    remedy = N_("클라이언트 목록을 다시 받아 확인해 주세요.")


class ClientRefused(SaegimError):
    """What was sent cannot be taken. `reason`: why, in English, for who operates servers; no key is repeated."""

    status = 422
    message = N_("클라이언트 정보를 그대로 받을 수 없습니다: %(reason)s")
    remedy = N_("보낸 키와 범위를 고쳐 다시 요청해 주세요. 범위를 넓히는 것은 병원의 운영자가 합니다.")


class OwnClient(SaegimError):
    """An administrator shuts itself out: nobody of the institution could undo it."""

    status = 409
    message = N_("관리자 클라이언트 자신은 멈추거나 없앨 수 없습니다.")
    remedy = N_("병원의 운영자에게 요청해 주세요.")


class SuspendedByHospital(SaegimError):
    """The hospital's operator has suspended the client: its institution cannot undo that."""

    status = 409
    message = N_("병원이 멈춘 클라이언트입니다.")
    remedy = N_("병원의 운영자에게 문의해 주세요.")


class ScopeSheetInvalid(Exception):
    """A data-scope sheet cannot be used; the message names file and place."""


class KeySetRefused(ValueError):
    """A JWKS that is not taken as a client's keys; the message says why and repeats no key."""


class ClientUnknown(LookupError):
    """No client has this id."""


class ManagerApart(ValueError):
    """A client that manages others is to do nothing else, and is registered by the hospital's operator alone."""

    def __init__(self) -> None:
        super().__init__("clients.manage is given alone, and by the hospital's operator")


class ScopeUnknown(ValueError):
    """Scopes that the institution's sheet does not have. Attribute: `scopes`."""

    def __init__(self, scopes: list[str]) -> None:
        super().__init__(f"not in the institution's data-scope sheet: {' '.join(scopes)}")
        self.scopes = scopes
