"""What the person sees: the agency's window in the browser, and the telephone that gets pushes and text messages."""

from __future__ import annotations

from html import escape
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import BackgroundTasks, FastAPI, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sandbox.identity.hooks import Hooks
from sandbox.identity.state import Agency, Refusal, Verification
from sandbox.people import MOST, person

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SHOWN = 30
_PAGE = """<!doctype html><html lang="ko"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>
<body style="font-family:sans-serif;max-width:30rem;margin:1rem auto;padding:0 1rem">
<p><strong>연습용 화면입니다. 실제 본인인증이 아닙니다.</strong></p><h1>{title}</h1>{body}</body></html>"""


def install_screens(app: FastAPI, *, store_id: str, channel_key: str) -> None:
    """``/window``, where a browser is sent with the parameters of the library; ``/phone``, the telephone."""
    _install_window(app, app.state.agency, app.state.hooks, (store_id, channel_key))
    _install_answers(app, app.state.agency, app.state.hooks)
    _install_phone(app, app.state.agency, app.state.hooks)


def _install_window(app: FastAPI, agency: Agency, hooks: Hooks, shop: tuple[str, str]) -> None:
    @app.get("/window", response_class=HTMLResponse)
    def window(
        storeId: str,
        identityVerificationId: str,
        channelKey: str,
        redirectUrl: str,
        background: BackgroundTasks,
    ) -> Response:
        _check_return(redirectUrl)
        if (storeId, channelKey) != shop:
            return _back(redirectUrl, identityVerificationId, None, "INVALID_CHANNEL")
        try:
            opened = agency.open_window(identityVerificationId)
        except Refusal as refusal:
            return _back(redirectUrl, identityVerificationId, None, refusal.type)
        if opened.status == "READY":
            return HTMLResponse(_window(opened, redirectUrl))
        background.add_task(hooks.tell, opened)
        answer = _back(redirectUrl, opened.id, opened)
        answer.background = background
        return answer


def _install_answers(app: FastAPI, agency: Agency, hooks: Hooks) -> None:
    @app.post("/window")
    def answered(
        identifier: Annotated[str, Form()],
        back: Annotated[str, Form()],
        answer: Annotated[str, Form()],
        who: Annotated[int, Form(ge=1, le=MOST)] = 1,
    ) -> Response:
        _check_return(back)
        found = _act(agency, identifier, answer, who)
        tasks = BackgroundTasks()
        tasks.add_task(hooks.tell, found)
        redirect = _back(back, identifier, found)
        redirect.background = tasks
        return redirect


def _install_phone(app: FastAPI, agency: Agency, hooks: Hooks) -> None:
    @app.get("/phone", response_class=HTMLResponse)
    def phone() -> str:
        return _phone(agency.waiting())

    @app.post("/phone")
    def pressed(
        identifier: Annotated[str, Form()], answer: Annotated[str, Form()], background: BackgroundTasks
    ) -> Response:
        found = _act(agency, identifier, answer, 1)
        background.add_task(hooks.tell, found)
        return RedirectResponse("/phone", 303, background=background)


def _act(agency: Agency, identifier: str, answer: str, who: int) -> Verification:
    if answer == "confirm":
        return agency.approve(identifier, person(who))
    if answer == "fail":
        return agency.decline(identifier, "M040", "본인인증에 실패했습니다")
    return agency.decline(identifier, "CANCELED", "사용자가 취소했습니다")


def _check_return(url: str) -> None:
    """The stand-in leads back to this machine only."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname not in _LOOPBACK:
        raise Refusal("INVALID_REQUEST", 400)


def _back(url: str, identifier: str, found: Verification | None, code: str | None = None) -> Response:
    """Back to where it began, with what PortOne's library adds to the address."""
    added = {"identityVerificationId": identifier, "transactionType": "IDENTITY_VERIFICATION"}
    if found is not None:
        added["identityVerificationTxId"] = found.tx_id
        if found.failure is not None:
            reason, pg_code, pg_message = found.failure
            added |= {"code": reason, "message": pg_message, "pgCode": pg_code, "pgMessage": pg_message}
    if code is not None:
        added |= {"code": code, "message": code}
    return RedirectResponse(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(added)}", 303)


def _window(opened: Verification, back: str) -> str:
    people = "".join(
        f'<option value="{each.index}">{escape(each.name)} ({each.birth}, {each.operator})</option>'
        for each in (person(index) for index in range(1, _SHOWN + 1))
    )
    body = f"""<form method="post" action="/window">
<input type="hidden" name="identifier" value="{escape(opened.id)}">
<input type="hidden" name="back" value="{escape(back)}">
<p><label for="who">누구로 인증할까요?</label><br><select id="who" name="who">{people}</select></p>
<p><button name="answer" value="confirm">인증하기</button>
<button name="answer" value="fail">인증 실패</button>
<button name="answer" value="cancel">취소</button></p></form>"""
    return _PAGE.format(title="휴대폰 본인인증", body=body)


def _phone(waiting: list[Verification]) -> str:
    cards = "".join(_card(each) for each in waiting if each.method is not None)
    return _PAGE.format(title="전화기", body=cards or "<p>도착한 알림이 없습니다.</p>")


def _card(each: Verification) -> str:
    who = each.person
    name = "" if who is None else f"{escape(who.name)} ({who.phone})"
    if each.method == "SMS":
        return f"<section><h2>{name}</h2><p>인증번호 <code>{each.otp}</code></p></section>"
    return f"""<section><h2>{name}</h2><form method="post" action="/phone">
<input type="hidden" name="identifier" value="{escape(each.id)}">
<button name="answer" value="confirm">인증하기</button>
<button name="answer" value="cancel">거절</button></form></section>"""
