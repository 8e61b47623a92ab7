"""The staff's session in a request: another cookie than the patients', and what a role may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from backend.audit import service as audit
from backend.audit.terms import Action, ObjectKind
from backend.security import address_of, own_address, staff_cookie
from backend.services import Services, ServicesDep
from backend.staff.errors import NotYourRole, StaffSignInRequired
from backend.staff.noting import entry
from backend.staff.roles import StaffFunction, may
from backend.staff.sessions import StaffSignedIn, find, need_proof, note_seen
from chain.db import reading, writing

HOME = "/staff"

_ACTIONS = {
    StaffFunction.BIND: (Action.LINK, ObjectKind.REGISTRATION),
    StaffFunction.BREAK_GLASS: (Action.BREAK_GLASS, ObjectKind.RECORDS),
    StaffFunction.VISIT_CHECK: (Action.READ, ObjectKind.ELIGIBILITY),
    StaffFunction.REVIEW: (Action.BREAK_GLASS_REVIEW, ObjectKind.RECORDS),
    StaffFunction.DEVICES: (Action.CHANGE, ObjectKind.DEVICE),
}
"""How a refusal of each function stands in the log."""


def set_staff_session(response: Response, services: Services, token: str) -> None:
    """Give the browser its session."""
    https = services.settings.public_url.startswith("https://")
    name = staff_cookie(services)
    response.set_cookie(name, token, path="/", secure=https, httponly=True, samesite="strict")


def end_staff_session(response: Response, services: Services) -> None:
    """Take the cookie back."""
    https = services.settings.public_url.startswith("https://")
    name = staff_cookie(services)
    response.delete_cookie(name, path="/", secure=https, httponly=True, samesite="strict")


def staff_visitor(request: Request, services: ServicesDep) -> StaffSignedIn | None:
    """Who of the staff is in this browser, if anyone."""
    now = services.clock()
    with reading(services.database) as session:
        found, due = find(session, request.cookies.get(staff_cookie(services)), now)
    if found is not None and due:
        with writing(services.database) as session:
            note_seen(session, found, now)
    return found and replace(found, address=address_of(request))


StaffVisitorDep = Annotated[StaffSignedIn | None, Depends(staff_visitor)]


def staff(found: StaffVisitorDep) -> StaffSignedIn:
    """Raises StaffSignInRequired; a session that only enrols is none."""
    if found is None or found.enrolling:
        raise StaffSignInRequired
    return found


StaffDep = Annotated[StaffSignedIn, Depends(staff)]


def enrolling(found: StaffVisitorDep) -> StaffSignedIn:
    """Somebody who came in with a code. Raises StaffSignInRequired."""
    if found is None or not found.enrolling:
        raise StaffSignInRequired
    return found


EnrollingDep = Annotated[StaffSignedIn, Depends(enrolling)]


def needs(function: StaffFunction) -> Callable[[StaffSignedIn, Services], StaffSignedIn]:
    """A dependency: somebody whose role may do this. Whom it refuses is in the log."""

    def allowed(who: StaffDep, services: ServicesDep) -> StaffSignedIn:
        if may(who.role, function):
            return who
        action, what = _ACTIONS[function]
        now = services.clock()
        line = entry(action, now, who.address, staff=who.staff, what=what, reason="role", refused=True)
        audit.record(services.database, [line])
        raise NotYourRole

    allowed.refuses = (NotYourRole,)  # type: ignore[attr-defined]  # for the API's description
    return allowed


DeskDep = Annotated[StaffSignedIn, Depends(needs(StaffFunction.BIND))]
ClinicianDep = Annotated[StaffSignedIn, Depends(needs(StaffFunction.BREAK_GLASS))]
VisitDeskDep = Annotated[StaffSignedIn, Depends(needs(StaffFunction.VISIT_CHECK))]
ReviewerDep = Annotated[StaffSignedIn, Depends(needs(StaffFunction.REVIEW))]
DeviceKeeperDep = Annotated[StaffSignedIn, Depends(needs(StaffFunction.DEVICES))]


def proven_desk(who: DeskDep) -> StaffSignedIn:
    """Raises StaffStepUpRequired, for pages that lead to a binding."""
    need_proof(who)
    return who


def proven_clinician(who: ClinicianDep) -> StaffSignedIn:
    """Raises StaffStepUpRequired, for pages that lead to an emergency access."""
    need_proof(who)
    return who


def proven_keeper(who: DeviceKeeperDep) -> StaffSignedIn:
    """Raises StaffStepUpRequired, for pages that lead to letting a machine in or shutting one out."""
    need_proof(who)
    return who


ProvenDeskDep = Annotated[StaffSignedIn, Depends(proven_desk)]
ProvenClinicianDep = Annotated[StaffSignedIn, Depends(proven_clinician)]
ProvenKeeperDep = Annotated[StaffSignedIn, Depends(proven_keeper)]


def staff_address(wanted: str | None) -> str:
    """Where to go back to: a page of the staff, never another one's or a patient's."""
    found = own_address(wanted, HOME)
    return found if found == HOME or found.startswith(f"{HOME}/") else HOME
