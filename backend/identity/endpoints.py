"""API of the identity domain: passkey ceremonies, sessions, the person's own passkeys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from backend.audit.terms import Action, ObjectKind
from backend.db import ReadSession, WriteSession
from backend.errors import ErrorOut
from backend.identity import passkeys, sessions
from backend.identity.errors import PasskeyNotFound, PasskeyRefused
from backend.identity.models import Purpose
from backend.identity.noting import note
from backend.identity.schemas import (
    AnswerIn,
    NameIn,
    NewPasskeyIn,
    OptionsOut,
    PasskeyOut,
    SessionOut,
    SignedInOut,
)
from backend.limits.door import Door, Guessed, Limited, by_credential, by_person
from backend.limits.rules import Limit
from backend.security import OwnForm, ProvenDep, SignedInDep, address_of, end_session, set_session
from backend.services import ServicesDep
from chain.db import writing

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (401, 403, 404, 409, 422)
}

router = APIRouter(tags=["identity"], responses=REFUSALS)


@router.post("/sign-in/options", dependencies=[OwnForm, Limited(Limit.SIGN_IN)])
def sign_in_options(session: WriteSession, services: ServicesDep) -> OptionsOut:
    """What to ask an authenticator for to sign in; the person chooses among their passkeys."""
    options = passkeys.begin(session, services.authenticator, Purpose.SIGN_IN, services.clock())
    return OptionsOut.model_validate(options)


@router.post("/sign-in", dependencies=[OwnForm, Guessed(Door.SIGN_IN, by_credential)])
def sign_in(body: AnswerIn, request: Request, response: Response, services: ServicesDep) -> SignedInOut:
    """Sign in with a passkey; the session comes as a cookie."""
    now, server = services.clock(), services.authenticator
    person: UUID | None = None
    with writing(services.database) as session:
        try:
            person = passkeys.check(session, server, body.answer, Purpose.SIGN_IN, now).person_id
        except PasskeyRefused as error:
            refusal = error  # its challenge is used up all the same: that must be kept
            reason = str(error.parameters["reason"])
            note(session, Action.SIGN_IN_REFUSED, now, address_of(request), person=None, refused=reason)
        else:
            token = sessions.open_session(
                session, person, "passkey", request.headers.get("user-agent", ""), now
            )
            note(session, Action.SIGN_IN, now, address_of(request), person=person)
    if person is None:
        raise refusal
    set_session(response, services, token)
    return SignedInOut(person=person, proven=True)


@router.post("/sign-out", status_code=204, dependencies=[OwnForm])
def sign_out(who: SignedInDep, response: Response, session: WriteSession, services: ServicesDep) -> None:
    """End this session."""
    now = services.clock()
    sessions.end(session, who.person, now, only=who.session)
    end_session(response, services)
    note(session, Action.SIGN_OUT, now, who.address, person=who.person)


@router.get("/me")
def me(who: SignedInDep) -> SignedInOut:
    """Who is signed in."""
    return SignedInOut(person=who.person, proven=who.proven)


@router.post("/me/step-up/options", dependencies=[OwnForm])
def step_up_options(who: SignedInDep, session: WriteSession, services: ServicesDep) -> OptionsOut:
    """What to ask one of the person's own authenticators for, to prove that they are there."""
    now = services.clock()
    options = passkeys.begin(session, services.authenticator, Purpose.STEP_UP, now, who.person)
    return OptionsOut.model_validate(options)


@router.post("/me/step-up", dependencies=[OwnForm, Guessed(Door.STEP_UP, by_person)])
def step_up(body: AnswerIn, who: SignedInDep, services: ServicesDep) -> SignedInOut:
    """Prove to be there, with a passkey of one's own."""
    now, refusal = services.clock(), None
    with writing(services.database) as session:
        try:
            passkeys.check(session, services.authenticator, body.answer, Purpose.STEP_UP, now, who.person)
            sessions.note_proven(session, who, now)
            note(session, Action.STEP_UP, now, who.address, person=who.person)
        except PasskeyRefused as error:
            refusal = error
    if refusal is not None:
        raise refusal
    return SignedInOut(person=who.person, proven=True)


@router.get("/me/passkeys")
def own_passkeys(who: SignedInDep, session: ReadSession) -> list[PasskeyOut]:
    """The person's passkeys, oldest first."""
    return [PasskeyOut.model_validate(key, from_attributes=True) for key in passkeys.of(session, who.person)]


@router.post("/me/passkeys/options", dependencies=[OwnForm])
def new_passkey_options(who: ProvenDep, session: WriteSession, services: ServicesDep) -> OptionsOut:
    """What to ask a new authenticator for."""
    now = services.clock()
    options = passkeys.begin(session, services.authenticator, Purpose.REGISTER, now, who.person)
    return OptionsOut.model_validate(options)


@router.post("/me/passkeys", status_code=201, dependencies=[OwnForm])
def new_passkey(
    body: NewPasskeyIn, who: ProvenDep, session: WriteSession, services: ServicesDep
) -> PasskeyOut:
    """Register a new authenticator."""
    server, now = services.authenticator, services.clock()
    made = passkeys.register(session, server, who.person, body.answer, body.name, now)
    note(session, Action.CREATE, now, who.address, person=who.person, what=ObjectKind.PASSKEY, which=made.id)
    return PasskeyOut.model_validate(made, from_attributes=True)


@router.patch("/me/passkeys/{passkey}", dependencies=[OwnForm])
def rename_passkey(passkey: UUID, body: NameIn, who: SignedInDep, session: WriteSession) -> PasskeyOut:
    """Call a passkey something else."""
    passkeys.rename(session, who.person, passkey, body.name)
    found = next((key for key in passkeys.of(session, who.person) if key.id == passkey), None)
    if found is None:
        raise PasskeyNotFound
    return PasskeyOut.model_validate(found, from_attributes=True)


@router.delete("/me/passkeys/{passkey}", status_code=204, dependencies=[OwnForm])
def remove_passkey(passkey: UUID, who: ProvenDep, session: WriteSession, services: ServicesDep) -> None:
    """A passkey no longer lets anyone in."""
    now = services.clock()
    passkeys.remove(session, who.person, passkey, now)
    note(session, Action.ERASE, now, who.address, person=who.person, what=ObjectKind.PASSKEY, which=passkey)


@router.get("/me/sessions")
def own_sessions(who: SignedInDep, session: ReadSession) -> list[SessionOut]:
    """Where the person is signed in, newest first."""
    return [
        SessionOut(
            id=each.id,
            browser=each.browser,
            method=each.method,
            created_at=each.created_at,
            seen_at=each.seen_at,
            current=each.id == who.session,
        )
        for each in sessions.of(session, who.person)
    ]


@router.delete("/me/sessions/{other}", status_code=204, dependencies=[OwnForm])
def end_other_session(other: UUID, who: SignedInDep, session: WriteSession, services: ServicesDep) -> None:
    """Sign out elsewhere. A session that is not one's own, or has ended, changes nothing."""
    sessions.end(session, who.person, services.clock(), only=other)
