"""API of the staff's door: passkey ceremonies. Everything else of the staff is pages."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.db import WriteSession
from backend.errors import ErrorOut
from backend.limits.door import Door, Guessed, Limited, by_credential
from backend.limits.rules import Limit
from backend.security import OwnForm, address_of
from backend.services import ServicesDep
from backend.staff import sessions
from backend.staff.door import EnrollingDep, StaffDep, set_staff_session
from backend.staff.errors import StaffPasskeyRefused
from backend.staff.noting import entry
from chain.db import writing

REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorOut} for status in (401, 403, 422)}

router = APIRouter(prefix="/staff", tags=["staff"], responses=REFUSALS)


class StaffAnswerIn(BaseModel):
    """An authenticator's answer (`PublicKeyCredential.toJSON()`)."""

    answer: dict[str, Any]


@router.post("/sign-in/options", dependencies=[OwnForm, Limited(Limit.SIGN_IN)])
def sign_in_options(session: WriteSession, services: ServicesDep) -> dict[str, Any]:
    """What to ask an authenticator for to sign in."""
    return sessions.request_options(session, services.authenticator, services.clock())


@router.post("/sign-in", status_code=204, dependencies=[OwnForm, Guessed(Door.STAFF_SIGN_IN, by_credential)])
def sign_in(body: StaffAnswerIn, request: Request, response: Response, services: ServicesDep) -> None:
    """Sign in with a passkey of the staff; the session comes as a cookie."""
    now, refusal, token = services.clock(), None, ""
    with writing(services.database) as session:
        try:
            staff, token = sessions.sign_in(session, services.authenticator, body.answer, now)
            line = entry(Action.SIGN_IN, now, address_of(request), staff=staff)
        except StaffPasskeyRefused as error:
            refusal = error  # its challenge is used up all the same: that must be kept
            reason = str(error.parameters["reason"])
            line = entry(
                Action.SIGN_IN_REFUSED, now, address_of(request), staff=None, reason=reason, refused=True
            )
        audit.append(session, [line])
    if refusal is not None:
        raise refusal
    set_staff_session(response, services, token)


@router.post("/step-up/options", dependencies=[OwnForm])
def step_up_options(who: StaffDep, session: WriteSession, services: ServicesDep) -> dict[str, Any]:
    """What to ask one's own authenticator for, to prove that one is there."""
    return sessions.step_up_options(session, services.authenticator, who, services.clock())


@router.post("/step-up", status_code=204, dependencies=[OwnForm, Guessed(Door.STAFF_SIGN_IN, by_credential)])
def step_up(body: StaffAnswerIn, who: StaffDep, services: ServicesDep) -> None:
    """Prove to be there, with a passkey of one's own: good for five minutes."""
    now, refusal = services.clock(), None
    with writing(services.database) as session:
        try:
            sessions.step_up(session, services.authenticator, who, body.answer, now)
            line = entry(Action.STEP_UP, now, who.address, staff=who.staff)
        except StaffPasskeyRefused as error:
            refusal = error  # its challenge is used up all the same: that must be kept
            reason = str(error.parameters["reason"])
            line = entry(Action.STEP_UP, now, who.address, staff=who.staff, reason=reason, refused=True)
        audit.append(session, [line])
    if refusal is not None:
        raise refusal


@router.post("/passkeys/options", dependencies=[OwnForm])
def passkey_options(who: EnrollingDep, session: WriteSession, services: ServicesDep) -> dict[str, Any]:
    """What to ask a new authenticator for; only for whoever came in with an enrolment code."""
    return sessions.creation_options(session, services.authenticator, who, services.clock())


@router.post("/passkeys", status_code=204, dependencies=[OwnForm])
def new_passkey(
    body: StaffAnswerIn, who: EnrollingDep, response: Response, session: WriteSession, services: ServicesDep
) -> None:
    """Register the authenticator; whoever did is signed in."""
    now = services.clock()
    token = sessions.register(session, services.authenticator, who, body.answer, now)
    line = entry(Action.CREATE, now, who.address, staff=who.staff, what=ObjectKind.PASSKEY)
    audit.append(session, [line])
    set_staff_session(response, services, token)
