"""Every route of the application with its audience: whom it asks for, or why it is open to all.

A route whose dependencies ask for nobody and that is not in `OPEN` has no audience: `test_doors` fails until it is
given one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from backend.clients.endpoints import institution
from backend.devices.door import device
from backend.limits.errors import TooManyRequests
from backend.oracle_door import oracle_body
from backend.security import own_form, proven, signed_in
from backend.staff.door import enrolling, staff
from backend.staff.roles import StaffFunction

SAFE = frozenset({"GET", "HEAD"})


class Audience(StrEnum):
    """Whom a route is for."""

    PERSON = "person"
    STAFF = "staff"
    ENROLLING = "enrolling"
    INSTITUTION = "institution"
    DEVICE = "device"
    ORACLE = "oracle"
    ALL = "all"
    NOBODY = "nobody declared"


ASKED: dict[object, Audience] = {
    signed_in: Audience.PERSON,
    staff: Audience.STAFF,
    enrolling: Audience.ENROLLING,
    institution: Audience.INSTITUTION,
    device: Audience.DEVICE,
    oracle_body: Audience.ORACLE,
}

OPEN: dict[str, str] = {
    "/": "the first page says what this place is",
    "/view": "larger letters are for everybody, also before signing in",
    "/manifest.webmanifest": "a browser asks for it without cookies",
    "/service-worker.js": "a browser asks for it without cookies",
    "/offline": "shown where there is no network",
    "/scan": "somebody without an account scans a code",
    "/api/v1/codes": "reads a code in a picture; keeps and opens nothing",
    "/verify": "anybody checks a document (promise 2)",
    "/verify/offline": "how to check without us",
    "/verify/saegim-verify.html": "the verifier as a file",
    "/verify/network.json": "the network's trust file is public",
    "/api/v1/verifications": "anybody checks a document (promise 2)",
    "/api/v1/documents/{document_id}": "standing of a document to who knows its random id; nothing of its content",
    "/api/v1/documents/{document_id}/proof": "a proof without the credential",
    "/d/{token}": "the link itself is the permission: 192 random bits, for a time",
    "/d/{token}/bundle": "as above",
    "/sign-up": "how persons come in",
    "/sign-up/{verification_id}": "how persons come in; bound to the visit's cookie",
    "/sign-up/{verification_id}/confirm": "how persons come in; bound to the visit's cookie",
    "/sign-in": "how persons come in",
    "/api/v1/sign-in": "how persons come in",
    "/api/v1/sign-in/options": "how persons come in",
    "/sign-in/lost": "how persons come back who lost their telephone",
    "/sign-in/lost/code": "as above, with a code from the desk",
    "/sign-up/foreign": "how persons without a Korean telephone come in; provisional until the desk has seen them",
    "/continue": "leaves a messenger's browser with what was typed; bound to the visit's cookie",
    "/continue/{token}": "the link itself is the permission: random bits, once, for minutes",
    "/social/{provider}/sign-in": "how persons come in with an account elsewhere",
    "/social/{provider}/callback": "the provider's redirect; its state is bound to the visit's cookie and counts once",
    "/social/waiting/{attempt}": "how persons come in; bound to the visit's cookie",
    "/hooks/social/{provider}": "Kakao's and Naver's servers, by their key or signature (providers/social/notices.py)",
    "/staff/sign-in": "how the staff come in",
    "/staff/enrol": "how the staff come in the first time",
    "/api/v1/staff/sign-in": "how the staff come in",
    "/api/v1/staff/sign-in/options": "how the staff come in",
    "/api/v1/oauth/token": "how institutions' servers come in",
    "/api/v1/devices/pairings": "how devices come in; with a code and a proof of their key",
    "/api/v1/openapi.json": "the API's description",
    "/static": "files of the pages",
    "/healthz": "for supervisors; says nothing about anybody",
    "/readyz": "for supervisors; says nothing about anybody",
    "/metrics": "for Prometheus; says nothing about anybody; the reverse proxy keeps it inside (docs/operations.md)",
}
"""Path → why nobody is asked who they are."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `asked`: every dependency's function."""

    method: str
    path: str
    asked: frozenset[object]

    @property
    def audience(self) -> Audience:
        """Whom it is for."""
        found = {ASKED[each] for each in self.asked if each in ASKED}
        if found:
            assert len(found) == 1, f"{self} asks for {found}"
            return found.pop()
        return Audience.ALL if self.path in OPEN else Audience.NOBODY

    @property
    def api(self) -> bool:
        return self.path.startswith(("/api/", "/internal/"))

    @property
    def function(self) -> StaffFunction | None:
        """What of the staff's functions it needs, from `needs(…)`."""
        for each in self.asked:
            cells = getattr(each, "__closure__", None) or ()
            for cell in cells:
                if isinstance(cell.cell_contents, StaffFunction):
                    return cell.cell_contents
        return None

    @property
    def wants_own_form(self) -> bool:
        return own_form in self.asked

    @property
    def limited(self) -> bool:
        """Whether somebody who tries too often is refused."""
        return any(TooManyRequests in getattr(each, "refuses", ()) for each in self.asked)

    @property
    def wants_proof(self) -> bool:
        return proven in self.asked

    @property
    def parameters(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    def at(self, **values: object) -> str:
        """The address with its parameters; random ones where none is given."""
        parts = [
            str(values.get(part[1:-1], uuid4())) if part.startswith("{") else part
            for part in self.path.split("/")
        ]
        return "/".join(parts)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app: FastAPI) -> Iterator[Route]:
    """Every route, also those that the API's description leaves out."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        asked, waiting = set[object](), [dependant] if dependant is not None else []
        while waiting:
            one = waiting.pop()
            asked.add(one.call)
            waiting += one.dependencies
        methods = set(getattr(context, "methods", None) or {"GET"}) - {"HEAD"}
        for method in sorted(methods):
            yield Route(method, str(context.path), frozenset(asked))
