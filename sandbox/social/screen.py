"""What the person sees at the provider's: the page that asks, and the list of connected services."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.social.state import Asked, Provider

LABELS = {"kakao": "카카오", "naver": "네이버"}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "testserver"})
_SHOWN = 9
_PAGE = """<!doctype html><html lang="ko"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>
<body style="font-family:sans-serif;max-width:30rem;margin:1rem auto;padding:0 1rem">
<p><strong>연습용 화면입니다. 실제 {label}이(가) 아닙니다.</strong></p><h1>{title}</h1>{body}</body></html>"""


def is_ours(url: str) -> bool:
    """The stand-in leads back to this machine only."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK


def back(provider: Provider, asked: Asked, **added: str) -> Response:
    """To where it began, with what the provider adds."""
    if provider.response_issuer is not None:
        added["iss"] = provider.response_issuer
    joint = "&" if urlsplit(asked.redirect_uri).query else "?"
    return RedirectResponse(f"{asked.redirect_uri}{joint}{urlencode({**added, 'state': asked.state})}", 302)


def asking(provider: Provider, asked: Asked) -> HTMLResponse:
    """The page that asks whether to agree, and as whom."""
    fields = {
        "redirect_uri": asked.redirect_uri,
        "state": asked.state,
        "scope": asked.scope,
        "nonce": asked.nonce,
        "code_challenge": asked.challenge,
    }
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in fields.items()
        if value is not None
    )
    body = f"""<form method="post" action="/{provider.name}/agree">{hidden}
<p><label for="account">계정</label><br><select id="account" name="account">{_accounts()}</select></p>
<p>받는 정보: 회원 번호</p>
<p><button name="answer" value="agree">동의하고 계속하기</button>
<button name="answer" value="decline">취소</button></p></form>"""
    return _page(provider, f"{LABELS[provider.name]} 로그인", body)


def services(provider: Provider, told: str) -> HTMLResponse:
    """연결된 서비스 관리: disconnects an account, of which the service is told."""
    body = f"""<p>{escape(told)}</p><form method="post" action="/{provider.name}/services">
<p><label for="account">계정</label><br><select id="account" name="account">{_accounts()}</select></p>
<p><button>연결 끊기</button></p></form>"""
    return _page(provider, "연결된 서비스 관리", body)


def refused(provider: Provider, code: str) -> HTMLResponse:
    """An error page of the provider's own, where it must not send the browser back."""
    return _page(provider, "오류", f"<p>{escape(code)}</p>", status=400)


def _accounts() -> str:
    return "".join(f'<option value="{number}">연습 계정 {number}</option>' for number in range(1, _SHOWN + 1))


def _page(provider: Provider, title: str, body: str, *, status: int = 200) -> HTMLResponse:
    label = LABELS[provider.name]
    return HTMLResponse(_PAGE.format(title=title, label=label, body=body), status_code=status)
