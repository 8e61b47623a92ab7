"""One hospital's counter (창구) before the backend: staff, patients of the sandbox's register, and the gateway."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from backend_world import World
from colleague import Colleague
from household import Household
from httpx import Response
from sqlalchemy import text
from visitor import Browser

from backend.access import ReadablePatientId, at_visit_desk
from backend.eligibility.service import By
from backend.providers.eligibility import GatewayConfig, GatewayEligibility
from backend.providers.http import Limits
from backend.staff.roles import Role
from backend.staff.sessions import StaffSignedIn
from backend.web.dates import KOREA
from chain.db import reading
from sandbox.eligibility.service import INSTITUTION, TOKEN, create_app
from sandbox.faults import Fault
from sandbox.people import Person, person
from tests.fixtures.served import Stage

INSURED, AID_CHOSEN, AID_TWO, LOST, SUSPENDED, CLOSED, SPECIAL, NEAR_POOR, VETERAN = range(1, 10)
AID_ONE = 22
"""What covers somebody, as the register's first person of the kind; 2 has a 선택의료급여기관, 22 has none."""
EVERY = 40
"""Who is that much further in the register is covered alike."""
NOON = datetime(2026, 11, 24, 12, tzinfo=KOREA)
BORN = date(2000, 1, 1)
BASE = "/staff/eligibility"
QUICK = Limits(connect=2.0, read=0.4, whole=5.0, attempts=3)


class Counter:
    """The desk of hospital 1. `desk` is the one signed in; `stand_in` the gateway's application."""

    def __init__(self, world: World, stage: Stage, address: str) -> None:
        self.world = world
        world.late = NOON - world.case.now
        self.stand_in = stage.app = create_app()
        config = GatewayConfig(address, TOKEN, INSTITUTION, limits=QUICK)
        self.adapter = GatewayEligibility(config, world.clock, sleep=lambda seconds: None)
        settings = world.settings.model_copy(update={"eligibility_institution": INSTITUTION})
        world.services = replace(world.services, settings=settings, eligibility=self.adapter)
        world.app.state.services = world.services
        self.home = Household(world)
        self.desk = Colleague(world, Role.REGISTRATION).come_in()
        self._next, self._accounts = count(), count(1)

    def begin(self) -> None:
        """Before a test: no fault is left, the desk is signed in."""
        self.well()
        self.signed_in()

    def signed_in(self) -> None:
        """A session of the staff ends after a quarter of an hour: sign in anew if it has."""
        if self.desk.open("/staff").status_code != 200:
            assert self.desk.staff_sign_in().status_code == 204
            self.desk.open("/staff")

    def fresh(self, kind: int) -> int:
        """A grown-up covered like `kind` whom no test has met yet."""
        return next(found for each in self._next if person(found := kind + EVERY * each).birth < BORN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.adapter.close()

    # --- days

    @property
    def today(self) -> date:
        return self.home.today

    def midnight(self, day: date, before: timedelta = timedelta(0)) -> None:
        """Move the clock to a day's first moment in Korea, or a little before it; the desk signs in anew."""
        moment = datetime(day.year, day.month, day.day, tzinfo=KOREA) - before
        assert moment >= self.world.clock(), "days go on"
        self.world.late += moment - self.world.clock()
        self.signed_in()

    # --- the gateway

    def fails(self, fault: Fault, times: int = 1) -> None:
        self.stand_in.state.faults.add(fault, times=times, seconds=2.0)

    def well(self) -> None:
        """No more faults, and nobody waits for the circuit to close."""
        self.stand_in.state.faults.clear()
        self.adapter._http.circuit.succeeded()

    @property
    def ledger(self) -> Any:
        return self.stand_in.state.ledger

    # --- patients

    def known(self, index: int, desk: Browser | None = None) -> UUID:
        """Opened at the desk with identity card and number; the identifier from then on."""
        who = person(index)
        desk = desk or self.desk
        desk.open(BASE)
        answer = desk.send(
            BASE, number=who.number, name=who.name, birth=who.birth.isoformat(), insured=who.resident
        )
        assert answer.status_code == 303, answer.text
        return UUID(answer.headers["location"].rsplit("/", 1)[1])

    def whose(self, index: int) -> ReadablePatientId:
        """Permission to the patient, as the desk has it."""
        return at_visit_desk(self.member, self.world.services.vault.blind_index(person(index).number))

    @property
    def member(self) -> StaffSignedIn:
        return StaffSignedIn(self.desk.id, Role.REGISTRATION, 1, "", False)

    @property
    def by(self) -> By:
        return By.staff(self.member)

    def signed_up(self, index: int, *, bound: bool = True) -> Browser:
        """The same person with an account of their own, bound as the first visit does."""
        who = person(index)
        self.world.agency.knows(who.phone, name=who.name, number=next(self._accounts))
        known = self.world.agency.people[who.phone]
        self.world.agency.people[who.phone] = replace(known, birth_date=who.birth)
        browser = Browser(self.world)
        assert browser.sign_up(who.phone).status_code == 303
        if bound:
            self.home.bind(browser, who.number)
        return browser

    def back(self, browser: Browser, index: int) -> Browser:
        """Out and in again by telephone."""
        browser.client.cookies.clear()
        assert browser.sign_up(person(index).phone).status_code == 303
        browser.open("/me")
        return browser

    # --- at the desk's page

    def page(self, patient: UUID, **query: str) -> str:
        return self.desk.open(f"{BASE}/{patient}", params=query).text

    def do(self, patient: UUID, what: str, **fields: str) -> Response:
        """One of the page's forms, a second after what was before."""
        self.world.late += timedelta(seconds=1)
        self.desk.open(f"{BASE}/{patient}")
        return self.desk.send(f"{BASE}/{patient}/{what}", **fields)

    def letter(
        self, patient: UUID, issued: date, department: str = "01", issuer: str = "91111111"
    ) -> Response:
        fields = {"issued": issued.isoformat(), "issuer": issuer, "department": department}
        return self.do(patient, "letters", **fields)

    def api(self, method: str, path: str, body: Any = None, desk: Browser | None = None) -> Response:
        return (desk or self.desk).ask(method, f"/staff/eligibility{path}", body)

    def confirm(self, patient: UUID, copay: int = 1500, visit: str = "", **more: Any) -> Response:
        body = {"visit": visit or uuid4().hex[:12], "day": self.today.isoformat(), "department": "01"}
        return self.api("POST", f"/patients/{patient}/confirmations", body | {"copay": copay} | more)

    # --- what was kept

    def rows(self, query: str, **values: Any) -> list[Any]:
        with reading(self.world.services.database) as session:
            return list(session.execute(text(query), values).all())

    def kept(self, table: str, patient: UUID, what: str = "id", more: str = "") -> list[Any]:
        """Rows of a table of one patient."""
        dialect = self.world.services.database.dialect.name
        key = patient.hex if dialect == "sqlite" else str(patient)
        query = f"SELECT {what} FROM eligibility_{table} WHERE patient_id = :key {more}"
        return self.rows(query, key=key)

    def noted(self, person_: Person) -> list[tuple[str, str, str, str | None]]:
        """Action, object, outcome and reason of the patient's lines in the log."""
        index = self.world.services.vault.blind_index(person_.number)
        query = "SELECT action, object_kind, outcome, reason FROM audit_event WHERE patient = '{}' ORDER BY number"
        return [tuple(row) for row in self.rows(query.format(index))]
