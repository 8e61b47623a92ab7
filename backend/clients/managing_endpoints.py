"""API for an institution's own administrator: its clients, their keys, scopes and standing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response

from backend.clients import managing
from backend.clients.endpoints import InstitutionDep
from backend.clients.errors import KeyProofRefused, NotAdministrator
from backend.clients.managing import Shown
from backend.clients.models import ClientState
from backend.clients.proof import HEADER, Act, body_digest
from backend.clients.schemas import ClientIn, ClientOut, KeyOut, KeysIn, ScopesIn
from backend.clients.scope import Institution
from backend.db import ReadSession, WriteSession
from backend.errors import ErrorOut
from backend.services import ServicesDep

_OWN: dict[int | str, dict[str, Any]] = {status: {"model": ErrorOut} for status in (401, 403)}
_ONE: dict[int | str, dict[str, Any]] = {status: {"model": ErrorOut} for status in (404, 409, 422)}

router = APIRouter(prefix="/institution/clients", tags=["institutions"], responses=_OWN)


def administrator(who: InstitutionDep, services: ServicesDep) -> Institution:
    """The institution's administrator. Raises NotAdministrator."""
    if not managing.is_administrator(services, who):
        raise NotAdministrator
    return who


administrator.refuses = (NotAdministrator,)  # type: ignore[attr-defined]  # for the API's description
AdministratorDep = Annotated[Institution, Depends(administrator)]


async def signed_act(
    request: Request,
    proof: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description=(
                "Required. A JWT signed with the manager client's present key for this one request: header `typ` is"
                " `saegim-client-keys+jwt`; claims `iss`, `sub` (the manager client's id), `aud` (the absolute"
                " address of /api/v1/institution/clients), `exp` (at most five minutes away), `jti` (counts once),"
                " `htm` (method), `htu` (path), `body` (base64url SHA-256 of the body's bytes)."
            ),
        ),
    ] = None,
) -> Act:
    """The request that a proof must be for, with the proof."""
    return Act(request.method, request.url.path, body_digest(await request.body()), proof or "")


signed_act.refuses = (KeyProofRefused,)  # type: ignore[attr-defined]
ActDep = Annotated[Act, Depends(signed_act)]


@router.get("")
def clients(who: AdministratorDep, session: ReadSession, services: ServicesDep) -> list[ClientOut]:
    """The institution's clients, oldest first; the one that asks is among them."""
    return [_out(each) for each in managing.every(services, session, who)]


@router.post("", status_code=201, responses={422: {"model": ErrorOut}})
def add(
    body: ClientIn, who: AdministratorDep, act: ActDep, session: WriteSession, services: ServicesDep
) -> ClientOut:
    """Register a server, for scopes that the institution's data-scope sheet names. Signed besides the token."""
    made = managing.add(services, session, who, act, name=body.name, scopes=body.scopes, jwks=body.jwks)
    return _out(made)


@router.put("/{client}/keys", responses=_ONE)
def rotate(
    client: UUID,
    body: KeysIn,
    who: AdministratorDep,
    act: ActDep,
    session: WriteSession,
    services: ServicesDep,
) -> ClientOut:
    """The client's keys are exactly these from now on; its tokens end at once. Signed besides the token."""
    return _out(managing.rotate(services, session, who, act, client, body.jwks))


@router.put("/{client}/scopes", responses=_ONE)
def narrow(
    client: UUID, body: ScopesIn, who: AdministratorDep, session: WriteSession, services: ServicesDep
) -> ClientOut:
    """The client may ask for these only, of what it had; more than that the hospital's operator gives."""
    return _out(managing.narrow(services, session, who, client, body.scopes))


@router.post("/{client}/suspend", responses=_ONE)
def suspend(client: UUID, who: AdministratorDep, session: WriteSession, services: ServicesDep) -> ClientOut:
    """Let a client in no more; its tokens end at once."""
    return _out(managing.set_state(services, session, who, client, ClientState.PAUSED))


@router.post("/{client}/resume", responses=_ONE)
def resume(client: UUID, who: AdministratorDep, session: WriteSession, services: ServicesDep) -> ClientOut:
    """Let a suspended client in again."""
    return _out(managing.set_state(services, session, who, client, ClientState.ACTIVE))


@router.delete("/{client}", status_code=204, responses=_ONE)
def remove(client: UUID, who: AdministratorDep, session: WriteSession, services: ServicesDep) -> Response:
    """Remove a client for good, with its keys and tokens."""
    managing.set_state(services, session, who, client, ClientState.REMOVED)
    return Response(status_code=204)


def _out(shown: Shown) -> ClientOut:
    client = shown.client
    return ClientOut(
        id=client.id,
        name=client.name,
        scopes=client.scopes.split(),
        state=str(client.state),
        created_at=client.created_at,
        keys=[KeyOut(kid=key.kid, algorithm=key.algorithm, added_at=key.added_at) for key in shown.keys],
    )
