"""Sign-in with an account elsewhere, as people meet it: there and back, the first time, linking, unlinking.

The way there begins with a link or with a page that forwards by itself, never with a form that is answered by a
redirect: our pages' policy lets forms lead to this server only, and Kakao itself redirects further.
"""

from __future__ import annotations

import logging
import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.audit.terms import Action, ObjectKind
from backend.db import ReadSession, WriteSession
from backend.errors import NotFound, SaegimError
from backend.identity import social
from backend.identity.noting import note
from backend.identity.social_errors import (
    SocialAttemptRefused,
    SocialDeclined,
    SocialRefused,
    SocialScopeMissing,
    SocialUnavailable,
)
from backend.identity.social_models import SocialAttempt, SocialPurpose
from backend.limits.door import Limited
from backend.limits.rules import Limit
from backend.providers.errors import ProviderError, ProviderRefused, ProviderUncertain
from backend.providers.social import Account, IdTokenRefused, SocialProvider
from backend.rendering import error_body
from backend.security import (
    OwnForm,
    ProvenDep,
    SignedInDep,
    VisitorDep,
    address_of,
    ensure_visit,
    form_page,
    own_address,
    set_session,
    visit_of,
)
from backend.services import Services, ServicesDep
from chain.db import writing

log = logging.getLogger("saegim.backend.social")

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303
_DECLINED = frozenset({"access_denied", "consent_required", "interaction_required", "login_required"})
_DOWN = frozenset({"server_error", "temporarily_unavailable"})
_CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+){0,6}")


# --- there and back


@router.get("/social/{provider}/sign-in", dependencies=[Limited(Limit.SIGN_IN)])
def start(
    provider: str, request: Request, who: VisitorDep, services: ServicesDep, next: str = "/me"
) -> Response:
    """To the provider. Another site cannot begin this: it leads to the sign-in page instead."""
    party, back = _provider(services, provider), own_address(next)
    if who is not None:
        return RedirectResponse(back, SEE_OTHER)
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return RedirectResponse("/sign-in", SEE_OTHER)
    answer = RedirectResponse("/sign-in", SEE_OTHER)
    visit = ensure_visit(request, answer, services)
    try:
        answer.headers["location"] = _begun(services, party, SocialPurpose.SIGN_IN, visit, back)
    except SaegimError as error:
        return _stopped(request, services, party.name, error, back)
    return answer


@router.get("/social/{provider}/callback")
def callback(
    provider: str,
    request: Request,
    who: VisitorDep,
    services: ServicesDep,
    state: str = "",
    code: str = "",
    error: str = "",
    iss: str | None = None,
) -> Response:
    """What the provider's redirect brings: a code, or why there is none. The state counts once, whatever it brings."""
    party, visit = _provider(services, provider), visit_of(request, services)
    attempt: SocialAttempt | None = None
    try:
        with writing(services.database) as session:
            attempt = social.take(session, provider, state, visit, services.clock())
            session.expunge(attempt)
        _check_answer(party, code, error, iss)
        account = _account(party, visit or "", state, code, _redirect_uri(services, provider))
        return _come_back(request, services, party, attempt, account, who)
    except SaegimError as refusal:
        _note_refusal(services, request, provider, attempt, who, refusal)
        return _stopped(request, services, provider, refusal, attempt.next if attempt else "/me")


def _begun(
    services: Services,
    party: SocialProvider,
    purpose: SocialPurpose,
    visit: str,
    back: str,
    person: UUID | None = None,
) -> str:
    """The address at the provider's. Raises SocialUnavailable."""
    now = services.clock()
    with writing(services.database) as session:
        state = social.begin(session, party.name, purpose, visit, back, now, person)
    try:
        return party.address(social.attempt_of(visit, state, _redirect_uri(services, party.name)))
    except ProviderError as error:
        log.warning("%s", error)
        raise SocialUnavailable(provider=social.label(party.name)) from None


def _check_answer(party: SocialProvider, code: str, error: str, iss: str | None) -> None:
    """Raises SaegimError: it is of another provider (RFC 9207), or there is no code."""
    name = social.label(party.name)
    if iss is not None and iss != party.issuer:
        raise SocialAttemptRefused(reason="issuer-differs")
    if error in _DECLINED:
        raise SocialDeclined(provider=name)
    if error in _DOWN:
        raise SocialUnavailable(provider=name)
    if error == "invalid_scope":
        raise SocialScopeMissing(provider=name)
    if error:
        raise SocialRefused(provider=name, reason=error if _CODE.fullmatch(error) else "unreadable")
    if not code:
        raise SocialRefused(provider=name, reason="code-missing")


def _account(party: SocialProvider, visit: str, state: str, code: str, redirect_uri: str) -> Account:
    """Raises SocialUnavailable, SocialRefused, SocialScopeMissing."""
    name = social.label(party.name)
    try:
        return party.account(social.attempt_of(visit, state, redirect_uri), code)
    except IdTokenRefused as error:
        if error.reason == "missing":
            raise SocialScopeMissing(provider=name) from None
        raise SocialRefused(provider=name, reason=f"token-{error.reason}") from None
    except ProviderRefused as error:
        log.warning("%s", error)  # often our registration with the provider is wrong
        reason = error.code if _CODE.fullmatch(error.code) else "refused"
        raise SocialRefused(provider=name, reason=reason) from None
    except ProviderUncertain as error:
        log.warning("%s", error)
        raise SocialUnavailable(provider=name) from None
    except ProviderError as error:
        log.warning("%s", error)
        raise SocialUnavailable(provider=name) from None


def _come_back(
    request: Request,
    services: Services,
    party: SocialProvider,
    attempt: SocialAttempt,
    account: Account,
    who: VisitorDep,
) -> Response:
    """Signed in, linked, or told what is missing. Raises SaegimError."""
    now, address = services.clock(), address_of(request)
    index = social.account_index(services.vault, account)
    with writing(services.database) as session:
        if attempt.purpose == SocialPurpose.LINK:
            if who is None or who.person != attempt.person_id:
                raise SocialAttemptRefused(reason="another-person")
            _linked(session, services, party.name, index, who.person, address)
            return RedirectResponse(attempt.next, SEE_OTHER)
        link = social.owner(session, index)
        if link is None:
            social.let_wait(session, session.merge(attempt), index, now)
            return RedirectResponse(f"/social/waiting/{attempt.id}", SEE_OTHER)
        token = social.sign_in(session, link, request.headers.get("user-agent", ""), now)
        note(session, Action.SIGN_IN, now, address, person=link.person_id, reason=party.name)
    answer = RedirectResponse(attempt.next, SEE_OTHER)
    set_session(answer, services, token)
    return answer


def _linked(
    session: Session, services: Services, provider: str, index: str, person: UUID, address: str
) -> None:
    now = services.clock()
    made = social.link(session, provider, index, person, now)
    _note_link(session, services, Action.LINK, provider, person, made.id, address)


def _note_link(
    session: Session,
    services: Services,
    action: Action,
    provider: str,
    person: UUID,
    which: UUID,
    address: str,
) -> None:
    what = ObjectKind.SOCIAL_SIGN_IN
    note(session, action, services.clock(), address, person=person, what=what, which=which, reason=provider)


def _note_refusal(
    services: Services,
    request: Request,
    provider: str,
    attempt: SocialAttempt | None,
    who: VisitorDep,
    refusal: SaegimError,
) -> None:
    reason = str(refusal.parameters.get("reason", re.sub(r"(?<!^)(?=[A-Z])", "-", refusal.code).lower()))
    linking = attempt is not None and attempt.purpose == SocialPurpose.LINK and who is not None
    with writing(services.database) as session:
        note(
            session,
            Action.LINK if linking else Action.SIGN_IN_REFUSED,
            services.clock(),
            address_of(request),
            person=who.person if linking and who is not None else None,
            what=ObjectKind.SOCIAL_SIGN_IN if linking else ObjectKind.ACCOUNT,
            refused=f"{provider}.{reason.replace('_', '-')}",
        )


def _stopped(
    request: Request, services: Services, provider: str, error: SaegimError, back: str
) -> HTMLResponse:
    """Why it went no further, and how one gets in all the same."""
    return form_page(
        request,
        services,
        "social_stopped.html",
        status=error.status,
        error=error_body(error),
        provider=social.label(provider),
        next=own_address(back),
        linking=own_address(back).startswith("/me/devices"),
    )


# --- an account that is nobody's yet


@router.get("/social/waiting/{attempt}", response_class=HTMLResponse)
def first_time(
    attempt: UUID, request: Request, who: VisitorDep, session: ReadSession, services: ServicesDep
) -> Response:
    """The account is right and nobody's: who is it? By telephone, or with a passkey that one has already."""
    if who is not None:
        return RedirectResponse(f"{social.LINKING}{attempt}", SEE_OTHER)
    found = social.waiting(session, attempt, visit_of(request, services), services.clock())
    return form_page(
        request,
        services,
        "social_first.html",
        provider=social.label(found.provider),
        next=f"{social.LINKING}{attempt}",
    )


@router.get(social.LINKING + "{attempt}", response_class=HTMLResponse)
def ask_to_link(
    attempt: UUID, request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """Shall the account that waits sign this person in from now on?"""
    found = social.waiting(session, attempt, visit_of(request, services), services.clock())
    return form_page(request, services, "social_link.html", provider=social.label(found.provider), id=attempt)


@router.post(social.LINKING + "{attempt}", dependencies=[OwnForm])
def answer_to_link(
    attempt: UUID,
    request: Request,
    who: ProvenDep,
    session: WriteSession,
    services: ServicesDep,
    answer: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Yes or no; then on to where the person was going."""
    now = services.clock()
    found = social.waiting(session, attempt, visit_of(request, services), now)
    if answer != "yes":
        social.decline(session, found)
        return RedirectResponse(own_address(found.next), SEE_OTHER)
    made = social.accept(session, found, who.person, now)
    _note_link(session, services, Action.LINK, found.provider, who.person, made.id, who.address)
    return RedirectResponse(own_address(found.next), SEE_OTHER)


# --- one's own page


@router.post("/me/social/{provider}/link", dependencies=[OwnForm, Limited(Limit.SIGN_IN)])
def start_link(provider: str, request: Request, who: ProvenDep, services: ServicesDep) -> Response:
    """A page that forwards to the provider, to link an account there."""
    party, back = _provider(services, provider), "/me/devices"
    cookie_holder = Response()
    visit = ensure_visit(request, cookie_holder, services)
    try:
        address = _begun(services, party, SocialPurpose.LINK, visit, back, who.person)
    except SaegimError as error:
        return _stopped(request, services, provider, error, back)
    answer = form_page(request, services, "social_go.html", provider=social.label(provider), address=address)
    for name, value in cookie_holder.headers.items():
        if name == "set-cookie":
            answer.headers.append(name, value)
    return answer


@router.post("/me/social/{provider}/unlink", dependencies=[OwnForm])
def unlink(provider: str, who: ProvenDep, session: WriteSession, services: ServicesDep) -> Response:
    """An account no longer signs this person in. What was linked stays linkable; the telephone always works."""
    gone = social.unlink(session, who.person, provider, services.clock(), keep=who.session)
    if gone is None:
        raise NotFound
    _note_link(session, services, Action.ERASE, provider, who.person, gone.id, who.address)
    return RedirectResponse("/me/devices", SEE_OTHER)


def _provider(services: Services, name: str) -> SocialProvider:
    """Raises NotFound: this hospital does not use it."""
    found = services.social.get(name)
    if found is None:
        raise NotFound
    return found


def _redirect_uri(services: Services, provider: str) -> str:
    """As registered with the provider: one for each, so that an answer of one is none of another."""
    return f"{services.settings.public_url.rstrip('/')}/social/{provider}/callback"
