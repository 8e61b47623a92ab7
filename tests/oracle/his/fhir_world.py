"""One visit with its receipt as FHIR resources on a shelf, for tests that spoil or move one thing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import contract
from fhir_servers import GivenToken, Resource, Served, Shelf, adapter_of, sandbox_mapping

from oracle.his.fhir import FhirAdapter
from oracle.his.fhir.http import Limits
from sandbox.his.events import Step
from sandbox.his.fhir_store import FhirStore, Question
from sandbox.his.store import Writer, ensure_patients, open_database

AT = datetime(2026, 11, 24, 11, 0)


def good_resources(folder: Path) -> list[Resource]:
    """Every resource of one visit of one patient: an Encounter, Conditions, a receipt and its statement."""
    engine = open_database(f"sqlite:///{folder}/good.db")
    ensure_patients(engine, 200)
    teller = contract.teller_of(3)
    visit, seen = contract.visit_of(teller)
    receipt = teller.desk.receipt(visit, AT)
    Writer(engine, clock=lambda: contract.NOON).step(Step(AT, [*seen.writes, *receipt.writes()]))
    store = FhirStore(engine)
    found: list[Resource] = []
    for kind in ("Encounter", "Condition", "Invoice"):
        found += store.read(kind, [each.id for each in store.find(kind, Question())]).values()
    (statement,) = (each for each in found if each["id"].endswith("-S"))
    charges = [each["chargeItemReference"]["reference"].partition("/")[2] for each in statement["lineItem"]]
    found += store.read("ChargeItem", charges).values()
    found += store.read("Patient", [visit.patient.number]).values()
    found += store.read("Practitioner", [visit.doctor.number]).values()
    engine.dispose()
    return found


class World:
    """A shelf behind a real server, an adapter in front of it, and a clock."""

    def __init__(self, resources: list[Resource]) -> None:
        self.shelf = Shelf(*copy.deepcopy(resources))
        self.server = Served(self.shelf)
        self.now = contract.NOON + timedelta(minutes=1)
        self.slept: list[float] = []
        self.token = GivenToken()
        self._adapters: list[FhirAdapter] = []
        self.visit = next(key for kind, key in self.shelf.resources if kind == "Encounter")
        self.receipt = next(
            key for kind, key in self.shelf.resources if kind == "Invoice" and "-S" not in key
        )

    def clock(self) -> datetime:
        return self.now

    def the(self, kind: str, key: str | None = None) -> Resource:
        """The resource of this type and id (None: the first) as it stands on the shelf."""
        return next(
            each
            for (type_, id_), each in self.shelf.resources.items()
            if type_ == kind and key in (None, id_)
        )

    def touch(self, resource: Resource) -> Resource:
        """Give a resource the present as its stamp, and put it on the shelf."""
        self.now += timedelta(seconds=1)
        text = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        resource["meta"] = {"versionId": text, "lastUpdated": text}
        self.shelf.put(resource)
        return resource

    def copy(self, resource: Resource, key: str) -> Resource:
        """A copy under another id, stamped with the present."""
        return self.touch({**copy.deepcopy(resource), "id": key})

    def adapter(self, *, limits: Limits | None = None, **mapping: Any) -> FhirAdapter:
        adapter = adapter_of(
            self.server.base,
            self.clock,
            mapping=sandbox_mapping(**{"original_parameter": None, "deletions_seconds": 0, **mapping}),
            limits=limits,
            token=self.token,
            sleep=self.slept.append,
        )
        self._adapters.append(adapter)
        return adapter

    def read(self, **options: Any) -> contract.Reader:
        """What a reader ends with who reads everything."""
        reader = contract.Reader()
        contract.read_all(self.adapter(**options), reader)
        return reader

    def reasons(self, **options: Any) -> set[tuple[str, str]]:
        return {(each.source_key, each.reason_code) for each in self.read(**options).rejects}

    def close(self) -> None:
        for adapter in self._adapters:
            adapter.close()
        self.server.stop()


def extension(resource: Resource, name: str) -> Resource:
    """One of our extensions of a resource."""
    return next(each for each in resource["extension"] if each["url"] == f"urn:saegim:fhir:{name}")


MakeWorld = Callable[[], World]
