"""What the documents domain may answer."""

from __future__ import annotations

from backend.errors import SaegimError
from backend.web.i18n import N_


class DocumentNotFound(SaegimError):
    """No such document, or a link that does not (or no longer) lead to one."""

    status = 404
    message = N_("문서를 찾을 수 없습니다.")
    remedy = N_("주소가 잘렸거나 링크의 기한이 지났을 수 있습니다. 문서를 보낸 분께 새 링크를 요청해 주세요.")


class DocumentErased(SaegimError):
    """The content was erased; what is on chain leads to nothing."""

    status = 410
    message = N_("이 문서의 내용은 삭제되었습니다.")
    remedy = N_("필요하면 발급 기관에 재발급을 요청해 주세요.")


class ProofUnavailable(SaegimError):
    """The own node cannot make a proof now and none is kept."""

    status = 503
    message = N_("지금은 블록체인 증명을 만들 수 없습니다.")
    remedy = N_("잠시 후 다시 시도해 주세요. 문서는 그대로 보관되어 있습니다.")


class TokenRefused(SaegimError):
    """The service token does not hold: unknown key, wrong audience, expired, or for another body."""

    status = 401
    message = N_("서비스 토큰이 유효하지 않습니다: %(reason)s")
    remedy = N_("서비스 키와 시계를 확인하고 새 토큰으로 다시 보내 주세요.")
