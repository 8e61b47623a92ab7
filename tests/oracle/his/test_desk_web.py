"""The desk behind a vendor's REST and SOAP service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import desk_contract
import pytest
from desk_hospital import ME, OTHER, DeskHospital
from web_harness import MAPPINGS, SECRET, Server

from oracle.adapters import make_desk
from oracle.his.base import HisMalformed
from oracle.his.desk import HospitalDesk
from oracle.his.desk_fields import Question
from sandbox.his import reception_lookup
from sandbox.his.service import create_app
from sandbox.his.soap import USER, create_soap_app


class Behind:
    def __init__(self, folder: Path, protocol: str) -> None:
        self.world = DeskHospital(folder)
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        rest = protocol == "rest"
        make: Any = create_app if rest else create_soap_app
        self.server = Server(make(self.world.engine, SECRET))
        credentials = {"api_key_file": secret} if rest else {"user": USER, "password_file": secret}
        config = {
            "mapping": MAPPINGS / f"mapping.{protocol}.yaml",
            "base_url": self.server.url + ("/his/v1" if rest else ""),
            "credentials": credentials,
        }
        desk = make_desk("webservice", config, self.world.clock)
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
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    made = Behind(tmp_path_factory.mktemp("rest"), "rest")
    yield made
    made.close()


@pytest.fixture(scope="module")
def soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    made = Behind(tmp_path_factory.mktemp("soap"), "soap")
    yield made
    made.close()


class Contract(desk_contract.PeopleContract, desk_contract.RegisterContract, desk_contract.CareContract):
    offered = frozenset(Question)


class TestRest(Contract):
    @pytest.fixture
    def hospital(self, rest: Behind) -> Behind:
        return rest


class TestSoap(Contract):
    @pytest.fixture
    def hospital(self, soap: Behind) -> Behind:
        return soap


def test_a_service_that_ignores_the_number_is_not_believed(
    rest: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reception_lookup.bills
    monkeypatch.setattr(reception_lookup, "bills", lambda engine, _: real(engine, OTHER.number))
    with pytest.raises(HisMalformed, match="another patient"):
        rest.desk.bills(ME.number)
