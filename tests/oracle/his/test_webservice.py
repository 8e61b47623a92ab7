"""The webservice adapter keeps the adapters' contract: over REST and SOAP, against a real server."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import contract
import pytest
from sqlalchemy import Engine
from web_harness import MAPPINGS, SECRET, WebHospital
from web_vendor import paged, paged_app, token_app, tokens

from oracle.his.base import HisMalformed
from oracle.his.webservice import WebMapping
from sandbox.his.day import Day, Plan
from sandbox.his.service import create_app
from sandbox.his.soap import USER, create_soap_app

BASIC = {"authorization": "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()}
KEY = {"X-API-KEY": SECRET}
Make = Callable[..., WebHospital]


@pytest.fixture
def make_web(tmp_path: Path) -> Iterator[Make]:
    numbers, made = count(), []

    def make(make_app: Callable[[Engine], Any], mapping: WebMapping, headers: dict[str, str]) -> WebHospital:
        hospital = WebHospital(tmp_path / f"his{next(numbers)}.db", make_app, mapping, headers)
        made.append(hospital)
        return hospital

    yield make
    for hospital in made:
        hospital.close()


def rest_mapping() -> WebMapping:
    return WebMapping.load(MAPPINGS / "mapping.rest.yaml")


def soap_mapping(version: str = "1.1") -> WebMapping:
    mapping = WebMapping.load(MAPPINGS / "mapping.soap.yaml")
    assert mapping.soap is not None
    return mapping.model_copy(update={"soap": mapping.soap.model_copy(update={"version": version})})


class TestRest(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, make_web: Make) -> Callable[[], WebHospital]:
        return lambda: make_web(lambda engine: create_app(engine, SECRET), rest_mapping(), KEY)


class TestSoap(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, make_web: Make) -> Callable[[], WebHospital]:
        return lambda: make_web(lambda engine: create_soap_app(engine, SECRET), soap_mapping(), BASIC)


def test_soap_1_2_reads_a_whole_day_exactly(make_web: Make):
    hospital = make_web(lambda engine: create_soap_app(engine, SECRET), soap_mapping("1.2"), BASIC)
    day = Day(Plan(contract.DAY, 40, seed=7))
    hospital.write(day.steps())
    adapter, reader = hospital.adapter(), contract.Reader()
    adapter.check()
    contract.read_all(adapter, reader)
    assert reader.rejects == []
    contract.assert_reads_as(reader, day.truth)


def test_a_wrong_password_is_told_as_such(make_web: Make):
    wrong = {"authorization": BASIC["authorization"] + "x"}
    for make_app, mapping in ((create_app, rest_mapping()), (create_soap_app, soap_mapping())):
        hospital = make_web(lambda engine, make=make_app: make(engine, SECRET), mapping, wrong)
        with pytest.raises(HisMalformed, match="credentials"):
            hospital.adapter().check()


class TestNumberedPages(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, make_web: Make) -> Callable[[], WebHospital]:
        return lambda: make_web(lambda engine: paged_app(engine, SECRET), paged(rest_mapping()), KEY)


class TestTokens(contract.AdapterContract):
    @pytest.fixture
    def make_hospital(self, make_web: Make) -> Callable[[], WebHospital]:
        return lambda: make_web(lambda engine: token_app(engine, SECRET), tokens(rest_mapping()), KEY)
