"""What a patient reads about who used their record: the page and the API, for whoever knows the reader.

Who is signed in, and whose records are theirs, is not decided here: `routers` takes a dependency that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from backend.audit import service, view
from backend.audit.models import AuditEvent
from backend.audit.schemas import AccessesOut, AccessOut
from backend.audit.terms import ActorKind, Both
from backend.db import ReadSession
from backend.errors import ErrorOut, NotFound
from backend.web.i18n import current_language
from backend.web.templating import page

LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One patient whose log the reader may read: the blind index, and what to call the record ("…시립병원")."""

    patient: str
    label: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is signed in, and as which patients. Made only by what decides access.

    family: what guardians and delegates are called, by their identifier in the log.
    """

    person: str
    records: Sequence[OwnRecord]
    family: Mapping[str, Both] = field(default_factory=dict)

    def naming(self, otherwise: view.Naming | None) -> view.Naming:
        """Family by name, others as `otherwise` knows them."""

        def known(kind: ActorKind, actor: str) -> Both | None:
            own = self.family.get(actor) if kind is ActorKind.PERSON else None
            return own or (otherwise(kind, actor) if otherwise is not None else None)

        return known


@dataclass(frozen=True, slots=True)
class Routers:
    """`pages` is mounted at the root, `api` under /api/v1."""

    pages: APIRouter
    api: APIRouter


Record = Annotated[int, Query(ge=0, lt=100, description="Which of the reader's own records, from 0")]
Before = Annotated[int | None, Query(ge=1, le=LARGEST, description="Only lines with a smaller number")]


def routers(reader_of: Callable[..., Reader], naming: view.Naming | None = None) -> Routers:
    """The page `/me/accesses` and the API `/me/accesses`.

    Args:
        reader_of: FastAPI dependency: the signed-in reader, or an error that says to sign in.
        naming: what staff and institutions are called.
    """
    signed_in: Reader = Depends(reader_of)  # FastAPI puts the reader in its place
    return Routers(_pages(signed_in, naming), _api(signed_in, naming))


def _pages(signed_in: Reader, naming: view.Naming | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/me/accesses", response_class=HTMLResponse)
    def accesses_page(
        request: Request,
        session: ReadSession,
        record: Record = 0,
        before: Before = None,
        reader: Reader = signed_in,
    ) -> HTMLResponse:
        """Who used my record, newest first."""
        found = _page(session, reader, record, before)
        rows = [view.row(event, reader=reader.person, naming=reader.naming(naming)) for event in found.events]
        return page(
            request,
            "accesses.html",
            rows=[(each, _say(each.sentence)) for each in rows],
            records=[own.label for own in reader.records],
            chosen=record,
            first=before is None,
            before=found.before,
            proven=_say(view.moment(at)) if (at := _proven_until(session)) is not None else None,
        )

    return router


def _api(signed_in: Reader, naming: view.Naming | None) -> APIRouter:
    router = APIRouter(tags=["accesses"])

    @router.get(
        "/me/accesses",
        responses={401: {"model": ErrorOut}, 404: {"model": ErrorOut}, 422: {"model": ErrorOut}},
    )
    def accesses(
        session: ReadSession, record: Record = 0, before: Before = None, reader: Reader = signed_in
    ) -> AccessesOut:
        """Who used my record, newest first."""
        found = _page(session, reader, record, before)
        lines = [_out(event, reader, naming) for event in found.events]
        return AccessesOut(accesses=lines, before=found.before, proven_until=_proven_until(session))

    return router


def _page(session: Session, reader: Reader, record: int, before: int | None) -> service.Page:
    """A page of one of the reader's own records; none of them has been bound yet: nothing to show."""
    if not reader.records and record == 0:
        return service.Page([], None)
    if record >= len(reader.records):
        raise NotFound
    return service.of_patient(session, reader.records[record].patient, before)


def _out(event: AuditEvent, reader: Reader, naming: view.Naming | None) -> AccessOut:
    seen = view.row(event, reader=reader.person, naming=reader.naming(naming))
    return AccessOut(
        number=seen.number,
        at=seen.at,
        actor_kind=event.actor_kind,
        yours=seen.yours,
        action=event.action,
        object_kind=event.object_kind,
        object_id=event.object_id,
        outcome=event.outcome,
        reason=seen.reason,
        sentence=_say(seen.sentence),
    )


def _proven_until(session: Session) -> datetime | None:
    anchored = service.last_anchored(session)
    return anchored.made_at if anchored is not None else None


def _say(text: Both) -> str:
    return text.ko if current_language() == "ko" else text.en
