"""A lost telephone: the identity check lets its owner back in, everybody else is signed out, lost passkeys go.

Nothing else changes. What hangs on a single key of the person (a consent on chain) is that key's own matter.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from backend.identity import notices, passkeys, repository, sessions
from backend.identity.errors import CodeNotGood, PasskeyNotFound
from backend.identity.models import EntryCode, LoginSession, NoticeKind, Passkey
from backend.identity.sessions import SignedIn
from backend.tokens import digest_of

CODE_LASTS: Final = timedelta(days=1)
PHONE, DESK_CODE = "recovery", "desk-code"
"""How a session began, as `LoginSession.method`."""


def come_back(session: Session, person: UUID, method: str, agent: str, now: datetime) -> str:
    """End every session of the person and open one; its token. The others' next sign-in is told."""
    sessions.end(session, person, now)
    token = sessions.open_session(session, person, method, agent, now)
    opened = session.get_one(LoginSession, digest_of(token))
    notices.tell(session, person, NoticeKind.RECOVERED, now, by=opened.id)
    return token


def remove(session: Session, who: SignedIn, lost: Collection[UUID], now: datetime) -> list[Passkey]:
    """These passkeys let nobody in any more; the last one may go too, the telephone is a way in of its own.

    Raises:
        PasskeyNotFound: one of them is not this person's.
    """
    own = {each.id: each for each in passkeys.of(session, who.person)}
    if set(lost) - set(own):
        raise PasskeyNotFound
    gone = [own[each] for each in sorted(set(lost))]
    for each in gone:
        each.removed_at = now
        session.add(each)
    if gone:
        notices.tell(session, who.person, NoticeKind.KEYS_REMOVED, now, by=who.session)
    return gone


# --- who has no Korean telephone


def entry_code(session: Session, person: UUID, by: UUID, now: datetime) -> str:
    """A code with which somebody comes back whose document the desk has seen again; the one before is void."""
    repository.void_codes(session, person, now)
    code = base64.b32encode(secrets.token_bytes(10)).decode()
    session.add(
        EntryCode(code_digest=digest_of(code), person_id=person, made_by=by, expires_at=now + CODE_LASTS)
    )
    session.flush()
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def take_code(session: Session, typed: str, now: datetime) -> UUID:
    """Whose code it is, used up. Raises CodeNotGood."""
    digest = digest_of("".join(each for each in typed.upper() if each.isalnum()))
    person = repository.take_entry_code(session, digest, now)
    if person is None:
        raise CodeNotGood
    return person
