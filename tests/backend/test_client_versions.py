"""Clients that are installed somewhere: which versions are answered, which are told, which are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from backend_world import World
from fastapi.testclient import TestClient

from backend.app import create_app
from backend.config import Settings
from backend.web.static_files import static_url


@pytest.fixture
def world(file_world: World) -> World:
    """The file's backend, as if nobody had been there."""
    file_world.client.cookies.clear()
    file_world.node.down = False
    return file_world


def versioned(world: World, **rules: str) -> TestClient:
    settings = world.settings.model_copy(update={f"client_{name}": rule for name, rule in rules.items()})
    return TestClient(create_app(replace(world.services, settings=settings)), raise_server_exceptions=False)


def test_a_client_that_is_too_old_is_told_what_to_do(world: World) -> None:
    client = versioned(world, least="shell=1.4, kiosk=2", recommended="shell=1.6")
    old = {"saegim-client": "shell/1.3.9"}
    api = client.get("/api/v1/documents/none", headers=old)
    assert (api.status_code, api.json()["error"]) == (426, "ClientTooOld")
    assert api.headers["saegim-client-update"] == "least=1.4, recommended=1.6"
    assert "업데이트해 주세요" in client.get("/verify", headers=old).text
    kiosk = client.get("/verify", headers={"saegim-client": "kiosk/1.9"})
    assert kiosk.status_code == 426
    assert "직원에게 알려 주세요" in kiosk.text


def test_nothing_is_done_for_a_client_that_is_too_old(world: World) -> None:
    client = versioned(world, least="shell=2")
    answer = client.post("/api/v1/sign-in/options", headers={"saegim-client": "shell/1"})
    assert answer.status_code == 426


def test_an_old_client_is_answered_and_told(world: World) -> None:
    client = versioned(world, least="shell=1.4", recommended="shell=1.6")
    page = client.get("/verify", headers={"saegim-client": "shell/1.5"})
    assert page.status_code == 200
    assert page.headers["saegim-client-update"] == "least=1.4, recommended=1.6"
    assert "sg-banner" in page.text
    current = client.get("/verify", headers={"saegim-client": "shell/1.10"})
    assert "saegim-client-update" not in current.headers
    assert "sg-banner" not in current.text


@pytest.mark.parametrize(
    "said", [None, "", "browser/1", "Shell", "shell/1.4.0.0", "shell/1.4", "pwa/0", "\xe4/1"]
)
def test_who_says_nothing_or_has_no_rule_is_answered(world: World, said: str | None) -> None:
    client = versioned(world, least="shell=1.4")
    headers = {} if said is None else {"saegim-client": said.encode("latin-1")}
    assert client.get("/verify", headers=headers).status_code == 200  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said", ["shell", "shell/", "shell/x", "shell/1.4.0.0.0", "shell/9999999", "shell/-5"]
)
def test_a_version_that_cannot_be_read_is_the_oldest(world: World, said: str) -> None:
    client = versioned(world, least="shell=1.4")
    assert client.get("/verify", headers={"saegim-client": said}).status_code == 426


def test_the_oldest_client_can_still_be_brought_up_to_date(world: World) -> None:
    client = versioned(world, least="pwa=9")
    old = {"saegim-client": "pwa/1"}
    for path in ("/service-worker.js", "/manifest.webmanifest", static_url("css/saegim.css"), "/healthz"):
        assert client.get(path, headers=old).status_code == 200, path
    assert 'data-pwa-least="9"' in client.get("/verify").text


@pytest.mark.parametrize("rules", ["shell", "shell=", "shell=x", "=1", "Shell=1", "shell=1.2.3.4.5"])
def test_settings_refuse_a_rule_that_cannot_be_read(rules: str) -> None:
    with pytest.raises(ValueError, match="name=version"):
        Settings(_env_file=None, client_least=rules)


def test_the_description_of_the_api_tells_of_client_versions(world: World) -> None:
    schema = world.client.get("/api/v1/openapi.json").json()
    assert "SaegimClient" in schema["components"]["parameters"]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert ("426" in operation["responses"]) == path.startswith("/api/"), path
            assert {"$ref": "#/components/parameters/SaegimClient"} in operation.get("parameters", []) or (
                not path.startswith("/api/")
            )
    assert world.client.get("/api/v1/openapi.json").json() == schema, "said once, however often it is asked"
