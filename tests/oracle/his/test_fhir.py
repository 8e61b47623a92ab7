"""The fhir adapter keeps the adapters' contract, against a real HTTP server of R4 bundles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import contract
import httpx
import pytest
from fhir_servers import TOKEN, Served, adapter_of, sandbox_mapping

from oracle.his.fhir import FhirAdapter
from sandbox.his.day import Day, Plan
from sandbox.his.dirty import Sprinkler
from sandbox.his.events import Numbers, Step
from sandbox.his.fhir import create_app
from sandbox.his.store import Writer, ensure_patients, open_database


class FhirHospital:
    """A sandbox database behind the sandbox's FHIR server, and a clock."""

    def __init__(self, url: str, *, own_parameter: bool) -> None:
        self.sqlite = url.startswith("sqlite")
        self._now = contract.NOON
        self._own_parameter = own_parameter
        self.engine = open_database(url)
        ensure_patients(self.engine, 200)
        self.server = Served(create_app(self.engine, TOKEN, self.clock))
        self._adapters: list[FhirAdapter] = []

    def clock(self) -> datetime:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def write(self, steps: Iterable[Step], *, stamped: timedelta = timedelta()) -> None:
        writer = Writer(self.engine, clock=lambda: self._now - stamped)
        for step in steps:
            if step.writes:
                writer.step(step)
            self.pass_time(0.5)

    def adapter(self) -> FhirAdapter:
        self._close_adapters()
        mapping = sandbox_mapping(original_parameter="original" if self._own_parameter else None)
        adapter = adapter_of(self.server.base, self.clock, mapping=mapping)
        self._adapters.append(adapter)
        return adapter

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The server is stopped, and nothing listens."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    def close(self) -> None:
        self._close_adapters()
        self.server.stop()
        self.engine.dispose()

    def _close_adapters(self) -> None:
        for old in self._adapters:
            old.close()  # keeps no connection; it can still be used


@pytest.fixture
def hospitals(tmp_path: Path) -> Iterator[Callable[..., FhirHospital]]:
    numbers, made = count(), []

    def make(*, own_parameter: bool) -> FhirHospital:
        hospital = FhirHospital(f"sqlite:///{tmp_path}/his{next(numbers)}.db", own_parameter=own_parameter)
        made.append(hospital)
        return hospital

    yield make
    for hospital in made:
        hospital.close()


class TestWithASearchParameterForOriginals(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, hospitals: Callable[..., FhirHospital]) -> Callable[[], FhirHospital]:
        return lambda: hospitals(own_parameter=True)


class TestByPatient(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, hospitals: Callable[..., FhirHospital]) -> Callable[[], FhirHospital]:
        return lambda: hospitals(own_parameter=False)


@pytest.mark.parametrize("own_parameter", [True, False])
def test_what_the_server_deletes_is_taken_back(
    hospitals: Callable[..., FhirHospital], own_parameter: bool
) -> None:
    hospital = hospitals(own_parameter=own_parameter)
    day = Day(Plan(contract.DAY, 12, seed=21, plain=True))
    hospital.write(day.steps())
    adapter, reader = hospital.adapter(), contract.Reader()
    cursor = contract.read_all(adapter, reader)
    receipt = next(key for key in day.truth.documents if key.startswith("receipt:"))
    visit = next(key for key in day.truth.documents if key.startswith("visit:"))
    for kind, key in (("Invoice", receipt), ("Encounter", visit)):
        url = f"{hospital.server.base}/{kind}/{key.partition(':')[2]}"
        assert httpx.delete(url, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 204
    hospital.pass_time(30)
    contract.read_all(adapter, reader, cursor)
    for key in (receipt, receipt.replace("receipt", "statement"), visit, visit.replace("visit", "diagnosis")):
        day.truth.withdraw(key)
    assert reader.rejects == []
    contract.assert_reads_as(reader, day.truth)


@pytest.mark.postgres
def test_a_hospital_on_postgresql_is_read_the_same(postgres_url: Callable[[], str]) -> None:
    hospital = FhirHospital(postgres_url(), own_parameter=True)
    day = Day(Plan(contract.DAY, 40, seed=22))
    sprinkler = Sprinkler(contract.DAY, Numbers("20261124", 9_000, 9_000, 9_000), 1, sqlite=False)
    hospital.write(day.steps())
    hospital.write(sprinkler.steps(16))
    reader = contract.Reader()
    contract.read_all(hospital.adapter(), reader)
    hospital.close()
    day.truth.documents |= sprinkler.truth.documents
    contract.assert_reads_as(reader, day.truth)
    reasons = {(reject.source_key, reject.reason_code) for reject in reader.rejects}
    assert {(dirt.document, dirt.reason) for dirt in sprinkler.truth.dirt if dirt.reason} <= reasons
