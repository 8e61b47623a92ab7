"""Sign-up and step-up by telephone: consents and hospitals, the person's details, the number that came by message.

One form a page; what was typed stays when something is wrong; works without scripts and in a messenger's browser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from backend.audit.terms import Action
from backend.db import ReadSession
from backend.eligibility.checks import certified_by_phone
from backend.errors import InvalidRequest, SaegimError
from backend.identity import continuing, recovery, sessions, verification
from backend.identity.consents import TEXTS, THIRD_PARTY, Consent, given, missing, titles
from backend.identity.continuing import Fields
from backend.identity.errors import ConsentMissing, FormExpired
from backend.identity.models import Verification
from backend.identity.noting import note
from backend.identity.social import LINKING
from backend.identity.verification import Wish
from backend.limits import service as limits
from backend.limits.door import Door, Guessed, Limited, by_path
from backend.limits.errors import TooManyRequests
from backend.limits.rules import Limit
from backend.limits.service import Tried, block_of
from backend.providers.errors import ProviderError
from backend.providers.identity import Customer, Method, Operator, Purpose
from backend.rendering import error_body
from backend.security import OwnForm, VisitorDep, address_of, form_page, holder, own_address, set_session
from backend.services import Services, ServicesDep
from chain.db import reading, writing

router = APIRouter(prefix="/sign-up", include_in_schema=False)

SEE_OTHER = 303
_PHONE = re.compile(r"01[016789][0-9]{7,8}")
_FIELDS = ("name", "birth", "phone", "operator", "method")
_BIRTH = re.compile(r"[0-9]{7}")

Text = Annotated[str, Form(max_length=200)]


@router.get("", response_class=HTMLResponse)
def consent_form(request: Request, who: VisitorDep, services: ServicesDep, next: str = "/me") -> Response:
    """What to agree to, and which hospitals. Somebody signed in goes on at once: they have agreed before."""
    if who is not None:
        return _consent_page(request, services, (), (), own_address(next), known=True)
    kept = kept_for(request, services, "/sign-up")
    chosen = [int(each) for each in kept.get("hospital", []) if each.isdigit()] or only_hospital(services)
    back = own_address((kept.get("next") or [next])[0])
    return _consent_page(request, services, kept.get("consent", []), chosen, back)


@router.post("", dependencies=[OwnForm, Limited(Limit.SIGN_UP)])
def consented(
    request: Request,
    who: VisitorDep,
    services: ServicesDep,
    consent: Annotated[list[str] | None, Form()] = None,
    hospital: Annotated[list[int] | None, Form()] = None,
    next: Text = "/me",
) -> Response:
    """Begin the check. A person who is known already need not agree again; that is found out after the check."""
    kinds, chosen = consent or [], sorted(set(hospital or []) & set(hospitals(services)))
    agreed = given(set(kinds))
    if who is None and (lacking := missing(agreed) or _unprovided(services, agreed, chosen)):
        error = error_body(ConsentMissing(kinds=", ".join(lacking)))
        back = own_address(next)
        return _consent_page(request, services, kinds, chosen, back, error=error, status=422)
    purpose = Purpose.SIGN_UP if who is None else Purpose.STEP_UP
    try:
        begun = services.identity.begin(purpose, f"{services.settings.public_url.rstrip('/')}/sign-up")
    except ProviderError as error:
        verification.refuse(error)
    wish = Wish(agreed, chosen, own_address(next))
    with writing(services.database) as session:
        key = holder(request, services, who)
        verification.begin(session, begun.verification_id, purpose, key, wish, services.clock())
    return RedirectResponse(f"/sign-up/{begun.verification_id}", SEE_OTHER)


@router.get("/{verification_id}", response_class=HTMLResponse)
def person_form(
    verification_id: str, request: Request, who: VisitorDep, session: ReadSession, services: ServicesDep
) -> HTMLResponse:
    """Name, birth date, telephone."""
    own = holder(request, services, who)
    verification.own(session, verification_id, [own])
    page = f"/sign-up/{verification_id}"
    kept = continuing.typed(session, services.vault, page, own, services.clock())
    typed = {field: (kept.get(field) or [""])[0] for field in _FIELDS}
    return _person_page(request, services, verification_id, typed, in_app=who is None and _in_app(request))


@router.post("/{verification_id}", dependencies=[OwnForm])
def send(
    verification_id: str,
    request: Request,
    who: VisitorDep,
    services: ServicesDep,
    name: Text = "",
    birth: Text = "",
    phone: Text = "",
    operator: Text = "",
    method: Text = "SMS",
) -> Response:
    """Have the number sent, or the operator's app asked."""
    typed = {"name": name, "birth": birth, "phone": phone, "operator": operator, "method": method}
    in_app = who is None and _in_app(request)
    with reading(services.database) as session:
        verification.own(session, verification_id, [holder(request, services, who)])
    try:
        customer, by, how = _customer(request, typed)
        _spend_message(services, request, customer.phone)
        services.identity.send(verification_id, customer, by, how)
    except (InvalidRequest, TooManyRequests) as error:
        again = _person_page(request, services, verification_id, typed, error_body(error), error.status)
        again.headers.update(error.headers)
        return again
    except ProviderError as error:
        try:
            verification.refuse(error)
        except SaegimError as ours:
            body = error_body(ours)
            return _person_page(request, services, verification_id, typed, body, ours.status, in_app=in_app)
    return RedirectResponse(f"/sign-up/{verification_id}/confirm?method={how}", SEE_OTHER)


@router.get("/{verification_id}/confirm", response_class=HTMLResponse)
def confirm_form(
    verification_id: str,
    request: Request,
    who: VisitorDep,
    session: ReadSession,
    services: ServicesDep,
    method: str = "SMS",
) -> HTMLResponse:
    """The number from the message, or "I have confirmed in the app"."""
    verification.own(session, verification_id, [holder(request, services, who)])
    by_message = method != Method.APP
    body = {"id": verification_id, "by_message": by_message, "in_app": who is None and _in_app(request)}
    return form_page(request, services, "confirm_phone.html", status=200, error=None, **body)


@router.post(
    "/{verification_id}/confirm",
    dependencies=[OwnForm, Guessed(Door.PHONE_CODE, by_path("verification_id"))],
)
def confirm(
    verification_id: str,
    request: Request,
    who: VisitorDep,
    services: ServicesDep,
    otp: Text = "",
    method: Text = "SMS",
) -> Response:
    """Ask the agency; then the person is in, new or known."""
    now, by_message = services.clock(), method != Method.APP
    with writing(services.database) as session:  # the try counts, whatever comes of it
        found = verification.own(session, verification_id, [holder(request, services, who)])
        verification.try_once(session, found)
    try:
        person = verification.verified(services.identity, found, otp.strip() or None, now)
        with writing(services.database) as session:
            token, target = _let_in(session, services, request, found, person, who)
    except SaegimError as error:
        body = {"id": verification_id, "by_message": by_message, "in_app": who is None and _in_app(request)}
        return form_page(
            request, services, "confirm_phone.html", status=error.status, error=error_body(error), **body
        )
    answer = RedirectResponse(target, SEE_OTHER)
    if token is not None:
        set_session(answer, services, token)
    return answer


def _let_in(
    session: Session, services: Services, request: Request, found: Verification, person: Any, who: Any
) -> tuple[str | None, str]:
    """The new session's token, if one was opened, and where to go."""
    now, agent = services.clock(), request.headers.get("user-agent", "")
    if found.purpose == Purpose.STEP_UP:
        done = verification.step_up(session, services.vault, found, person, who, now)
        sessions.note_proven(session, who, now)
        if done.merge is None:
            certified_by_phone(session, services.vault, who.person, now)
        note(session, Action.STEP_UP, now, who.address, person=who.person)
        return None, found.next if done.merge is None else f"/me/merge/{done.merge}"
    if found.purpose == Purpose.RECOVERY:
        account = verification.known(session, services.vault, found, person, now)
        token = recovery.come_back(session, account, recovery.PHONE, agent, now)
        certified_by_phone(session, services.vault, account, now)
        note(session, Action.SIGN_IN, now, address_of(request), person=account, reason="recovery")
        return token, found.next
    account, new = verification.sign_up(session, services.vault, found, person, now)
    token = sessions.open_session(session, account, "phone", agent, now)
    certified_by_phone(session, services.vault, account, now)
    action = Action.SIGN_UP if new else Action.SIGN_IN
    note(session, action, now, address_of(request), person=account)
    going_on = not new or sessions.in_app_browser(agent) or found.next.startswith(LINKING)
    return token, found.next if going_on else "/me/devices"


def _spend_message(services: Services, request: Request, phone: str) -> None:
    """A message costs money and rings at somebody's telephone. Raises TooManyRequests."""
    address = address_of(request)
    limits.spend(
        services,
        Tried(Limit.PHONE_NUMBER, phone),
        Tried(Limit.PHONE_ADDRESS, block_of(address)),
        Tried(Limit.PHONE_DAY, ""),
        address=address,
    )


def visit_of(request: Request, services: Services) -> str | None:
    """Who holds what was begun in this browser before anybody signed in; None in a browser that is new here."""
    try:
        return holder(request, services, None)
    except FormExpired:
        return None


def kept_for(request: Request, services: Services, page: str) -> Fields:
    """What this browser has taken over from another one for a form."""
    with reading(services.database) as session:
        return continuing.typed(session, services.vault, page, visit_of(request, services), services.clock())


def _in_app(request: Request) -> bool:
    return sessions.in_app_browser(request.headers.get("user-agent", ""))


def _customer(request: Request, typed: dict[str, str]) -> tuple[Customer, Operator, Method]:
    """Raises InvalidRequest, naming the fields and not what stands in them."""
    phone = re.sub(r"[^0-9]", "", typed["phone"])
    birth = re.sub(r"[^0-9]", "", typed["birth"])
    wrong = [
        field
        for field, good in (
            ("name", 0 < len(typed["name"].strip()) <= 50),
            ("birth", bool(_BIRTH.fullmatch(birth))),
            ("phone", bool(_PHONE.fullmatch(phone))),
            ("operator", typed["operator"] in set(Operator)),
            ("method", typed["method"] in set(Method)),
        )
        if not good
    ]
    if wrong:
        raise InvalidRequest(where=", ".join(wrong))
    address = address_of(request) or "0.0.0.0"  # noqa: S104 - says "unknown" to the agency
    customer = Customer(name=typed["name"].strip(), phone=phone, address=address, identity_front=birth)
    return customer, Operator(typed["operator"]), Method(typed["method"])


def hospitals(services: Services) -> dict[int, str]:
    """Hospitals of the network that can be chosen."""
    listed = services.node.trust.institutions
    return {each.index: services.institution_name(each.index) for each in listed if each.kind == "hospital"}


def _unprovided(services: Services, agreed: Mapping[str, Consent], chosen: Sequence[int]) -> list[str]:
    """The title of the consent to tell other hospitals, where one was chosen without it."""
    listed = [each.index for each in services.node.trust.institutions if each.kind == "hospital"]
    own = services.settings.hospital_index or next(iter(listed), None)
    if THIRD_PARTY in agreed or set(chosen) <= {own}:
        return []
    return [titles(text for text in TEXTS if text.kind == THIRD_PARTY)]


def only_hospital(services: Services) -> tuple[int, ...]:
    found = tuple(hospitals(services))
    return found if len(found) == 1 else ()


def _consent_page(
    request: Request,
    services: Services,
    agreed: Sequence[str],
    chosen: Sequence[int],
    next: str,
    *,
    error: dict[str, str] | None = None,
    status: int = 200,
    known: bool = False,
) -> HTMLResponse:
    listed = [{"index": index, "name": name} for index, name in hospitals(services).items()]
    return form_page(
        request,
        services,
        "sign_up.html",
        status=status,
        consents=() if known else TEXTS,
        agreed=agreed,
        hospitals=() if known else listed,
        chosen=chosen,
        next=next,
        error=error,
        in_app=_in_app(request) and not known,
    )


def _person_page(
    request: Request,
    services: Services,
    verification_id: str,
    typed: dict[str, str],
    error: dict[str, str] | None = None,
    status: int = 200,
    *,
    in_app: bool = False,
) -> HTMLResponse:
    return form_page(
        request,
        services,
        "phone.html",
        status=status,
        id=verification_id,
        typed=typed,
        error=error,
        operators=list(Operator),
        in_app=in_app,
    )
