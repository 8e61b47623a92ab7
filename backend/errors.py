"""Errors a caller may see: a status, a stable code, a sentence in the reader's language. One rendering for all.

A domain's own errors derive from `SaegimError` in its `errors.py`. Anything else that escapes an endpoint becomes
`InternalError`: its class, message and trace go to the log, never to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from backend.web.i18n import N_, Message


class ErrorOut(BaseModel):
    """How every error of the API looks: `error` is stable, `detail` and `remedy` are for people."""

    error: str
    detail: str
    remedy: str


class SaegimError(Exception):
    """Base of what an endpoint may answer instead of its result.

    Attributes:
        status: HTTP status.
        message: what happened, for a person; Korean source text with named parameters.
        remedy: what to do next.
        parameters: values for both texts; never personal data.
        page: where a page goes instead of showing the error, if anywhere; it comes back afterwards.
    """

    status: ClassVar[int] = 500
    message: ClassVar[Message]
    remedy: ClassVar[Message]
    page: ClassVar[str | None] = None

    def __init__(self, **parameters: str | int) -> None:
        self.parameters = parameters
        super().__init__(self.code)

    @property
    def code(self) -> str:
        """Stable identifier of the error: the class's name."""
        return type(self).__name__

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with the answer, besides its body."""
        return {}


class NotFound(SaegimError):
    """No such page or record, or none that this reader may know of."""

    status = 404
    message = N_("찾으시는 내용이 없습니다.")
    remedy = N_("주소를 다시 확인해 주세요.")


class BadRequest(SaegimError):
    """What was sent cannot be read at all."""

    status = 400
    message = N_("요청을 읽을 수 없습니다.")
    remedy = N_("화면을 새로 열어 다시 보내 주세요.")


class Forbidden(SaegimError):
    """Whoever asks may not do this."""

    status = 403
    message = N_("이 일을 할 권한이 없습니다.")
    remedy = N_("다른 계정으로 로그인했는지 확인해 주세요. 필요한 권한은 병원에 문의해 주세요.")


class MethodNotAllowed(SaegimError):
    """The address exists, the method does not."""

    status = 405
    message = N_("이 주소에서는 할 수 없는 요청입니다.")
    remedy = N_("API 문서에서 방법을 확인해 주세요.")


class InvalidRequest(SaegimError):
    """The request does not fit the described form."""

    status = 422
    message = N_("요청의 형식이 맞지 않습니다: %(where)s")
    remedy = N_("표시된 항목을 고쳐 다시 보내 주세요.")


class RequestTooLarge(SaegimError):
    """More bytes than this address takes."""

    status = 413
    message = N_("보낸 내용이 너무 큽니다. 최대 %(limit)s바이트까지 받을 수 있습니다.")
    remedy = N_("파일을 확인하고 작은 파일로 다시 보내 주세요.")


class RequestTooSlow(SaegimError):
    """The body did not come to its end in time."""

    status = 408
    message = N_("보낸 내용이 제때 도착하지 않았습니다.")
    remedy = N_("통신 상태를 확인하고 다시 보내 주세요. 아무것도 바뀌지 않았습니다.")

    @property
    def headers(self) -> Mapping[str, str]:
        """The rest of the body may still come: nothing else can be read from this connection."""
        return {"connection": "close"}


class Unauthenticated(SaegimError):
    """Nobody, or somebody whose token does not hold."""

    status = 401
    message = N_("인증이 필요합니다.")
    remedy = N_("유효한 인증 정보로 다시 요청해 주세요.")


class ServiceUnavailable(SaegimError):
    """Something this answer needs cannot be reached now; nothing was changed."""

    status = 503
    message = N_("지금은 확인할 수 없습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 요청하신 내용은 바뀌지 않았습니다.")


class InternalError(SaegimError):
    """A fault of ours."""

    status = 500
    message = N_("처리 중 문제가 생겼습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 계속되면 병원에 알려 주세요.")
