"""Sign-up without a Korean telephone. English first: whoever comes here has not chosen Korean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from backend.audit.terms import Action
from backend.errors import SaegimError
from backend.identity import foreign_numbers, foreigners, sessions
from backend.identity.consents import TEXTS, given
from backend.identity.errors import ForeignFormInvalid
from backend.identity.noting import note
from backend.identity.sign_up_pages import hospitals, kept_for, only_hospital
from backend.limits.door import Limited
from backend.limits.rules import Limit
from backend.rendering import error_body
from backend.security import OwnForm, VisitorDep, address_of, form_page, set_session
from backend.services import Services, ServicesDep
from backend.web.i18n import COOKIE, current_language
from chain.db import writing

router = APIRouter(prefix="/sign-up/foreign", include_in_schema=False)

SEE_OTHER = 303
PAGE = "/sign-up/foreign"
_FIELDS = ("surname", "given", "born", "gender", "nationality", "kind", "number", "sure")

Text = Annotated[str, Form(max_length=200)]


@router.get("", response_class=HTMLResponse)
def form(request: Request, who: VisitorDep, services: ServicesDep) -> Response:
    """Name, document, consents. Somebody signed in has an account."""
    if who is not None:
        return RedirectResponse("/me", SEE_OTHER)
    if "lang" not in request.query_params and COOKIE not in request.cookies:
        return RedirectResponse(f"{PAGE}?lang=en", SEE_OTHER)
    kept = kept_for(request, services, PAGE)
    shown = {field: (kept.get(field) or [""])[0] for field in _FIELDS}
    shown["kind"] = shown["kind"] or "passport"
    chosen = [int(each) for each in kept.get("hospital", []) if each.isdigit()] or only_hospital(services)
    return _page(request, services, shown, kept.get("consent", []), chosen)


@router.post("", dependencies=[OwnForm, Limited(Limit.SIGN_UP)])
def sign_up(
    request: Request,
    services: ServicesDep,
    surname: Text = "",
    given_names: Annotated[str, Form(alias="given", max_length=200)] = "",
    born: Text = "",
    gender: Text = "",
    nationality: Text = "",
    kind: Text = "",
    number: Text = "",
    sure: Text = "",
    consent: Annotated[list[str] | None, Form()] = None,
    hospital: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """An account that is 예비등록 and no more; the desk sees the document at the first visit."""
    values = (surname, given_names, born, gender, nationality, kind, number, sure)
    typed = dict(zip(_FIELDS, values, strict=True))
    kinds, chosen = consent or [], sorted(set(hospital or []) & set(hospitals(services)))
    now, agent = services.clock(), request.headers.get("user-agent", "")
    try:
        who = foreigners.read(typed, now)
        with writing(services.database) as session:
            person = foreigners.sign_up(session, services.vault, who, given(set(kinds)), chosen, now)
            token = sessions.open_session(session, person, "typed", agent, now)
            note(session, Action.SIGN_UP, now, address_of(request), person=person, reason="unchecked")
    except SaegimError as error:
        return _page(request, services, typed, kinds, chosen, error=error)
    answer = RedirectResponse("/me" if sessions.in_app_browser(agent) else "/me/devices", SEE_OTHER)
    set_session(answer, services, token)
    return answer


def _page(
    request: Request,
    services: Services,
    typed: dict[str, str],
    agreed: Sequence[str],
    chosen: Sequence[int],
    *,
    error: SaegimError | None = None,
) -> HTMLResponse:
    odd = isinstance(error, ForeignFormInvalid) and error.parameters["where"] == "check-digit"
    body: dict[str, Any] = {
        "typed": typed,
        "agreed": agreed,
        "chosen": chosen,
        "error": error_body(error) if error else None,
        "odd": odd or bool(typed["sure"]),
        "consents": TEXTS,
        "hospitals": [{"index": index, "name": name} for index, name in hospitals(services).items()],
        "countries": foreign_numbers.countries(current_language()),
        "in_app": sessions.in_app_browser(request.headers.get("user-agent", "")),
    }
    return form_page(request, services, "foreign.html", status=error.status if error else 200, **body)
