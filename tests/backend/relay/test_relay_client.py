"""The client: what it makes of bad answers, and settings with which it does not start."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.config import Settings
from backend.relay.client import MOST_BYTES, Errand, Known, RelayClient
from backend.relay.connect import relay_client
from backend.relay.errors import (
    PatientUnknown,
    RelayConfigInvalid,
    RelayError,
    RelayRefused,
    RelayUnavailable,
)
from backend.relay.tokens import RelayTokens, ServiceKey

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ERRAND = Errand("first-visit", "desk")
WHO = Known("홍길동", "1990-01-01", "male")


def client_that(answers: httpx.Response | Exception, folder: Path) -> RelayClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answers, Exception):
            raise answers
        return answers

    tokens = RelayTokens(ServiceKey.create(folder / "key.pem"), lambda: NOW)
    return RelayClient("http://127.0.0.1:1", tokens, transport=httpx.MockTransport(handle))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.ReadTimeout("홍길동 MARKED"), RelayUnavailable),
        (httpx.ConnectError("홍길동 MARKED"), RelayUnavailable),
        (httpx.Response(200, text="<html>MARKED"), RelayUnavailable),
        (httpx.Response(200, json=["MARKED"]), RelayUnavailable),
        (httpx.Response(200, json={}), RelayUnavailable),
        (httpx.Response(200, json={"name": 1, "birthDate": None, "sex": "male"}), RelayUnavailable),
        (httpx.Response(200, text='{"name": "' + "a" * MOST_BYTES + '"}'), RelayUnavailable),
        (httpx.Response(502, text="proxy MARKED"), RelayUnavailable),
        (httpx.Response(302, headers={"location": "http://elsewhere/"}), RelayUnavailable),
        (httpx.Response(429, json={"error": "too-many-requests"}), RelayUnavailable),
        (httpx.Response(503, json={"error": "hospital-unavailable"}), RelayUnavailable),
        (httpx.Response(403, json={"error": "outside-scope", "reason": "person"}), RelayRefused),
        (httpx.Response(400, json={"error": "MARKED <b>", "reason": 5}), RelayRefused),
        (httpx.Response(404, json={"error": "patient-unknown"}), PatientUnknown),
    ],
)
def test_every_bad_answer_is_a_typed_error_without_a_value(
    tmp_path: Path, answer: Any, expected: type[RelayError]
) -> None:
    with pytest.raises(expected) as caught:
        client_that(answer, tmp_path).patient("MARKED-77", ERRAND)
    assert "MARKED" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("numbers", [None, "10000001", [1]])
def test_numbers_of_another_form_are_no_answer(tmp_path: Path, numbers: Any) -> None:
    with pytest.raises(RelayUnavailable):
        client_that(httpx.Response(200, json={"numbers": numbers}), tmp_path).registrations(WHO, ERRAND)


def test_what_is_known_of_a_person_does_not_show() -> None:
    assert "홍길동" not in repr(WHO)


# --- the key


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    made = ServiceKey.create(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        ServiceKey.create(tmp_path / "key.pem")
    assert ServiceKey.load(tmp_path / "key.pem").kid == made.kid
    assert "d" not in made.public_jwks()["keys"][0]


def test_a_key_that_others_can_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(RelayConfigInvalid, match="service-key"):
        ServiceKey.load(path)
    ServiceKey.create(path)
    os.chmod(path, 0o640)
    with pytest.raises(RelayConfigInvalid, match="0600"):
        ServiceKey.load(path)
    os.chmod(path, 0o600)
    path.write_text("no key")
    with pytest.raises(RelayConfigInvalid, match="private key"):
        ServiceKey.load(path)


# --- settings


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://10.0.0.5:8611", "https"),
        ("ftp://127.0.0.1", "https"),
        ("127.0.0.1:8611", "https"),
        ("https://user:secret@oracle", "https"),
        ("https://oracle:8611", "RELAY_CA_FILE"),
    ],
)
def test_an_unsafe_way_is_not_taken(tmp_path: Path, url: str, problem: str) -> None:
    ServiceKey.create(tmp_path / "key.pem")
    settings = Settings(_env_file=None, relay_url=url, service_key_file=tmp_path / "key.pem")
    with pytest.raises(RelayConfigInvalid, match=problem) as caught:
        relay_client(settings, lambda: NOW)
    assert "secret" not in str(caught.value)


def test_without_an_address_there_is_no_relay() -> None:
    assert relay_client(Settings(_env_file=None), lambda: NOW) is None


# --- no other way


def test_the_backend_has_no_setting_that_leads_to_the_hospitals_database() -> None:
    names = set(Settings.model_fields)
    assert {name for name in names if "database" in name or "dsn" in name} == {
        "database_url",
        "keys_database_url",
    }
    named = {name for name in names if {"his", "hospital", "adapter"} & set(name.split("_"))}
    assert named <= {"hospital_index"}, "which institution of the network this is, and nothing of its system"


def test_the_oracles_settings_tell_the_backend_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_ORACLE_ADAPTER_CONFIG", '{"url": "sqlite:////MARKED/his.sqlite3"}')
    monkeypatch.setenv("SAEGIM_SANDBOX_HIS_DB", "sqlite:////MARKED/his.sqlite3")
    assert "MARKED" not in str(Settings(_env_file=None).model_dump())
