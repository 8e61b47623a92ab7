"""People of chosen ages before one backend, their registrations, and the desk."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from backend_world import World
from visitor import Browser

from backend.family import desk
from backend.family.desk import Seen
from backend.family.matrix import Paper
from backend.identity import service as identity
from backend.web.dates import KOREA
from bench.samples import SAMPLES
from chain.db import writing
from chain.hashing import keccak256
from chain.merkle import MerkleTree, leaf_of
from records.credential import Issuer, IssuerKey, issue
from records.kinds import parse

CHILD, OTHER_CHILD = "MARKED-PATIENT-77", "MARKED-PATIENT-88"
SHOWN = frozenset({Paper.FAMILY_CERTIFICATE, Paper.ACTOR_ID})


class Household:
    """One hospital's people; `today` is Korea's."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def today(self) -> date:
        return self.world.clock().astimezone(KOREA).date()

    def turns(self, years: int, in_days: int) -> date:
        """The birth date of somebody whose birthday it will be in some days."""
        day = self.today + timedelta(days=in_days)
        return day.replace(year=day.year - years)

    def midnight_of(self, day: date) -> None:
        """Move the clock to a day's first moment in Korea."""
        self.world.late += datetime(day.year, day.month, day.day, tzinfo=KOREA) - self.world.clock()

    # --- people

    def person(self, number: int, *, born: date, patient: str | None = None) -> Browser:
        """Signed up; bound to a registration number, if one is given."""
        phone = f"0100000{number:04d}"
        self.world.agency.knows(phone, name=f"가상환자{number:02d}", number=number)
        known = self.world.agency.people[phone]
        self.world.agency.people[phone] = replace(known, birth_date=born)
        browser = Browser(self.world)
        assert browser.sign_up(phone).status_code == 303
        if patient is not None:
            self.bind(browser, patient)
        return browser

    def again(self, browser: Browser, number: int) -> None:
        """Sign in anew, after the clock has moved past the session's end."""
        browser.client.cookies.clear()
        assert browser.sign_up(f"0100000{number:04d}").status_code == 303
        browser.open("/me/family")

    def id_of(self, browser: Browser) -> UUID:
        return UUID(browser.ask("GET", "/me").json()["person"])

    def bind(self, browser: Browser, patient: str) -> None:
        index = self.world.services.vault.blind_index(patient)
        with writing(self.world.services.database) as session:
            identity.bind(session, self.id_of(browser), 1, index, self.world.clock())

    # --- ties

    def ask(self, guardian: Browser, born: date) -> UUID:
        """A guardianship that waits for the desk."""
        guardian.open("/me/family/children")
        sent = guardian.send(
            "/me/family/children", hospital="1", relation="parent", name="가상아이", born=born.isoformat()
        )
        assert sent.status_code == 303, sent.text
        found = re.findall(r"/me/family/([0-9a-f-]{36})/end", guardian.open("/me/family").text)
        return UUID(found[-1])

    def confirm(self, tie: UUID, born: date, patient: str = CHILD, seen: Seen | None = None) -> None:
        services = self.world.services
        with writing(services.database) as session:
            desk.confirm(
                session,
                services.vault,
                tie,
                patient=services.vault.blind_index(patient),
                born=born,
                seen=seen or Seen(SHOWN, self.today),
                compared="relay.same",
                now=self.world.clock(),
            )

    def papers(self, tie: UUID, *papers: Paper) -> None:
        services = self.world.services
        with writing(services.database) as session:
            desk.add_papers(
                session, services.vault, tie, Seen(frozenset(papers), self.today), self.world.clock()
            )

    def settle(self) -> tuple[int, int]:
        services = self.world.services
        with writing(services.database) as session:
            return desk.settle(session, services.vault, self.world.clock())

    def guarded(self, guardian: Browser, born: date, patient: str = CHILD) -> UUID:
        """A guardianship that the desk has confirmed."""
        tie = self.ask(guardian, born)
        self.confirm(tie, born, patient)
        return tie

    def delegated(self, patient: Browser, delegate: Browser, *functions: str, **wish: str) -> UUID:
        """A delegation whose code was entered."""
        code = self.code(patient, *functions, **wish)
        delegate.open("/me/family/code")
        assert delegate.send("/me/family/code", code=code).status_code == 303
        found = re.findall(r"/me/family/([0-9a-f-]{36})/end", delegate.open("/me/family").text)
        return UUID(found[-1])

    def code(self, patient: Browser, *functions: str, relation: str = "child", days: str = "90") -> str:
        patient.open("/me/family/delegations")
        made = patient.send("/me/family/delegations", relation=relation, function=list(functions), days=days)
        assert made.status_code == 200, made.text
        found = re.search(r'id="code">([0-9A-Z-]+)<', made.text)
        assert found is not None
        return found[1]

    # --- documents

    def delivered(self, patient: str = CHILD, department: str | None = None) -> str:
        """The id of a receipt of a patient; `department`: HIRA's code, the sample's own if None."""
        if department is None:
            delivery = self.world.delivery(patientNumber=patient)
        else:
            content = SAMPLES["receipt"]()
            content["department"] = {**content["department"], "code": department}
            case = self.world.case
            issuer = Issuer("urn:saegim:710:institution:1", "서울시 샘플의료원")
            made = issue(parse("receipt", content), issuer=issuer, key=IssuerKey.of(case.key), iat=case.now)
            leaf = leaf_of(made.digest)
            tree = MerkleTree.build([leaf], pad=lambda size: keccak256(b"pad")[:size])
            delivery = self.world.delivery(
                made,
                patientNumber=patient,
                leaf=leaf.hex(),
                root=tree.root.hex(),
                path=[node.hex() for node in tree.proof(0)],
            )
        answer = self.world.post(delivery).json()
        assert answer["accepted"] == [delivery["deliveryId"]], answer
        return str(delivery["documentId"])
