"""The desk behind a FHIR R4 server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import desk_contract
import pytest
from desk_hospital import ME, OTHER, DeskHospital
from fhir_servers import TOKEN, Served

from oracle.adapters import make_desk
from oracle.his.base import HisMalformed, HisUnavailable
from oracle.his.desk import HospitalDesk
from oracle.his.desk_fields import Question
from sandbox.his import fhir_reception
from sandbox.his.fhir import create_app


class Behind:
    def __init__(self, folder: Path) -> None:
        self.world = DeskHospital(folder)
        token = folder / "token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        self.server = Served(create_app(self.world.engine, TOKEN, self.world.clock))
        desk = make_desk("fhir", {"base": self.server.base, "token_file": token}, self.world.clock)
        assert desk is not None
        self.desk: HospitalDesk = desk

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    def close(self) -> None:
        self.desk.close()
        self.server.stop()
        self.world.close()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    made = Behind(tmp_path_factory.mktemp("fhir"))
    yield made
    made.close()


class TestFhir(desk_contract.PeopleContract, desk_contract.RegisterContract, desk_contract.CareContract):
    offered = frozenset(Question)

    @pytest.fixture
    def hospital(self, behind: Behind) -> Behind:
        return behind


def test_a_server_that_ignores_the_patient_is_not_believed(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fhir_reception.search

    def careless(engine: Any, kind: str, asked: Any) -> Any:
        others = [(n, f"Patient/{OTHER.number}" if n == "patient" else value) for n, value in asked]
        return real(engine, kind, others)

    monkeypatch.setattr(fhir_reception, "search", careless)
    for ask in (
        lambda: behind.desk.bills(ME.number),
        lambda: behind.desk.results(ME.number, desk_contract.YEAR),
        lambda: behind.desk.appointments(ME.number, desk_contract.WEEK),
    ):
        with pytest.raises(HisMalformed, match="another patient"):
            ask()


def test_a_result_that_is_not_final_is_not_shown(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fhir_reception.search

    def preliminary(engine: Any, kind: str, asked: Any) -> Any:
        return (
            [each | {"status": "preliminary"} for each in real(engine, kind, asked)]
            if (kind == "DiagnosticReport")
            else real(engine, kind, asked)
        )

    monkeypatch.setattr(fhir_reception, "search", preliminary)
    assert behind.desk.results(ME.number, desk_contract.YEAR).found == []


def test_a_result_whose_values_are_missing_is_unreadable(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fhir_reception.search

    def without_values(engine: Any, kind: str, asked: Any) -> Any:
        found = real(engine, kind, asked)
        return [{n: v for n, v in each.items() if n != "contained"} for each in found]

    monkeypatch.setattr(fhir_reception, "search", without_values)
    listed = behind.desk.results(ME.number, desk_contract.YEAR)
    assert (listed.found, listed.unreadable) == ([], 3), "L1, and L3 and L4, which have values to be read too"


def test_pages_that_take_too_long_are_given_up(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fhir_reception.search

    def slow(engine: Any, kind: str, asked: Any) -> Any:
        behind.world.now += timedelta(seconds=11)
        return real(engine, kind, asked)

    monkeypatch.setattr(fhir_reception, "search", slow)
    before = behind.world.now
    with pytest.raises(HisUnavailable):
        behind.desk.bills(ME.number)
    behind.world.now = before
