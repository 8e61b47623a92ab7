"""Leaving a messenger's browser for another one without losing what was typed: a link, good once, for ten minutes.

The link's token is stored as a digest; what was typed is sealed under a key of its own that goes with it. Opening the
link changes nothing (messengers fetch links to preview them); a button on its page takes the form over, and from then
on the check is the other browser's alone.
"""

from __future__ import annotations

import io
import json
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import qrcode
from qrcode.image.svg import SvgPathImage
from sqlmodel import Session

from backend.errors import NotFound
from backend.identity import repository, verification
from backend.identity.errors import LinkSpent
from backend.identity.models import Continuation
from backend.providers.identity import Purpose
from backend.tokens import digest_of
from backend.vault import KeyDestroyed, Sealed, Vault

LASTS: Final = timedelta(minutes=10)
"""As long as an identity check that was begun."""
KEPT: Final = frozenset(
    {"consent", "hospital", "next", "name", "birth", "phone", "operator", "method"}
    | {"surname", "given", "born", "nationality", "gender", "kind", "number", "sure"}
)
"""Fields that go along; the number that came by message does not, it is asked for where one arrives."""
_LONGEST: Final = 200
_MOST: Final = 20
_PAGES: Final = re.compile(
    r"/sign-up(?:/foreign|/(?P<id>iv-[A-Za-z0-9_-]{8,64})(?:/confirm\?method=(?:SMS|APP))?)?"
)

_MAY_LEAVE: Final = frozenset({Purpose.SIGN_UP, Purpose.RECOVERY})
"""A step-up belongs to a session, and a session stays in its browser."""

Fields = dict[str, list[str]]


def leave(
    session: Session, vault: Vault, page: str, fields: Mapping[str, Sequence[str]], holder: str, now: datetime
) -> str:
    """Keep a form as it stands; the link's token.

    Args:
        page: the form's own address, one of ours that may be left.
        holder: who has it in this browser.

    Raises:
        NotFound: no form that may be left, or a check of somebody else.
    """
    found = _PAGES.fullmatch(page)
    if found is None:
        raise NotFound
    check = found["id"]
    if check is not None and verification.own(session, check, [holder]).purpose not in _MAY_LEAVE:
        raise NotFound
    sweep(session, vault, now)
    kept = {
        name: [each[:_LONGEST] for each in given[:_MOST]] for name, given in fields.items() if name in KEPT
    }
    made, token = uuid4(), secrets.token_urlsafe(32)
    sealed = vault.seal_many({made: json.dumps(kept, ensure_ascii=False).encode()})[made]
    session.add(
        Continuation(
            id=made,
            token_digest=digest_of(token),
            page=page,
            verification_id=check,
            nonce=sealed.nonce,
            sealed=sealed.ciphertext,
            expires_at=now + LASTS,
        )
    )
    session.flush()
    return token


def good(session: Session, token: str, now: datetime) -> None:
    """Raises LinkSpent for a link that nobody can go on with any more."""
    found = repository.continuation(session, digest_of(token))
    if found is None or found.used_at is not None or found.expires_at <= now:
        raise LinkSpent


def take(session: Session, token: str, holder: str, now: datetime) -> str:
    """Take the form over in this browser; its address. The check, if there is one, is this browser's from now on.

    Raises:
        LinkSpent: used, run out, or never there.
    """
    found = repository.take_continuation(session, digest_of(token), holder, now)
    if found is None:
        raise LinkSpent
    if found.verification_id is not None and not repository.hand_over(session, found.verification_id, holder):
        raise LinkSpent
    return found.page


def typed(session: Session, vault: Vault, page: str, holder: str | None, now: datetime) -> Fields:
    """What this browser has taken over for a form; empty where there is nothing."""
    found = repository.taken_continuation(session, page, holder, now) if holder else None
    if found is None:
        return {}
    try:
        kept: Fields = json.loads(vault.open(found.id, Sealed(found.nonce, found.sealed)))
    except KeyDestroyed:
        return {}
    return kept


def sweep(session: Session, vault: Vault, now: datetime) -> int:
    """Destroy what has run out; how many."""
    gone: list[UUID] = repository.forget_continuations(session, now)
    vault.destroy(gone)
    return len(gone)


# --- ways out


def android_intent(url: str) -> str:
    """An address that opens `url` in Android's own browser from whatever app it is tapped in (Chrome's intent URIs)."""
    parts = urlsplit(url)
    extras = f"scheme={parts.scheme};action=android.intent.action.VIEW"
    return (
        f"intent://{parts.netloc}{parts.path}#Intent;{extras};category=android.intent.category.BROWSABLE;"
        f"S.browser_fallback_url={quote(url, safe='')};end"
    )


def kakao_outside(url: str) -> str:
    """KakaoTalk's own address for opening a link outside; on iOS there is no other way than copying it."""
    return f"kakaotalk://web/openExternal?url={quote(url, safe='')}"


def qr(url: str) -> str:
    """A QR symbol as a data URI, for another device's camera."""
    made, written = qrcode.QRCode(border=2), io.BytesIO()
    made.add_data(url)
    made.make_image(image_factory=SvgPathImage).save(written)
    return f"data:image/svg+xml;base64,{b64encode(written.getvalue()).decode()}"
