"""What the verification domain may answer instead of a report."""

from __future__ import annotations

from backend.errors import SaegimError
from backend.web.i18n import N_


class NothingToVerify(SaegimError):
    """Neither file, nor link, nor text came, or more than one of them."""

    status = 422
    message = N_("확인할 문서를 한 가지 방법으로 넣어 주세요.")
    remedy = N_("파일, 링크, 글자 중 하나만 채우고 다시 눌러 주세요.")


class LinkNotAllowed(SaegimError):
    """The address is none that this server follows."""

    status = 422
    message = N_("이 주소의 문서는 여기서 열 수 없습니다.")
    remedy = N_("이 병원이나 참여기관이 보낸 링크인지 확인하거나, 문서 파일을 받아 넣어 주세요.")


class LinkUnreachable(SaegimError):
    """A member's server did not give the document."""

    status = 503
    message = N_("링크의 서버가 문서를 주지 않았습니다.")
    remedy = N_("잠시 후 다시 시도하거나, 문서를 보낸 분께 파일을 요청해 주세요.")
