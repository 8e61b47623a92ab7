"""Settings that refuse to start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from oracle.config import OracleSettings

PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "password_file": Path("/run/secrets/oracle"),
    "backend_url": "https://backend.example",
}


def settings(**values: Any) -> OracleSettings:
    return OracleSettings(_env_file=None, **values)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"health_host": "0.0.0.0"}, "HEALTH_HOST"),
        ({"leaf_retention": timedelta(days=1)}, "LEAF_RETENTION"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 65_537}, "batch_size"),
        (PRODUCTION | {"password_file": None}, "PASSWORD_FILE"),
        (PRODUCTION | {"backend_url": "http://backend.example"}, "BACKEND_URL"),
    ],
)
def test_it_refuses_what_is_unsafe(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(**values)


def test_production_starts_with_encrypted_keys_and_tls() -> None:
    assert settings(**PRODUCTION).backend_url == "https://backend.example"


def test_lists_and_objects_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_ORACLE_NODE_URLS", "http://127.0.0.1:1, http://127.0.0.1:2")
    monkeypatch.setenv("SAEGIM_ORACLE_ADAPTER_CONFIG", '{"url": "sqlite://"}')
    monkeypatch.setenv("SAEGIM_ORACLE_BATCH_INTERVAL", "0.25")
    found = settings()
    assert found.node_urls == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert found.adapter_config == {"url": "sqlite://"}
    assert found.batch_interval == timedelta(milliseconds=250)
