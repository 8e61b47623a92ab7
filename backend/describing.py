"""The API's description says of every address how it can refuse: from its dependencies, once for all.

An endpoint declares only the refusals of its own rules, by `refusals(PasskeyKnown, LastPasskey)`. What its
dependencies refuse (nobody signed in, a form that is not ours, a role, a limit), what every body can be (too large, too
slow, no JSON, of another form) and what can happen to us (500, 503) is added here. A dependency that another module
makes says what it refuses by an attribute, `refuses`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from backend.clients.endpoints import institution
from backend.clients.errors import ClientTokenRefused
from backend.devices.door import device
from backend.errors import (
    BadRequest,
    ErrorOut,
    InternalError,
    InvalidRequest,
    NotFound,
    RequestTooLarge,
    RequestTooSlow,
    SaegimError,
    ServiceUnavailable,
    Unauthenticated,
)
from backend.identity.errors import FormExpired, SignInRequired, StepUpRequired
from backend.oracle_door import oracle_body
from backend.security import own_form, proven, signed_in
from backend.staff.door import enrolling, staff
from backend.staff.errors import StaffSignInRequired

_REFUSED_BY: Final[Mapping[object, type[SaegimError]]] = {
    own_form: FormExpired,
    signed_in: SignInRequired,
    proven: StepUpRequired,
    staff: StaffSignInRequired,
    enrolling: StaffSignInRequired,
    institution: ClientTokenRefused,
    oracle_body: Unauthenticated,
    device: Unauthenticated,
}
_OF_A_BODY: Final = (BadRequest, RequestTooSlow, RequestTooLarge, InvalidRequest)
_ALWAYS: Final = (InternalError, ServiceUnavailable)
_MODEL: Final = {"$ref": "#/components/schemas/ErrorOut"}
_RETRY: Final = {
    "Retry-After": {"description": "Seconds to stay away", "required": True, "schema": {"type": "integer"}}
}


def refusals(*errors: type[SaegimError]) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of a route or router: how its own rules can refuse."""
    return {status: {"model": ErrorOut, "description": text} for status, text in _described(errors).items()}


def _described(errors: Iterable[type[SaegimError]]) -> dict[int, str]:
    """Status → the errors' codes, each with what it means."""
    said: dict[int, list[str]] = {}
    for error in errors:
        meaning = (error.__doc__ or "").strip().splitlines()[0]
        said.setdefault(error.status, []).append(f"`{error.__name__}`: {meaning}")
    return {status: "\n\n".join(sorted(set(texts))) for status, texts in said.items()}


def describe(app: FastAPI) -> None:
    """Add the refusals to the description when it is made."""
    generated = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generated()
            _add(app, schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _add(app: FastAPI, schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components["ErrorOut"] = ErrorOut.model_json_schema()
    for context in iter_route_contexts(app.routes):
        for method in getattr(context, "methods", None) or ():
            operation = schema["paths"].get(str(context.path), {}).get(method.lower())
            if operation is not None:
                _complete(operation, _errors_of(operation, context.dependant))
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)


def _errors_of(operation: dict[str, Any], dependant: Dependant) -> list[type[SaegimError]]:
    """What can refuse before the endpoint's own rules do."""
    found: list[type[SaegimError]] = list(_ALWAYS)
    for call in _calls(dependant):
        if call in _REFUSED_BY:
            found.append(_REFUSED_BY[call])
        found += getattr(call, "refuses", ())
    if "requestBody" in operation:
        found += _OF_A_BODY
    if operation.get("parameters"):
        found.append(InvalidRequest)
    if any(each.get("in") == "path" for each in operation.get("parameters", ())):
        found.append(NotFound)
    return found


def _calls(dependant: Dependant) -> Iterable[Callable[..., Any] | None]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)


def _complete(operation: dict[str, Any], errors: Iterable[type[SaegimError]]) -> None:
    """An endpoint's own words stay; FastAPI's form of a validation error, which is not ours, goes."""
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    for status, text in _described(errors).items():
        known = responses.setdefault(str(status), {"content": {"application/json": {"schema": _MODEL}}})
        own = known.get("description", "")
        known["description"] = own if text in own else f"{own}\n\n{text}".strip() if "`" in own else text
        if status == 429:
            known.setdefault("headers", {}).update(_RETRY)
