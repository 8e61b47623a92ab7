"""API of the family domain: for whom the signed-in person may do what, and ending it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from backend.db import ReadSession, WriteSession
from backend.errors import ErrorOut
from backend.family import service
from backend.family.matrix import Verdict
from backend.family.schemas import CaredOut
from backend.family.service import Member, Standing
from backend.functions import Function
from backend.security import OwnForm, SignedInDep
from backend.services import ServicesDep

_ERRORS: dict[int | str, dict[str, Any]] = {401: {"model": ErrorOut}}
_CHANGES: dict[int | str, dict[str, Any]] = {status: {"model": ErrorOut} for status in (403, 404, 422)}

router = APIRouter(prefix="/me/family", tags=["family"], responses=_ERRORS)


@router.get("")
def cared_for(who: SignedInDep, session: ReadSession, services: ServicesDep) -> list[CaredOut]:
    """For whom the signed-in person may do what, at this moment, by the family matrix."""
    return [_out(member, standing) for member, standing in service.members(services, session, who)]


@router.delete("/{tie}", status_code=204, dependencies=[OwnForm], responses=_CHANGES)
def end(tie: UUID, who: SignedInDep, session: WriteSession, services: ServicesDep) -> Response:
    """A delegation or guardianship ends at once: asked by whoever acts, or by the adult who gave it."""
    service.end(session, services.vault, who, tie, services.clock())
    return Response(status_code=204)


def _out(member: Member, standing: Standing) -> CaredOut:
    def those(verdict: Verdict) -> list[str]:
        return [each.value for each in Function if standing.decide(each).verdict is verdict]

    return CaredOut(
        id=member.id,
        name=member.name,
        relation=standing.relation,
        delegated=standing.delegated,
        age_band=standing.band,
        allowed=those(Verdict.ALLOWED),
        with_consent=those(Verdict.CONSENT),
        at_desk=those(Verdict.DESK),
    )
