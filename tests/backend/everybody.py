"""One of each of those whom the backend knows, before one backend: tests send requests as whom a route is for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from backend_world import World
from colleague import Colleague
from fastapi.testclient import TestClient
from household import CHILD, Household
from httpx import Response
from insurer import RECEIPT, Insurer, public
from joserfc.jwk import ECKey
from machine import Machine
from requests import PreparedRequest
from route_book import Audience, Route, routes
from visitor import Browser

from backend.clients.managing_endpoints import administrator, signed_act
from backend.clients.scope import MANAGE
from backend.identity import sessions as persons
from backend.identity.sessions import form_token
from backend.limits.rules import Limit
from backend.staff.roles import Role, may
from chain.db import reading, writing

HOP_BY_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""What the client writes itself."""


class Everybody:
    """One of each of those whom the API knows, and what is theirs."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.settings.limits = ", ".join(f"{each}=off" for each in Limit)
        self.routes = {str(route): route for route in routes(self.world.app)}
        home = Household(self.world)
        self.person = home.person(1, born=date(1985, 5, 5), patient=CHILD)
        assert self.person.add_passkey().status_code == 201
        self.person_id = home.id_of(self.person)
        self.theirs = {
            "document_id": home.delivered(CHILD),
            "passkey": self.person.ask("GET", "/me/passkeys").json()[0]["id"],
            "tie": str(home.ask(self.person, date(2020, 1, 1))),
        }
        self.staff = {role: Colleague(self.world, role).come_in() for role in Role}
        self.newcomer = Colleague(self.world, Role.DOCTOR)
        assert self.newcomer.enrol().status_code == 303
        self.insurer = Insurer(self.world)
        self.token = self.insurer.token()
        self.theirs["client"] = self.insurer.register([RECEIPT], public(ECKey.generate_key("P-256"), "other"))
        self.administrators_token = self._administrators_token()
        self.machine = Machine(self.world)
        assert self.machine.pair().status_code == 201
        self.nobody = Browser(self.world)

    def send(self, route: Route, request: PreparedRequest) -> Response:
        """As the one whom the route is for, with all that one brings."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        client, own = self._as(route, request, body)
        return client.request(
            str(request.method), str(request.url), headers=headers | own, content=body, follow_redirects=False
        )

    def bare(self, request: PreparedRequest) -> Response:
        """As nobody, with nothing."""
        self.nobody.client.cookies.clear()
        self.nobody.token = ""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        return self.nobody.client.request(
            str(request.method), str(request.url), headers=headers, content=body
        )

    def _as(self, route: Route, request: PreparedRequest, body: bytes) -> tuple[TestClient, dict[str, str]]:
        if route.audience is Audience.PERSON:
            return self.person.client, {"x-form-token": self._session()}
        if route.audience is Audience.STAFF:
            able = next(role for role in Role if route.function is None or may(role, route.function))
            return self._with_form(self.staff[able], "/staff")
        if route.audience is Audience.ENROLLING:
            return self._with_form(self.newcomer, "/staff/enrol/passkey")
        if route.audience is Audience.INSTITUTION:
            token = self.administrators_token if administrator in route.asked else self.token
            given = {"authorization": f"Bearer {token}"}
            if signed_act in route.asked:
                given["saegim-key-proof"] = self._key_proof(str(request.method), request.path_url, body)
            return self.insurer.http, given
        if route.audience is Audience.ORACLE:
            return self.nobody.client, {"authorization": f"Bearer {self.world.tokens.token(body)}"}
        if route.audience is Audience.DEVICE:
            proof = self.machine.proof(str(request.method), request.path_url, body)
            return self.machine.client, {"authorization": f"Device {proof}"}
        return self._with_form(self.nobody, "/staff/sign-in" if "/staff" in route.path else "/sign-in")

    def _administrators_token(self) -> str:
        """Of the client by which the institution manages its others."""
        of_data = self.insurer.key, self.insurer.id
        self.insurer.key = ECKey.generate_key("P-256")
        self.insurer.id = self.insurer.register([MANAGE], public(self.insurer.key, self.insurer.kid))
        self.administrator = self.insurer.key, self.insurer.id
        try:
            return self.insurer.token()
        finally:
            self.insurer.key, self.insurer.id = of_data

    def _key_proof(self, method: str, path: str, body: bytes) -> str:
        """Of the same client, for one request that adds a client or changes keys."""
        of_data = self.insurer.key, self.insurer.id
        self.insurer.key, self.insurer.id = self.administrator
        try:
            return self.insurer.key_proof(method, path.partition("?")[0], body)
        finally:
            self.insurer.key, self.insurer.id = of_data

    def _session(self) -> str:
        """The form token of a session that holds: another one when the last request ended it."""
        now = self.world.clock()
        token = self.person.client.cookies.get("session") or ""
        with reading(self.world.services.database) as session:
            found, _ = persons.find(session, token, now)
        if found is None or not found.proven:
            with writing(self.world.services.database) as session:
                token = persons.open_session(session, self.person_id, "passkey", "", now)
            self.person.client.cookies.clear()
            self.person.client.cookies.set("session", token)
        return form_token(token)

    def _with_form(self, browser: Browser, page: str) -> tuple[TestClient, dict[str, str]]:
        if not browser.token or not browser.client.cookies:
            browser.open(page)
        return browser.client, {"x-form-token": browser.token}
