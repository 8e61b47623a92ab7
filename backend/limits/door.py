"""How a route says that it is limited: `dependencies=[Limited(Limit.PAIRING), Guessed(Door.PAIRING, by_path("id"))]`.

`Limited` counts the request. `Guessed` looks whether its sender is locked out and counts a wrong answer; which answers
are wrong it knows by their status, whether the endpoint raised them or made a page of them. The counting after the
answer is `CountGuesses` in the middleware: by then the endpoint's own transaction has ended.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.limits import service
from backend.limits.errors import TooManyRequests
from backend.limits.rules import Limit
from backend.limits.service import Tried, block_of
from backend.security import address_of, visitor
from backend.services import Services, ServicesDep


class Door(StrEnum):
    """Where somebody could guess."""

    SIGN_IN = "sign-in"
    STEP_UP = "step-up"
    STAFF_SIGN_IN = "staff-sign-in"
    ENROLMENT = "enrolment"
    PHONE_CODE = "phone-code"
    FAMILY_CODE = "family-code"
    ENTRY_CODE = "entry-code"
    PAIRING = "pairing"
    SHARE_LINK = "share-link"
    DOCUMENT = "document"


WRONG = frozenset({401, 404, 409, 410})
_SAFE = frozenset({"GET", "HEAD"})

Account = Callable[[Request], Awaitable[str]]
"""Whose answer it claims to be; empty when it names nobody."""


async def nobody(request: Request) -> str:
    """The door has no accounts."""
    return ""


def by_path(name: str) -> Account:
    """A part of the address."""

    async def account(request: Request) -> str:
        return str(request.path_params.get(name, ""))

    return account


def by_field(name: str) -> Account:
    """A field of a form."""

    async def account(request: Request) -> str:
        if "form" not in request.headers.get("content-type", ""):
            return ""
        return str((await request.form()).get(name, "")).strip()

    return account


async def by_credential(request: Request) -> str:
    """The credential that an authenticator's answer names (`answer.id` of a JSON body)."""
    try:
        body: Any = json.loads(await request.body())
        return str(body["answer"]["id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


async def by_person(request: Request) -> str:
    """Who is signed in."""
    who = await run_in_threadpool(visitor, request, request.app.state.services)
    return str(who.person) if who is not None else ""


def Limited(limit: Limit) -> Any:
    """A dependency: so many requests from one address block. Raises TooManyRequests."""

    def limited(request: Request, services: ServicesDep) -> None:
        address = address_of(request)
        service.spend(services, Tried(limit, block_of(address)), address=address)

    return _refusing(limited)


def Guessed(door: Door, account: Account = nobody, *, wrong: frozenset[int] = WRONG) -> Any:
    """A dependency: whoever gave too many wrong answers at this door is locked out for a time.

    Where something is changed, a try is counted before it is looked at, so that a thousand at the same moment are no
    more than five; where something is read, only a wrong one is counted, so that a right one costs no write.

    Args:
        account: whose answer it claims to be.
        wrong: statuses of wrong answers; one of 400 and above that is not among them counts neither way.
    """

    async def guessed(request: Request, services: ServicesDep) -> None:
        address = address_of(request)
        tried = _tried(door, await account(request), block_of(address))
        first = request.method not in _SAFE
        if first:
            await run_in_threadpool(service.spend, services, *tried, address=address)
        else:
            await run_in_threadpool(service.check, services, *tried)
        request.state.guess = Guess(services, tried, wrong, first, address)

    return _refusing(guessed)


def _refusing(dependency: Callable[..., Any]) -> Any:
    """The API's description names the refusal (backend/describing.py)."""
    dependency.refuses = (TooManyRequests,)  # type: ignore[attr-defined]
    return Depends(dependency)


def _tried(door: Door, account: str, block: str) -> tuple[Tried, ...]:
    of_address = Tried(Limit.GUESS_ADDRESS, block, door)
    account = account[:500].encode("utf-8", "backslashreplace").decode()  # JSON can carry half a character
    if not account:
        return (of_address,)
    pair = Tried(Limit.GUESS_PAIR, f"{block} {account}", door)
    return (pair, of_address, Tried(Limit.GUESS_ACCOUNT, account, door))


@dataclass(frozen=True, slots=True)
class Guess:
    """A try whose answer is awaited. `spent`: it was counted already."""

    services: Services
    tried: tuple[Tried, ...]
    wrong: frozenset[int]
    spent: bool
    address: str

    def settle(self, status: int, *, refused: bool) -> None:
        """Count by what the answer was. `refused`: it is an error, though its status may be a redirection's."""
        wrong = status in self.wrong
        if self.spent and not wrong:
            service.give_back(self.services, *self.tried, right=status < 400 and not refused)
        elif not self.spent and wrong:
            try:
                service.spend(self.services, *self.tried, address=self.address)
            except TooManyRequests:
                return  # the next one is told


class CountGuesses:
    """Settles a `Guess` when the answer begins."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def settle_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                state = scope.get("state", {})
                guess: Guess | None = state.pop("guess", None)
                if guess is not None:
                    refused = state.get("refused", False)
                    await run_in_threadpool(partial(guess.settle, message["status"], refused=refused))
            await send(message)

        await self.app(scope, receive, settle_and_send)
