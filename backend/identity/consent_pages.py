"""One's own consents: agreeing to changed texts, giving and withdrawing the optional ones; pages and API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.audit.terms import Action, ObjectKind
from backend.db import ReadSession, WriteSession
from backend.errors import ErrorOut
from backend.identity import consenting, consents, repository
from backend.identity.errors import ConsentMissing
from backend.identity.noting import note
from backend.identity.sessions import SignedIn
from backend.rendering import error_body
from backend.security import OwnForm, SignedInDep, form_page, own_address
from backend.services import Services, ServicesDep
from backend.web.i18n import translate
from chain.db import writing

router = APIRouter(prefix="/me/consents", include_in_schema=False)
api = APIRouter(
    prefix="/me/consents",
    tags=["identity"],
    responses={status: {"model": ErrorOut} for status in (401, 403, 404, 409, 422)},
)

SEE_OTHER = 303
Kind = Annotated[str, Field(max_length=40)]


class ConsentOut(BaseModel):
    """One text as it stands, and what the person has agreed to of it. given_at: None where nothing stands."""

    kind: str
    title: str
    text: str
    version: str
    required: bool
    given_version: str | None
    given_at: datetime | None
    withdrawn_at: datetime | None
    current: bool


class ConsentsIn(BaseModel):
    """Kinds that are agreed to, in their present version."""

    kinds: list[Kind] = Field(max_length=20)


@router.get("/renew", response_class=HTMLResponse)
def renew_form(
    request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep, next: str = "/me"
) -> Response:
    """The texts that have changed; who has agreed to all goes on at once."""
    owed, back = consenting.lacking(session, who.person), own_address(next)
    if not owed:
        return RedirectResponse(back, SEE_OTHER)
    return form_page(
        request, services, "consents_renew.html", consents=owed, agreed=(), next=back, error=None
    )


@router.post("/renew", dependencies=[OwnForm])
def renew(
    request: Request,
    who: SignedInDep,
    services: ServicesDep,
    consent: Annotated[list[str] | None, Form()] = None,
    next: Annotated[str, Form(max_length=200)] = "/me",
) -> Response:
    """Agree to them; what was ticked stays when one is missing."""
    kinds, back = consent or [], own_address(next)
    with writing(services.database) as session:
        owed = consenting.lacking(session, who.person)
        try:
            _renew(session, services, who, kinds)
        except ConsentMissing as error:
            body: dict[str, Any] = {
                "consents": owed,
                "agreed": kinds,
                "next": back,
                "error": error_body(error),
            }
            return form_page(request, services, "consents_renew.html", status=error.status, **body)
    return RedirectResponse(back, SEE_OTHER)


@router.post("/{kind}/give", dependencies=[OwnForm])
def give(kind: str, who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """Agree to one text, also after it was withdrawn."""
    _give(session, services, who, kind)
    return RedirectResponse("/me/data", SEE_OTHER)


@router.post("/{kind}/withdraw", dependencies=[OwnForm])
def withdraw(kind: str, who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """Take an optional consent back."""
    _withdraw(session, services, who, kind)
    return RedirectResponse("/me/data", SEE_OTHER)


@api.get("")
def own(who: SignedInDep, session: ReadSession) -> list[ConsentOut]:
    """Every text in its present version, and how the person stands to it."""
    return listed(session, who)


@api.post("", dependencies=[OwnForm])
def agree(
    body: ConsentsIn, who: SignedInDep, session: WriteSession, services: ServicesDep
) -> list[ConsentOut]:
    """Agree to texts in their present version; every required one that has changed must be among them."""
    _renew(session, services, who, body.kinds)
    return listed(session, who)


@api.delete("/{kind}", status_code=204, dependencies=[OwnForm])
def take_back(kind: str, who: SignedInDep, session: WriteSession, services: ServicesDep) -> None:
    """Withdraw an optional consent; a required one is withdrawn by closing the account (409)."""
    _withdraw(session, services, who, kind)


def listed(session: Session, who: SignedIn) -> list[ConsentOut]:
    """How a person stands to every text."""
    given = {each.kind: each for each in repository.consents(session, who.person)}
    standing, found = consenting.standing(session, who.person), []
    for text in consents.TEXTS:
        last, holds = given.get(text.kind), standing.get(text.kind)
        shown = ConsentOut(
            kind=text.kind,
            title=translate(text.title),
            text=translate(text.text),
            version=text.version,
            required=text.required,
            given_version=holds.version if holds else None,
            given_at=holds.given_at if holds else None,
            withdrawn_at=last.withdrawn_at if last and holds is None else None,
            current=holds is not None and holds.version == text.version,
        )
        found.append(shown)
    return found


def _renew(session: Session, services: Services, who: SignedIn, kinds: Sequence[str]) -> None:
    now = services.clock()
    _noted(session, who, Action.CONSENT, consenting.renew(session, who.person, kinds, now), now)


def _give(session: Session, services: Services, who: SignedIn, kind: str) -> None:
    now = services.clock()
    _noted(session, who, Action.CONSENT, consenting.give(session, who.person, kind, now), now)


def _withdraw(session: Session, services: Services, who: SignedIn, kind: str) -> None:
    now = services.clock()
    gone = consenting.withdraw(session, who.person, kind, now)
    _noted(session, who, Action.CONSENT_WITHDRAWN, [kind] if gone else [], now)


def _noted(session: Session, who: SignedIn, action: Action, kinds: Sequence[str], now: datetime) -> None:
    for kind in kinds:
        note(session, action, now, who.address, person=who.person, what=ObjectKind.CONSENT, which=kind)
