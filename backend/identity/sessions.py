"""Sessions: who is signed in in this browser. Kept by the server; the cookie holds a random token and nothing else."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from backend.identity import repository
from backend.identity.models import LoginSession, PersonState
from backend.tokens import digest_of

TOKEN_BYTES = 32
IDLE = timedelta(minutes=30)
"""A session nobody used for so long has ended: telephones are lent and left lying."""
LONGEST = timedelta(hours=12)
PROOF_LASTS = timedelta(minutes=5)
"""How long a proof of presence counts before payment, sharing, consent, key changes."""
_NOTED_EVERY = timedelta(minutes=1)
"""`seen_at` moves at most so often: a read is not worth a write each time."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person in a session that holds.

    Attributes:
        proven: has proved to be there within the last minutes.
        address: where this request came from.
    """

    person: UUID
    session: UUID
    token_digest: str
    proven: bool
    address: str = ""


def open_session(
    session: Session, person: UUID, method: str, agent: str, now: datetime, *, proven: bool = True
) -> str:
    """A new session; its token, for the cookie. proven: the method has shown that the person is there."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        LoginSession(
            token_digest=digest_of(token),
            id=uuid4(),
            person_id=person,
            method=method,
            browser=browser_of(agent),
            created_at=now,
            seen_at=now,
            proven_at=now if proven else None,
        )
    )
    session.flush()
    return token


def find(session: Session, token: str | None, now: datetime) -> tuple[SignedIn | None, bool]:
    """Who the token lets in, if anyone, and whether it is time to note that the session was used."""
    if not token:
        return None, False
    row = repository.login(session, digest_of(token))
    if row is None or row.ended_at is not None:
        return None, False
    if now - row.seen_at > IDLE or now - row.created_at > LONGEST:
        return None, False
    person = repository.person(session, row.person_id)
    if person is None or person.state != PersonState.ACTIVE:
        return None, False
    proven = row.proven_at is not None and now - row.proven_at <= PROOF_LASTS
    found = SignedIn(row.person_id, row.id, row.token_digest, proven)
    return found, now - row.seen_at >= _NOTED_EVERY


def form_token(token: str) -> str:
    """The CSRF token that belongs to a cookie's token: who cannot read the cookie cannot make it.

    Each time other bytes: a secret that stands unchanged in many compressed pages can be guessed from their lengths
    (BREACH, 2013). What is sent is a fresh random mask and the token XOR-ed with it.
    """
    mask = secrets.token_bytes(_FORM_BYTES)
    return urlsafe_b64encode(mask + _masked(_form_mac(token), mask)).decode()


def form_token_fits(sent: str, token: str) -> bool:
    """Whether a page of ours gave `sent` to the browser with this cookie."""
    try:
        bare = b64decode(sent.encode(), altchars=b"-_", validate=True)
    except ValueError:  # not ASCII, or not base64
        return False
    if len(bare) != 2 * _FORM_BYTES:
        return False
    mask, masked = bare[:_FORM_BYTES], bare[_FORM_BYTES:]
    return hmac.compare_digest(_masked(masked, mask), _form_mac(token))


_FORM_BYTES = 32  # of each half: an SHA-256


def _form_mac(token: str) -> bytes:
    return hmac.digest(token.encode(), b"saegim form", "sha256")


def _masked(mac: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mac, mask, strict=True))


_BROWSERS = (
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER", "NAVER"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Edg", "Edge"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_of(agent: str) -> str:
    """ "Chrome, Android" from a User-Agent; what identifies one device more closely is not kept."""
    names = [
        next((name for pattern, name in table if re.search(pattern, agent)), None)
        for table in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(name for name in names if name) or "?"


IN_APP = re.compile("KAKAOTALK|NAVER|FBAN|FBAV|Instagram|Line/", re.IGNORECASE)


def in_app_browser(agent: str) -> bool:
    """Whether this is a messenger's own browser, where passkeys often fail."""
    return bool(IN_APP.search(agent))


def note_seen(session: Session, found: SignedIn, now: datetime) -> None:
    """The session was used."""
    repository.seen(session, found.token_digest, now)


def note_proven(session: Session, found: SignedIn, now: datetime) -> None:
    """The person has proved to be there."""
    repository.proven(session, found.token_digest, now)


def end(session: Session, person: UUID, now: datetime, *, only: UUID | None = None) -> int:
    """End one of a person's sessions, or all; how many."""
    return repository.end_logins(session, person, now, only=only)


def of(session: Session, person: UUID) -> Sequence[LoginSession]:
    """A person's sessions that nobody ended, newest first."""
    return repository.logins(session, person)
