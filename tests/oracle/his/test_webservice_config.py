"""Settings and mapping of the webservice adapter: secrets are files, addresses are safe, mistakes are named."""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from sqlalchemy import create_engine
from web_harness import MAPPINGS, SECRET

from chain.clock import utc_now
from oracle.errors import KeyFileInvalid, NotConfigured
from oracle.his.mapping import MappingInvalid
from oracle.his.webservice.config import Credentials, WebServiceConfig, headers_of, make_webservice
from oracle.his.webservice.mapping import Authentication, WebMapping

REST: dict[str, Any] = yaml.safe_load((MAPPINGS / "mapping.rest.yaml").read_text(encoding="utf-8"))
SOAP: dict[str, Any] = yaml.safe_load((MAPPINGS / "mapping.soap.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    return file


def make(secret: Path, **settings: Any) -> Any:
    config = WebServiceConfig.model_validate({"credentials": {"api_key_file": secret}, **settings})
    return make_webservice(config, create_engine("sqlite://"), utc_now)


# Addresses and secrets


@pytest.mark.parametrize(
    "url",
    [
        "http://his.example/v1",
        "http://10.0.0.7:8091",
        "ftp://his.example",
        "file:///etc/passwd",
        "//his.example",
        "his.example",
        "https://user:password@his.example",
        "https://his.example/?key=1",
        "https://",
    ],
)
def test_an_address_that_no_secret_may_be_sent_to_is_refused(secret: Path, url: str):
    with pytest.raises(NotConfigured, match="base_url") as raised:
        make(secret, base_url=url)
    assert "password" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://his.example/v1", False),
        ("http://127.0.0.1:1", False),
        ("http://[::1]:1", False),
        ("http://localhost:1/his", False),
        ("http://his.example", True),
    ],
)
def test_an_address_with_tls_or_on_this_machine_is_taken(secret: Path, url: str, plain: bool):
    assert make(secret, base_url=url, plain_http=plain).name == "webservice:sandbox_rest"


def test_a_service_without_address_is_refused(secret: Path, tmp_path: Path):
    file = written(tmp_path, {name: part for name, part in REST.items() if name != "base_url"})
    with pytest.raises(NotConfigured, match="base_url"):
        make(secret, mapping=file)


def test_a_secret_that_others_can_read_is_refused(secret: Path):
    secret.chmod(0o640)
    with pytest.raises(KeyFileInvalid, match="0600"):
        make(secret)


@pytest.mark.parametrize(
    "content", ["", "\n", "two\nlines", "a\r\nX-Injected: 1", "비밀", "x" * 9_000, "\x00"]
)
def test_a_file_that_is_no_secret_is_refused_without_showing_it(secret: Path, content: str):
    secret.write_text(content)
    with pytest.raises(KeyFileInvalid) as raised:
        make(secret)
    assert not content.strip() or content not in str(raised.value)


def test_a_secret_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(KeyFileInvalid, match="FileNotFoundError"):
        make(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("scheme", "given", "named"),
    [
        ("api-key", {}, "api_key_file"),
        ("bearer", {}, "token_file"),
        ("basic", {}, "user"),
        ("basic", {"user": "saegim"}, "password_file"),
    ],
)
def test_a_credential_that_the_mapping_needs_is_asked_for(scheme: Any, given: dict[str, Any], named: str):
    with pytest.raises(NotConfigured, match=named):
        headers_of(Authentication(scheme=scheme), Credentials(**given))


@pytest.mark.parametrize("user", ["", "a:b", "a\nb", "x" * 201])
def test_a_user_that_basic_authentication_can_not_carry_is_refused(user: str):
    with pytest.raises(ValidationError):
        Credentials(user=user)


def test_credentials_become_headers(secret: Path):
    basic = base64.b64encode(f"saegim:{SECRET}".encode()).decode()
    given = Credentials(api_key_file=secret, token_file=secret, password_file=secret, user="saegim")
    found = [
        headers_of(Authentication(scheme=scheme, header="X-HIS"), given)
        for scheme in ("none", "api-key", "bearer", "basic")
    ]
    assert found == [
        {},
        {"X-HIS": SECRET},
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": f"Basic {basic}"},
    ]


def test_an_authority_that_is_none_is_refused(secret: Path):
    with pytest.raises(NotConfigured, match="ca_file"):
        make(secret, ca_file=secret)


# The mapping


def written(tmp_path: Path, data: dict[str, Any]) -> Path:
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return file


def changed(data: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The mapping with one place set to something else; None takes it out."""
    data = copy.deepcopy(data)
    *path, last = place.split(".")
    inner = data
    for step in path:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return data


@pytest.mark.parametrize(
    ("data", "place", "value", "expected"),
    [
        (REST, "protocol", "graphql", "protocol"),
        (REST, "protocol", "soap", "soap: needed for protocol soap"),
        (REST, "base_url", "https://user:secret@his.example", "base_url"),
        (REST, "authentication.scheme", "digest", "authentication.scheme"),
        (REST, "authentication.header", "X KEY", "authentication.header"),
        (REST, "visits.changes.path", None, "visits.changes.path: needed"),
        (REST, "visits.changes.path", "https://other.example/", "visits.changes.path"),
        (REST, "visits.row.path", "/visits", "visits.row.{key}"),
        (REST, "visits.row.path", "/visits/{since}", "visits.row.{since}"),
        (REST, "visits.changes.query", {"limit": "{limit}"}, "visits.changes.{since}"),
        (REST, "visits.changes.query", {"since": "{sinse}"}, "{sinse}: there is no such placeholder"),
        (REST, "visits.changes.element", "GetVisits", "visits.changes.element"),
        (REST, "visits.changes.rows", "rows..x", "visits.changes.rows"),
        (REST, "visits.paging.style", "token", "next.token"),
        (REST, "visits.paging.style", "page", "next"),
        (REST, "visits.paging.most_rows", 0, "visits.paging.most_rows"),
        (REST, "settlements.referring", None, "settlements.referring: needed"),
        (REST, "settlements.columns.total", None, "settlements.columns.total: a column must be given"),
        (REST, "settlements.columns.total", "A B", "settlements.columns.total"),
        (REST, "lines", None, "lines: needed for documents of kind statement"),
        (REST, "diagnoses.at", "", "diagnoses.at"),
        (SOAP, "soap.version", "1.3", "soap.version"),
        (SOAP, "visits.row.element", None, "visits.row.element: needed"),
        (SOAP, "visits.row.element", "a:b", "visits.row.element"),
        (SOAP, "visits.row.query", {"a": "{key}"}, "visits.row.query"),
        (SOAP, "visits.row.parameters", {"a b": "{key}"}, "visits.row.parameters"),
    ],
)
def test_a_mistake_in_the_mapping_is_named_with_its_place(
    tmp_path: Path, data: dict[str, Any], place: str, value: Any, expected: str
):
    with pytest.raises(MappingInvalid) as raised:
        WebMapping.load(written(tmp_path, changed(data, place, value)))
    assert any(expected in problem for problem in raised.value.problems), raised.value.problems


@pytest.mark.parametrize("data", [REST, SOAP], ids=["rest", "soap"])
def test_columns_may_lead_into_elements(tmp_path: Path, data: dict[str, Any]):
    file = written(tmp_path, changed(data, "visits.columns.patient_name", "PATIENT.NAME-KO"))
    mapping = WebMapping.load(file)
    assert mapping.visits is not None
    assert mapping.visits.columns["patient_name"].column == "PATIENT.NAME-KO"
