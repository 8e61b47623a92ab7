"""Where Kakao and Naver tell that somebody disconnected their account there: the link goes, and its sessions end.

Kakao may be told to use GET or POST; Naver posts a form. Neither repeats a notice, and neither says who is meant but
by the account's identifier. An account that is nobody's is answered as any other.
"""

from __future__ import annotations

import logging
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from backend.audit import service as audit
from backend.audit.entries import Entry
from backend.audit.terms import Action, ActorKind, ObjectKind
from backend.errors import NotFound
from backend.identity import social
from backend.providers.social import Account, Notice, NoticeRefused, SocialProvider
from backend.services import Services, ServicesDep
from chain.db import writing

log = logging.getLogger("saegim.backend.social")

router = APIRouter(prefix="/hooks/social", include_in_schema=False)

_MOST_FIELDS = 20
_NOT_OURS = frozenset({"key", "signature", "not-agreed"})
"""Refusals of somebody who is not the provider; the rest is a notice of another form."""


@router.api_route("/{provider}", methods=["GET", "POST"])
async def disconnected(provider: str, request: Request, services: ServicesDep) -> Response:
    """Take a notice. Its statuses are the provider's own rules; a body is never answered."""
    party = services.social.get(provider)
    if party is None:
        raise NotFound
    text = request.url.query if request.method == "GET" else (await request.body()).decode("utf-8", "replace")
    try:
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        account = party.disconnected(Notice(request.headers.get("authorization", ""), fields))
    except NoticeRefused as refused:
        log.warning("%s", refused)
        return Response(status_code=403 if refused.reason in _NOT_OURS else 400)
    except ValueError:  # more fields than any notice has
        return Response(status_code=400)
    await run_in_threadpool(_take, services, party, account)
    return Response(status_code=party.notice_status)


def _take(services: Services, party: SocialProvider, account: Account) -> None:
    now = services.clock()
    with writing(services.database) as session:
        gone = social.disconnected(session, social.account_index(services.vault, account), now)
        if gone is None:
            return
        entry = Entry(
            at=now,
            actor_kind=ActorKind.SYSTEM,
            actor_id=f"{party.name}-notice",
            action=Action.ERASE,
            object_kind=ObjectKind.SOCIAL_SIGN_IN,
            object_id=str(gone.id),
            reason=f"{party.name}.disconnected-there",
        )
        audit.append(session, [entry])
