"""Sign-in with an account at Kakao or Naver: it lets in somebody whose identity was checked before, and nobody else.

Such an account is no identity: it opens a session that is *not proven*, so that payment, sharing, consent and changes
of keys still ask for a passkey or the telephone. An account that is nobody's yet waits in the browser until somebody
has proved there who they are and says yes to linking it.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.identity import repository, sessions
from backend.identity import social_repository as stored
from backend.identity.models import PersonState
from backend.identity.social_errors import (
    SocialAccountTaken,
    SocialAlreadyLinked,
    SocialAttemptRefused,
    SocialLinkGone,
)
from backend.identity.social_models import SocialAttempt, SocialLink, SocialPurpose
from backend.providers.social import Account, Attempt
from backend.tokens import digest_of
from backend.vault import Vault
from backend.web.dates import day
from backend.web.i18n import N_, Message, translate

ATTEMPT_LASTS: Final = timedelta(minutes=10)
WAITS: Final = timedelta(minutes=30)
"""How long an account that is nobody's yet may wait for the identity check, counted from its attempt's end."""
LINKING: Final = "/me/social/waiting/"
"""Where one goes on after the identity check when an account waits to be linked."""
_STATE_BYTES: Final = 32

LABELS: Final[dict[str, Message]] = {"kakao": N_("카카오"), "naver": N_("네이버")}


def label(provider: str) -> str:
    """What people call it, in the reader's language."""
    return translate(LABELS[provider]) if provider in LABELS else provider


# --- attempts


def begin(
    session: Session,
    provider: str,
    purpose: SocialPurpose,
    visit: str,
    next: str,
    now: datetime,
    person: UUID | None = None,
) -> str:
    """A new attempt of the browser with this visit cookie; its state."""
    stored.forget_attempts(session, now - ATTEMPT_LASTS - WAITS)
    state = secrets.token_urlsafe(_STATE_BYTES)
    row = SocialAttempt(
        state_digest=digest_of(state),
        id=uuid4(),
        provider=provider,
        purpose=purpose,
        visit=digest_of(visit),
        person_id=person,
        next=next,
        expires_at=now + ATTEMPT_LASTS,
    )
    stored.add(session, row)
    return state


def attempt_of(visit: str, state: str, redirect_uri: str) -> Attempt:
    """What belongs to a state in this browser. Nobody without its cookie can make it, so nothing of it is stored."""

    def derived(what: str) -> str:
        mac = hmac.digest(visit.encode(), f"saegim social {what} {state}".encode(), "sha256")
        return urlsafe_b64encode(mac).rstrip(b"=").decode()

    return Attempt(state, derived("nonce"), derived("verifier"), redirect_uri)


def take(session: Session, provider: str, state: str, visit: str | None, now: datetime) -> SocialAttempt:
    """The attempt that a state belongs to, used up. Raises SocialAttemptRefused."""
    found = stored.attempt(session, digest_of(state))
    reason = _unfit(found, provider, visit, now)
    if reason is not None or found is None:
        raise SocialAttemptRefused(reason=reason or "state-unknown")
    if not stored.use_attempt(session, found.state_digest, now):
        raise SocialAttemptRefused(reason="state-used")
    return found


def _unfit(found: SocialAttempt | None, provider: str, visit: str | None, now: datetime) -> str | None:
    if found is None:
        return "state-unknown"
    if visit is None or not hmac.compare_digest(found.visit, digest_of(visit)):
        return "state-of-another-browser"
    if found.provider != provider:
        return "state-of-another-provider"
    if found.used_at is not None:
        return "state-used"
    return "state-expired" if found.expires_at <= now else None


# --- signing in


def account_index(vault: Vault, account: Account) -> str:
    """What is stored of an account: keyed, because a member's number at Kakao can be guessed."""
    return vault.blind_index(f"social:{account.issuer}\n{account.subject}")


def owner(session: Session, index: str) -> SocialLink | None:
    """Whom an account lets in, if anyone who may come in."""
    link = stored.link_of_account(session, index)
    if link is None:
        return None
    person = repository.person(session, link.person_id)
    return link if person is not None and person.state == PersonState.ACTIVE else None


def sign_in(session: Session, link: SocialLink, agent: str, now: datetime) -> str:
    """A session that is not proven; its token."""
    stored.used(session, link.id, now)
    return sessions.open_session(session, link.person_id, link.provider, agent, now, proven=False)


def let_wait(session: Session, attempt: SocialAttempt, index: str, now: datetime) -> None:
    """An account that is nobody's yet: whoever proves in this browser who they are may link it."""
    attempt.account_index, attempt.expires_at = index, now + WAITS
    session.add(attempt)
    session.flush()


def waiting(session: Session, attempt_id: UUID, visit: str | None, now: datetime) -> SocialAttempt:
    """What waits in this browser. Raises SocialLinkGone."""
    found = stored.attempt_by_id(session, attempt_id)
    if found is None or found.account_index is None or found.expires_at <= now:
        raise SocialLinkGone
    if visit is None or not hmac.compare_digest(found.visit, digest_of(visit)):
        raise SocialLinkGone
    return found


def accept(session: Session, attempt: SocialAttempt, person: UUID, now: datetime) -> SocialLink:
    """Link what waits to the person. Raises SocialLinkGone, SocialAccountTaken, SocialAlreadyLinked."""
    index = attempt.account_index
    if index is None or not stored.take_waiting(session, attempt.id):
        raise SocialLinkGone
    return link(session, attempt.provider, index, person, now)


def decline(session: Session, attempt: SocialAttempt) -> None:
    """Forget what waits."""
    stored.take_waiting(session, attempt.id)


# --- linking


def link(session: Session, provider: str, index: str, person: UUID, now: datetime) -> SocialLink:
    """Let an account sign the person in from now on. Linking the same again changes nothing.

    Raises:
        SocialAccountTaken: it lets somebody else in.
        SocialAlreadyLinked: another account of this provider lets this person in.
    """
    known = stored.link_of_account(session, index)
    if known is not None and known.person_id == person:
        return known
    if known is not None:
        raise SocialAccountTaken(provider=label(provider))
    if any(each.provider == provider for each in stored.links(session, person)):
        raise SocialAlreadyLinked(provider=label(provider))
    made = SocialLink(id=uuid4(), person_id=person, provider=provider, account_index=index, linked_at=now)
    try:
        with session.begin_nested():
            stored.add(session, made)
    except IntegrityError:  # another request was first
        taken = stored.link_of_account(session, index) is not None
        raise (SocialAccountTaken if taken else SocialAlreadyLinked)(provider=label(provider)) from None
    return made


def links(session: Session, person: UUID) -> Sequence[SocialLink]:
    """A person's accounts elsewhere, oldest first."""
    return stored.links(session, person)


def unlink(
    session: Session, person: UUID, provider: str, now: datetime, *, keep: UUID | None = None
) -> SocialLink | None:
    """An account no longer lets the person in; sessions that it began end, but `keep`. None: there was no link."""
    found = next((each for each in stored.links(session, person) if each.provider == provider), None)
    if found is None or not stored.unlink(session, found.id):
        return None
    stored.end_logins_by(session, person, provider, now, keep)
    return found


def disconnected(session: Session, index: str, now: datetime) -> SocialLink | None:
    """The account was disconnected at the provider's: it lets nobody in any more, and its sessions end."""
    found = stored.link_of_account(session, index)
    if found is None or not stored.unlink(session, found.id):
        return None
    stored.end_logins_by(session, found.person_id, found.provider, now)
    return found


# --- for pages


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider on a page. linked_on: the day, empty where the person has no account of it linked."""

    name: str
    label: str
    linked_on: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """What the sign-in page offers. in_kakaotalk: the browser is KakaoTalk's own, where one is signed in to Kakao."""

    providers: Sequence[Listed]
    in_kakaotalk: bool


def offered(names: Iterable[str], agent: str) -> Offered:
    """The providers of the sign-in page, in the order of the settings."""
    providers = [Listed(name, label(name)) for name in names]
    in_kakaotalk = "KAKAOTALK" in agent and any(each.name == "kakao" for each in providers)
    return Offered(providers, in_kakaotalk)


def standing(session: Session, names: Iterable[str], person: UUID) -> list[Listed]:
    """The providers of one's own page: those that can be linked, and those that are."""
    known = {each.provider: day(each.linked_at) for each in stored.links(session, person)}
    return [Listed(name, label(name), known.get(name, "")) for name in dict.fromkeys((*names, *known))]
