"""Pages of the identity domain: sign in, prove again, my devices, my data."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.access import Function
from backend.audit.terms import Action, ObjectKind
from backend.db import ReadSession, WriteSession
from backend.documents.service import of_person
from backend.errors import InvalidRequest
from backend.family.service import end_of_person
from backend.identity import consent_pages, foreigners, passkeys, repository, service, sessions, social
from backend.identity.consent_pages import ConsentOut
from backend.identity.consents import TEXTS
from backend.identity.models import LoginSession, PaperKind, Passkey, RegistrationState
from backend.identity.noting import note
from backend.identity.sessions import SignedIn
from backend.security import (
    OwnForm,
    ProvenDep,
    SignedInDep,
    VisitorDep,
    end_session,
    form_page,
    own_address,
)
from backend.services import Services, ServicesDep
from backend.web.dates import day
from backend.web.i18n import translate

router = APIRouter(include_in_schema=False)

SEE_OTHER = 303
_MOST_EXPORTED = 10_000


@router.get("/sign-in", response_class=HTMLResponse)
def sign_in(request: Request, who: VisitorDep, services: ServicesDep, next: str = "/me") -> Response:
    """The ways in."""
    if who is not None:
        return RedirectResponse(own_address(next), SEE_OTHER)
    agent = request.headers.get("user-agent", "")
    ways: dict[str, Any] = {
        "in_app": sessions.in_app_browser(agent),
        "social": social.offered(services.social, agent),
    }
    return form_page(request, services, "sign_in.html", next=own_address(next), **ways)


@router.post("/sign-out", dependencies=[OwnForm])
def sign_out(who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """End this session."""
    now = services.clock()
    sessions.end(session, who.person, now, only=who.session)
    note(session, Action.SIGN_OUT, now, who.address, person=who.person)
    answer = RedirectResponse("/", SEE_OTHER)
    end_session(answer, services)
    return answer


@router.get("/me/step-up", response_class=HTMLResponse)
def step_up(request: Request, who: SignedInDep, services: ServicesDep, next: str = "/me") -> HTMLResponse:
    """Prove again to be there, then go back."""
    return form_page(request, services, "step_up.html", next=own_address(next))


@router.get("/me/devices", response_class=HTMLResponse)
def devices(request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """Passkeys, and where one is signed in."""
    return form_page(
        request,
        services,
        "devices.html",
        passkeys=[_passkey(key) for key in passkeys.of(session, who.person)],
        sessions=[_session(each, who) for each in sessions.of(session, who.person)],
        social=social.standing(session, services.social, who.person),
        proven=who.proven,
    )


@router.post("/me/devices/{passkey}/name", dependencies=[OwnForm])
def rename_device(
    passkey: UUID, who: SignedInDep, session: WriteSession, name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Call a passkey something else."""
    passkeys.rename(session, who.person, passkey, name)
    return RedirectResponse("/me/devices", SEE_OTHER)


@router.post("/me/devices/{passkey}/remove", dependencies=[OwnForm])
def remove_device(passkey: UUID, who: ProvenDep, session: WriteSession, services: ServicesDep) -> Response:
    """A passkey no longer lets anyone in."""
    now = services.clock()
    passkeys.remove(session, who.person, passkey, now)
    note(session, Action.ERASE, now, who.address, person=who.person, what=ObjectKind.PASSKEY, which=passkey)
    return RedirectResponse("/me/devices", SEE_OTHER)


@router.post("/me/sessions/{other}/end", dependencies=[OwnForm])
def end_other(other: UUID, who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """Sign out elsewhere."""
    sessions.end(session, who.person, services.clock(), only=other)
    return RedirectResponse("/me/devices", SEE_OTHER)


@router.get("/me/data", response_class=HTMLResponse)
def my_data(request: Request, who: SignedInDep, session: ReadSession, services: ServicesDep) -> HTMLResponse:
    """What is kept of a person."""
    return form_page(
        request,
        services,
        "my_data.html",
        profile=service.profile(session, services.vault, who.person),
        account=who.person,
        papers=_papers(services, session, who),
        registrations=_registrations(services, session, who),
        consents=_shown_consents(session, who),
    )


@router.get("/me/data/export")
def export(who: ProvenDep, session: ReadSession, services: ServicesDep) -> Response:
    """Everything that is kept of a person, as JSON: profile, consents, hospitals, and which documents there are."""
    documents = of_person(services, session, who, count=_MOST_EXPORTED, function=Function.EXPORT)
    content = {
        "profile": asdict(service.profile(session, services.vault, who.person)),
        "consents": _consents(session, who),
        "hospitals": _registrations(services, session, who),
        "socialSignIns": [
            {"provider": each.provider, "linkedAt": each.linked_at.isoformat()}
            for each in social.links(session, who.person)
        ],
        "papers": [
            {"kind": str(each.kind), "nationality": each.nationality, "number": each.masked}
            for each in foreigners.shown(session, services.vault, who.person)
        ],
        "documents": [
            {"id": str(d.id), "kind": d.vct, "anchoredAt": d.anchored_at.isoformat(), "state": str(d.state)}
            for d in documents
        ],
    }
    return Response(
        json.dumps(content, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"content-disposition": 'attachment; filename="saegim-my-data.json"'},
    )


@router.post("/me/data/erase", dependencies=[OwnForm])
def erase(
    who: ProvenDep, session: WriteSession, services: ServicesDep, sure: Annotated[str, Form()] = ""
) -> Response:
    """Close the account and destroy what says whose it was."""
    if sure != "yes":
        raise InvalidRequest(where="sure")
    now = services.clock()
    end_of_person(session, services.vault, who, now)
    service.erase(session, services.vault, who.person, now)
    note(session, Action.ERASE, now, who.address, person=who.person)
    answer = RedirectResponse("/", SEE_OTHER)
    end_session(answer, services)
    return answer


def _passkey(key: Passkey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "synced": key.synced,
        "created": day(key.created_at),
        "used": day(key.used_at) if key.used_at else "",
    }


def _session(each: LoginSession, who: SignedIn) -> dict[str, Any]:
    return {
        "id": each.id,
        "browser": each.browser,
        "seen": day(each.seen_at),
        "current": each.id == who.session,
    }


def _papers(services: Services, session: Any, who: SignedIn) -> list[dict[str, Any]]:
    """Documents that were named in place of a Korean telephone, masked."""
    names = {PaperKind.PASSPORT: translate("여권"), PaperKind.REGISTRATION: translate("외국인등록증")}
    return [
        {"said": f"{names[each.kind]} ({each.nationality})", "masked": each.masked, "seen": each.seen}
        for each in foreigners.shown(session, services.vault, who.person)
    ]


def _registrations(services: Services, session: Any, who: SignedIn) -> list[dict[str, str]]:
    return [
        {
            "hospital": services.institution_name(each.hospital),
            "said": _registered(each.state, each.bound_at or each.created_at),
        }
        for each in service.registrations(session, who.person)
    ]


def _registered(state: str, since: datetime) -> str:
    if state == RegistrationState.BOUND:
        return translate("%(day)s부터 연결됨", {"day": day(since)})
    return translate("예비등록 (%(day)s)", {"day": day(since)})


def _shown_consents(session: Any, who: SignedIn) -> list[dict[str, Any]]:
    """Every text with its version and date, and what can be done about it."""
    return [
        {
            "kind": each.kind,
            "title": each.title,
            "required": each.required,
            "given": each.given_at is not None,
            "current": each.current,
            "said": _consent_said(each),
        }
        for each in consent_pages.listed(session, who)
    ]


def _consent_said(each: ConsentOut) -> str:
    if each.given_at is not None:
        given: dict[str, str | int] = {"day": day(each.given_at), "version": str(each.given_version)}
        return translate("%(day)s 동의 (%(version)s판)", given)
    if each.withdrawn_at is not None:
        return translate("%(day)s 철회", {"day": day(each.withdrawn_at)})
    return translate("동의하지 않음")


def _consents(session: Any, who: SignedIn) -> list[dict[str, str]]:
    titles = {text.kind: text.title for text in TEXTS}
    return [
        {
            "title": translate(titles[each.kind]),
            "version": each.version,
            "said": translate("%(day)s 동의", {"day": day(each.given_at)}),
        }
        for each in repository.consents(session, who.person)
        if each.withdrawn_at is None and each.kind in titles
    ]
